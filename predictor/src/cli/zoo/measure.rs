//! Measuring a zoo's networks by the profiler's program: a measurement shares no process with anything else.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
};

use clap::Args;
use profiler::record::ReadError;

use super::NetworkFile;
use crate::{device::LatencyModel, error::PredictorError};

/// How networks are measured.
#[derive(Debug, Args)]
pub(super) struct Measuring {
    /// Measure the networks first, layer by layer, with the model's runtime and threads; those of which there is a table in the
    /// folder of --output already are not measured again.
    #[arg(long, requires = "output")]
    measure: bool,
    /// Folder for the tables of --measure, one per network.
    #[arg(short, long, value_name = "FOLDER", requires = "measure")]
    output: Option<PathBuf>,
    /// Seconds to measure a network for.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    budget_s: u64,
    /// ONNX Runtime's library, for models of it.
    #[arg(long, value_name = "FILE", env = "ORT_DYLIB_PATH")]
    onnxruntime: Option<PathBuf>,
}

/// The tables written, and why there is none, by the network's name.
type Tables = (Vec<PathBuf>, BTreeMap<String, String>);

impl Measuring {
    pub(super) fn is_asked(&self) -> bool {
        self.measure
    }

    /// Measures one network after the other; one that fails costs itself alone.
    ///
    /// # Errors
    /// [`ReadError`] when there is no profiler beside this program.
    pub(super) fn measure(
        &self,
        files: &[NetworkFile],
        model: &LatencyModel,
    ) -> Result<Tables, PredictorError> {
        let folder = self.output.clone().unwrap_or_default();
        let io = |path: PathBuf| move |source| ReadError::Io { path, source };
        std::fs::create_dir_all(&folder).map_err(io(folder.clone()))?;
        let program = std::env::current_exe().map_err(io(PathBuf::from("profiler")))?;
        let program = program.with_file_name(format!("profiler{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            let reason = "is not there; --measure needs the profiler's program beside this one".to_owned();
            return Err(ReadError::Content { path: program, reason }.into());
        }
        let (mut tables, mut failed) = (Vec::new(), BTreeMap::new());
        for (place, file) in files.iter().enumerate() {
            let table = folder.join(format!("{}.csv", file.name));
            if !table.exists() {
                profiler::note!("measuring {} ({} of {})", file.name, place + 1, files.len());
                let said = self.command(&program, file, model).arg("--output").arg(&table).output();
                let said = said.map_err(io(program.clone()))?;
                if !said.status.success() {
                    let text = String::from_utf8_lossy(&said.stderr);
                    let error = text.lines().rfind(|line| line.starts_with("error"));
                    let reason = error.map_or_else(|| said.status.to_string(), str::to_owned);
                    failed.insert(file.name.clone(), format!("not measured: {reason}"));
                    continue;
                }
            }
            tables.push(table);
        }
        Ok((tables, failed))
    }

    fn command(&self, program: &PathBuf, file: &NetworkFile, model: &LatencyModel) -> Command {
        let conditions = model.conditions();
        let mut command = Command::new(program);
        command.arg("model").arg(&file.path);
        command.args(["--backend", &conditions.runtime.name, "--no-compare"]);
        command.arg("--threads").arg(conditions.threads.max(1).to_string());
        command.arg("--budget-s").arg(self.budget_s.to_string());
        if let Some(library) = &self.onnxruntime {
            command.arg("--onnxruntime").arg(library);
        }
        for size in &file.sizes {
            command.arg("--input-shape").arg(size);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}
