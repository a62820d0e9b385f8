//! Measuring a zoo's networks by the profiler's program: a measurement shares no process with anything else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use profiler::record::{ModelInputs, ReadError};
use profiler::sweep::plan_model;

use super::NetworkFile;
use crate::cli::{Leniency, subject::is_tflite};
use crate::{device::LatencyModel, error::PredictorError, rows::Mixing};

/// How networks are measured.
#[derive(Debug, Args)]
pub(super) struct Measuring {
    /// Measure the networks first, layer by layer, with the model's runtime and threads, and its anchors in between; stopped, the same
    /// command goes on.
    #[arg(long, requires = "output")]
    measure: bool,
    /// Folder for the tables of --measure.
    #[arg(short, long, value_name = "FOLDER", requires = "measure")]
    output: Option<PathBuf>,
    /// Seconds to measure a network for, half of them for its layers.
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0)]
    network_s: f64,
    /// Leave the model's anchors out: how fast the machine is now is then known by the references alone.
    #[arg(long, requires = "measure")]
    no_anchors: bool,
    /// ONNX Runtime's library, for models of it.
    #[arg(long, value_name = "FILE", env = "ORT_DYLIB_PATH")]
    onnxruntime: Option<PathBuf>,
}

impl Measuring {
    pub(super) fn is_asked(&self) -> bool {
        self.measure
    }

    /// Measures the networks in one session, with these arguments for the profiler; gives the table.
    ///
    /// # Errors
    /// [`ReadError`] when there is no profiler beside this program, or it wrote no table.
    pub(super) fn measure(
        &self,
        files: &[&NetworkFile],
        model: (&Path, &LatencyModel),
        leniency: &Leniency,
        arguments: Vec<OsString>,
    ) -> Result<PathBuf, PredictorError> {
        let folder = self.output.clone().unwrap_or_default();
        let io = |path: PathBuf| move |source| ReadError::Io { path, source };
        std::fs::create_dir_all(&folder).map_err(io(folder.clone()))?;
        let program = std::env::current_exe().map_err(io(PathBuf::from("profiler")))?;
        let program = program.with_file_name(format!("profiler{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            let reason = "is not there; --measure needs the profiler's program beside this one".to_owned();
            return Err(ReadError::Content { path: program, reason }.into());
        }
        let table = folder.join("networks.csv");
        profiler::note!("measuring {} networks into {}", files.len(), table.display());
        let mut command = self.command(&program, files, model, leniency);
        let ended =
            command.args(arguments).arg("--output").arg(&table).status().map_err(io(program.clone()))?;
        // A table may be there of an earlier command, with other networks.
        if !table.is_file() || !matches!(ended.code(), Some(0 | 1)) {
            let reason = format!("not measured, as the profiler says above ({ended})");
            return Err(ReadError::Content { path: table, reason }.into());
        }
        // Networks that failed were told of on stderr, and the others are in the table.
        Ok(table)
    }

    fn command(
        &self,
        program: &Path,
        files: &[&NetworkFile],
        (path, model): (&Path, &LatencyModel),
        leniency: &Leniency,
    ) -> Command {
        let conditions = model.conditions();
        let mut command = Command::new(program);
        command.args(["run", "--layers", "--no-compare", "--backend", &conditions.runtime.name]);
        command.arg("--threads").arg(conditions.threads.max(1).to_string());
        if let Some(speed) = model.speed() {
            command.arg("--speed").arg(speed.to_string());
        }
        // Another machine has other cores, and its anchors say nothing of this one.
        let is_this = leniency.mixing() == Mixing::Refuse;
        let cpus: Vec<String> = conditions.cpus.iter().map(usize::to_string).collect();
        if is_this && !cpus.is_empty() {
            command.arg("--cpus").arg(cpus.join(","));
        }
        let anchors = model.anchors().filter(|_| is_this && !self.no_anchors);
        let anchors = anchors.map_or(0, |anchors| anchors.subjects.len());
        if anchors > 0 {
            command.arg("--anchors").arg(path);
        }
        let half_s = self.network_s.max(0.1) / 2.0;
        command.arg("--layer-s").arg(half_s.to_string());
        let subjects = files.len() + anchors;
        command.arg("--budget-s").arg((half_s * subjects as f64).ceil().max(10.0).to_string());
        if let Some(library) = &self.onnxruntime {
            command.arg("--onnxruntime").arg(library);
        }
        for file in files {
            command.arg(if is_tflite(&file.path) { "--tflite" } else { "--onnx" }).arg(&file.path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// Files that the profiler takes, with what concerns them of what is given for inputs; why it does not take others, by name. One that
/// it does not take would end the measurement of all.
pub(super) fn measurable<'a>(
    files: impl Iterator<Item = &'a NetworkFile>,
    mut inputs: ModelInputs,
) -> (Vec<&'a NetworkFile>, ModelInputs, BTreeMap<String, String>) {
    let (mut chosen, mut refused) = (Vec::new(), BTreeMap::new());
    for file in files {
        let mut with = inputs.clone();
        match plan_model(&file.path, &mut with) {
            Ok(_) => {
                inputs = with;
                chosen.push(file);
            }
            Err(error) => drop(refused.insert(file.name.clone(), profiler::explain(&error))),
        }
    }
    (chosen, inputs, refused)
}

#[cfg(test)]
mod tests {
    use profiler::onnx::{chain_model, op_model, read_input_shapes};
    use profiler::record::GivenInputs;

    use super::*;

    #[test]
    fn what_the_profiler_does_not_take_costs_no_other_network() {
        let folder = tempfile::tempdir().unwrap();
        let op = op_model(&"conv-8x8x3-o8-k3-s1".parse().unwrap(), 0).unwrap();
        let file = |name: &str, onnx: Vec<u8>| {
            let path = folder.path().join(format!("{name}.onnx"));
            std::fs::write(&path, onnx).unwrap();
            NetworkFile { name: name.to_owned(), path }
        };
        let files = [file("chain", chain_model(2)), file("op", op)];
        // The first has no such size; only the second has an input of that name.
        let shapes = read_input_shapes(&["value0=1x7".to_owned(), "input=1x3x8x8".to_owned()]).unwrap();
        let given = GivenInputs { shapes, ..GivenInputs::default() };
        let (chosen, inputs, refused) = measurable(files.iter(), ModelInputs::read(given, None).unwrap());
        assert_eq!(chosen.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["op"]);
        assert!(refused["chain"].contains("value0"), "{refused:?}");
        assert!(inputs.is_taken(Some("input")) && !inputs.is_taken(Some("value0")) && !inputs.is_taken(None));
    }
}
