//! The networks of a study: those within a target, and the models that are measured.

use std::{collections::BTreeSet, path::PathBuf};

use profiler::{
    onnx::network_model,
    record::{read_architecture, read_document, write_architecture, write_atomic},
    spec::{OpSpec, SearchSpace},
};

use super::{LatencyTerm, Plan, StudyDevice};
use crate::{
    RunFolder, SearchError,
    export::{load_trained, onnx_model},
    latency::ExpectedLatency,
    run::{SearchSettings, read_finished},
};

/// The target of the searches for a device, in milliseconds.
///
/// # Errors
/// [`SearchError::Read`].
pub(super) fn target_ms(plan: &Plan, device: &StudyDevice) -> Result<f64, SearchError> {
    let folder = first_search(plan, device);
    let settings: SearchSettings =
        read_document(&folder.settings(), SearchSettings::FORMAT, SearchSettings::VERSION)?;
    Ok(settings.target_ms)
}

/// The search whose weights and parameters answer the other targets, too.
fn first_search(plan: &Plan, device: &StudyDevice) -> RunFolder {
    plan.search(device, LatencyTerm::With, plan.preset.seeds[0])
}

/// The targets of a device, evenly between the fastest and the slowest network of the space, without these two.
#[must_use]
pub(super) fn targets(table: &ExpectedLatency, count: usize) -> Vec<f64> {
    let (fastest, slowest) = table.range_ms();
    let place = |index: usize| (index as f64 + 1.0) / (count as f64 + 1.0);
    (0..count).map(|index| fastest + (slowest - fastest) * place(index)).collect()
}

/// Writes the keys of the baselines' ops, each once, for the profiler: the target is a share of a baseline's prediction.
///
/// # Errors
/// [`SearchError::Read`], [`SearchError::Write`].
pub(super) fn list_baseline_ops(plan: &Plan) -> Result<(), SearchError> {
    let mut keys = BTreeSet::new();
    for &width in &plan.preset.widths {
        keys.extend(read_architecture(&plan.baseline(width))?.ops().iter().map(OpSpec::key));
    }
    let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
    Ok(write_atomic(&plan.baseline_ops(), |writer| writer.write_all(text.as_bytes()))?)
}

/// The path that uses most of its budget: a target that is far away would hold of itself.
fn fullest(paths: Vec<Vec<usize>>, table: &ExpectedLatency) -> Vec<usize> {
    let longest = paths.into_iter().max_by(|a, b| table.path_ms(a).total_cmp(&table.path_ms(b)));
    longest.unwrap_or_default()
}

/// Writes a network for each of each device's [`targets`]: of the finalists of the search for it the one that uses most
/// of the target.
///
/// # Errors
/// [`SearchError`].
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

/// Writes an ONNX model of every network that is trained or stands for a target, each network once; their paths.
///
/// # Errors
/// [`SearchError`].
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
