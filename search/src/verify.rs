use std::path::Path;

use predictor::{Emulation, LatencyModel, PredictorError};
use profiler::{device::Device, record::write_atomic};

use crate::error::SearchError;
use crate::export::{load_trained, onnx_model};
use crate::folder::RunFolder;
use crate::programs::{CommandLine, Programs};
use crate::report::{Normalization, Report};
use crate::watch::Watcher;

/// What is measured beside the networks, and how long it may take.
#[derive(Clone, Debug)]
pub(crate) struct VerifyOptions {
    /// Words that name a space, of which random networks are measured in the same session; none for none.
    pub(crate) space: Option<String>,
    pub(crate) networks: usize,
    pub(crate) budget_s: u64,
    /// Whether the model may be one of emulated figures.
    pub(crate) emulation: Emulation,
    /// Whether measured latencies are divided by what anchors say of the machine.
    pub(crate) normalization: Normalization,
}

/// Exports trained networks into their folders, measures them, and the anchors that the model carries, with the profiler on the model's runtime into `table`
/// (or takes them from there if it exists), and puts predicted beside measured.
pub(crate) fn verify(
    model: &LatencyModel,
    model_path: &Path,
    folders: &[RunFolder],
    table: &Path,
    options: &VerifyOptions,
    programs: &Programs,
    watcher: &dyn Watcher,
) -> Result<Report, SearchError> {
    let conditions = model.conditions();
    if conditions.runtime.emulated && options.emulation == Emulation::Refuse {
        let runtime = conditions.runtime.name.clone();
        return Err(PredictorError::Emulated { table: table.to_owned(), runtime }.into());
    }
    let (there, here) = (conditions.device.clone(), Device::of_this_machine().name());
    if !table.exists() && there != here {
        return Err(SearchError::OtherMachine { there, here });
    }
    let mut line = CommandLine::new("profiler", "run");
    for folder in folders {
        let (network, module) = load_trained(folder)?;
        let (bytes, path) = (onnx_model(&network, &module)?, folder.path().join("network.onnx"));
        write_atomic(&path, |writer| writer.write_all(&bytes))?;
        line = line.with(["--onnx".as_ref(), path.as_path()]);
    }
    if let Some(space) = &options.space {
        line = line.with(["--space", space, "--no-ops", "--networks", &options.networks.to_string()]);
        // Others than those that the model was fitted to.
        line = line.with(["--seed", "1"]);
    }
    let threads = conditions.threads.max(1).to_string();
    line = line.with(["--backend", &conditions.runtime.name, "--threads", &threads]);
    if !conditions.cpus.is_empty() {
        let cpus: Vec<_> = conditions.cpus.iter().map(usize::to_string).collect();
        line = line.with(["--cpus", &cpus.join(",")]);
    }
    if model.anchors().is_some() {
        line = line.with(["--anchors".as_ref(), model_path]);
    }
    if let Some(speed) = model.speed() {
        line = line.with(["--speed", &speed.to_string()]);
    }
    line = line.with(["--budget-s", &options.budget_s.to_string()]);
    line = line.with(["--output".as_ref(), table]);
    if !table.exists() {
        programs.run(&line, watcher)?;
    }
    Report::new(model, table, folders, options.emulation, options.normalization)
}
