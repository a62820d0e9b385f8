//! The networks of a study: those within a target, and the models that are measured.

use std::{collections::BTreeSet, path::PathBuf};

use predictor::LatencyModel;
use profiler::onnx::network_model;
use profiler::record::{read_architecture, read_document, write_architecture, write_atomic};
use profiler::spec::{Architecture, OpSpec, SearchSpace};

use super::{LatencyTerm, Plan, StudyDevice, spread::spread};
use crate::error::SearchError;
use crate::export::{load_trained, onnx_model};
use crate::folder::RunFolder;
use crate::latency::ExpectedLatency;
use crate::rescale::{Limit, Rescaled, rescale_or_fastest};
use crate::run::{SearchSettings, read_finished};
use crate::seed::{Purpose, generator};

/// The latency that networks for a device may have.
pub(super) fn limit(plan: &Plan, device: &StudyDevice) -> Result<Limit, SearchError> {
    let settings = settings(&first_search(plan, device))?;
    Ok(Limit { target_ms: settings.target_ms, risk: settings.risk })
}

fn settings(search: &RunFolder) -> Result<SearchSettings, SearchError> {
    Ok(read_document(&search.settings(), SearchSettings::FORMAT, SearchSettings::VERSION)?)
}

/// The search whose weights and parameters answer the other targets, too.
fn first_search(plan: &Plan, device: &StudyDevice) -> RunFolder {
    plan.search(device, LatencyTerm::With, plan.preset.seeds[0])
}

/// The targets of a device, evenly between the fastest and the slowest network of the space, without these two.
pub(super) fn targets(table: &ExpectedLatency, count: usize) -> Vec<f64> {
    let (fastest, slowest) = table.range_ms();
    let place = |index: usize| (index as f64 + 1.0) / (count as f64 + 1.0);
    (0..count).map(|index| fastest + (slowest - fastest) * place(index)).collect()
}

/// Writes the keys of the baselines' ops, each once, for the profiler: the target is a share of a baseline's prediction.
pub(super) fn list_baseline_ops(plan: &Plan) -> Result<(), SearchError> {
    let mut keys = BTreeSet::new();
    for &width in &plan.preset.widths {
        keys.extend(read_architecture(&plan.baseline(width))?.ops().iter().map(OpSpec::key));
    }
    let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
    Ok(write_atomic(&plan.baseline_ops(), |writer| writer.write_all(text.as_bytes()))?)
}

/// Writes ONNX models of the networks that latency models are fitted to; their paths.
pub(super) fn profiled(plan: &Plan, space: &SearchSpace) -> Result<Vec<PathBuf>, SearchError> {
    let mut paths = BTreeSet::new();
    for choices in spread(space, plan.preset.profile_networks, &mut generator(0, Purpose::Profiled, 0)) {
        let network = space.network("profiled", &choices)?;
        let path = plan.folder.join("profiled").join(format!("{}.onnx", network.key()));
        if !path.exists() {
            create_parent(&path)?;
            let bytes = network_model(&network, 0)?;
            write_atomic(&path, |writer| writer.write_all(&bytes))?;
        }
        paths.insert(path);
    }
    Ok(paths.into_iter().collect())
}

/// The path that uses most of its budget: a target that is far away would hold of itself.
fn fullest(paths: Vec<Vec<usize>>, table: &ExpectedLatency) -> Vec<usize> {
    let longest = paths.into_iter().max_by(|a, b| table.path_ms(a).total_cmp(&table.path_ms(b)));
    longest.unwrap_or_default()
}

/// Writes a network for each of each device's [`targets`]: of the finalists of the search for it the one that uses most
/// of the target.
pub(super) fn derive(plan: &Plan, space: &SearchSpace) -> Result<(), SearchError> {
    for device in &plan.preset.devices {
        let (settings, state) = read_finished(&first_search(plan, device))?;
        let table = &settings.latency;
        for (index, target) in targets(table, plan.preset.targets).into_iter().enumerate() {
            let budget = settings.budget().with_target(target);
            let choices = fullest(state.strategy.finalists(Some(&budget))?, table);
            let network = space.network(&format!("within-{target:.4}-ms"), &choices)?;
            let path = plan.target(device, index);
            create_parent(&path)?;
            write_architecture(&path, &network)?;
        }
    }
    Ok(())
}

/// A network of a search without latency loss, as it is and as wide as it may be.
pub(super) struct Scaled {
    /// Predicted latency of the search's most probable network in milliseconds.
    pub(super) unscaled_ms: f64,
    /// Within a device's target, if any width brings it there.
    pub(super) rescaled: Rescaled,
}

/// The most probable network of a search without latency loss, rescaled to a device's target; as fast as a width makes it
/// where none is fast enough.
pub(super) fn rescaled(
    plan: &Plan,
    device: &StudyDevice,
    model: &LatencyModel,
    seed: u64,
) -> Result<Scaled, SearchError> {
    let folder = plan.search(device, LatencyTerm::Without, seed);
    let space = settings(&folder)?.space;
    let found = read_architecture(&folder.architecture())?;
    let labels = found.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default();
    let choices = space.resolve()?.choices(&labels)?;
    let predict = |network: &Architecture| model.predict_architecture(network);
    let unscaled_ms = predict(&found)?.latency.ms();
    let rescaled = rescale_or_fastest(&space, &choices, limit(plan, device)?, predict)?;
    Ok(Scaled { unscaled_ms, rescaled })
}

/// Writes what the searches without latency loss give within each device's target, without further search.
pub(super) fn derive_without_latency_loss(plan: &Plan) -> Result<(), SearchError> {
    for device in &plan.preset.devices {
        let model = LatencyModel::read(&plan.model(device))?;
        for &seed in &plan.preset.seeds {
            let path = plan.rescaled(device, seed);
            create_parent(&path)?;
            write_architecture(&path, &rescaled(plan, device, &model, seed)?.rescaled.network)?;
            if plan.preset.train_cut {
                let (settings, state) = read_finished(&plan.search(device, LatencyTerm::Without, seed))?;
                // As `search derive` does: of the finalists the first.
                let mut paths = state.strategy.finalists(Some(&settings.budget()))?.into_iter();
                let network = settings.space.resolve()?.network("cut", &paths.next().unwrap_or_default())?;
                let path = plan.cut(device, seed);
                create_parent(&path)?;
                write_architecture(&path, &network)?;
            }
        }
    }
    Ok(())
}

/// Writes an ONNX model of every network that is trained or stands for a target, each network once; their paths.
pub(super) fn export(plan: &Plan) -> Result<Vec<PathBuf>, SearchError> {
    let (mut seen, mut paths) = (BTreeSet::new(), Vec::new());
    let mut add = |key: String, bytes: &dyn Fn() -> Result<Vec<u8>, SearchError>| {
        let path = plan.folder.join("onnx").join(format!("{key}.onnx"));
        if seen.insert(key) {
            if !path.exists() {
                create_parent(&path)?;
                let bytes = bytes()?;
                write_atomic(&path, |writer| writer.write_all(&bytes))?;
            }
            paths.push(path);
        }
        Ok::<_, SearchError>(())
    };
    for trained in plan.trained() {
        let network = read_architecture(&trained.architecture)?;
        add(network.key(), &|| {
            let (network, module) = load_trained(&plan.training(&trained))?;
            onnx_model(&network, &module)
        })?;
    }
    for device in &plan.preset.devices {
        for index in 0..plan.preset.targets {
            // What is measured is latency, which weights do not change.
            let network = read_architecture(&plan.target(device, index))?;
            add(network.key(), &|| Ok(network_model(&network, 0)?))?;
        }
    }
    Ok(paths)
}

fn create_parent(path: &std::path::Path) -> Result<(), SearchError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .map_err(|source| profiler::record::WriteError { path: folder.to_owned(), source }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_lie_between_the_fastest_and_the_slowest() {
        // 1 + 0 to 1 + 4 ms; three targets between: 2, 3, 4.
        let table = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![0.0, 4.0]] };
        assert_eq!(targets(&table, 3), [2.0, 3.0, 4.0]);
    }
}
