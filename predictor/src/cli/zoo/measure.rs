//! Measuring a zoo's networks by the profiler's program: a measurement shares no process with anything else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use profiler::record::ReadError;

use super::NetworkFile;
use crate::{device::LatencyModel, error::PredictorError};

/// How networks are measured.
#[derive(Debug, Args)]
pub(super) struct Measuring {
    /// Measure the networks first, layer by layer, with the model's runtime and threads; stopped, the same command goes on.
    #[arg(long, requires = "output")]
    measure: bool,
    /// Folder for the tables of --measure.
    #[arg(short, long, value_name = "FOLDER", requires = "measure")]
    output: Option<PathBuf>,
    /// Seconds to measure a network for, half of them for its layers.
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0)]
    network_s: f64,
    /// ONNX Runtime's library, for models of it.
    #[arg(long, value_name = "FILE", env = "ORT_DYLIB_PATH")]
    onnxruntime: Option<PathBuf>,
}

impl Measuring {
    pub(super) fn is_asked(&self) -> bool {
        self.measure
    }

    /// Measures the networks in one session, but for those with inputs of sizes of their own; gives the tables.
    ///
    /// # Errors
    /// [`ReadError`] when there is no profiler beside this program, or it wrote no table.
    pub(super) fn measure(
        &self,
        files: &[&NetworkFile],
        model: &LatencyModel,
    ) -> Result<Vec<PathBuf>, PredictorError> {
        let folder = self.output.clone().unwrap_or_default();
        let io = |path: PathBuf| move |source| ReadError::Io { path, source };
        std::fs::create_dir_all(&folder).map_err(io(folder.clone()))?;
        let program = std::env::current_exe().map_err(io(PathBuf::from("profiler")))?;
        let program = program.with_file_name(format!("profiler{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            let reason = "is not there; --measure needs the profiler's program beside this one".to_owned();
            return Err(ReadError::Content { path: program, reason }.into());
        }
        let mut by_sizes: BTreeMap<&[String], Vec<&NetworkFile>> = BTreeMap::new();
        files.iter().for_each(|file| by_sizes.entry(&file.sizes).or_default().push(file));
        let mut tables = Vec::new();
        for (sizes, files) in by_sizes {
            let name = ["networks".to_owned()].into_iter().chain(sizes.iter().map(|size| clean(size)));
            let table = folder.join(format!("{}.csv", name.collect::<Vec<_>>().join("-")));
            profiler::note!("measuring {} networks into {}", files.len(), table.display());
            let mut command = self.command(&program, &files, model);
            let ended = command.arg("--output").arg(&table).status().map_err(io(program.clone()))?;
            if !table.is_file() {
                let reason = format!("the profiler wrote no table ({ended})");
                return Err(ReadError::Content { path: table, reason }.into());
            }
            // Networks that failed were told of on stderr, and the others are in the table.
            tables.push(table);
        }
        Ok(tables)
    }

    fn command(&self, program: &Path, files: &[&NetworkFile], model: &LatencyModel) -> Command {
        let conditions = model.conditions();
        let mut command = Command::new(program);
        command.args(["run", "--layers", "--no-compare", "--backend", &conditions.runtime.name]);
        command.arg("--threads").arg(conditions.threads.max(1).to_string());
        let half_s = self.network_s.max(0.1) / 2.0;
        command.arg("--layer-s").arg(half_s.to_string());
        command.arg("--budget-s").arg((half_s * files.len() as f64).ceil().max(10.0).to_string());
        if let Some(library) = &self.onnxruntime {
            command.arg("--onnxruntime").arg(library);
        }
        for file in files {
            command.arg("--onnx").arg(&file.path);
        }
        for size in files.first().map_or(&[][..], |file| &file.sizes) {
            command.arg("--input-shape").arg(size);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// Sizes as a part of a file's name.
fn clean(size: &str) -> String {
    size.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
