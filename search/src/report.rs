//! The closing table: what was predicted of trained networks beside what was measured.

use std::{collections::BTreeSet, path::Path};

use predictor::{Emulation, LatencyModel, Measurements, Mixing};
use profiler::measure::median;
use profiler::record::{Cache, Level, MachineChange, Row, Status};
use profiler::spec::Architecture;
use serde::Serialize;

use crate::{error::SearchError, folder::RunFolder, train::read_trained};

/// Whether measured latencies are divided by what anchors say of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Normalization {
    AsMeasured,
    ByAnchors,
}

/// One trained network, predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportRow {
    pub(crate) name: String,
    pub(crate) key: String,
    /// The label chosen in each block, if it is a path of a space.
    pub(crate) choices: Vec<String>,
    pub(crate) test_accuracy: f64,
    pub(crate) macs: u64,
    pub(crate) parameters: u64,
    pub(crate) predicted_ms: f64,
    /// Ends of the prediction's 90 % interval in milliseconds.
    pub(crate) predicted_interval_ms: [f64; 2],
    pub(crate) measured_ms: f64,
    /// Ends of the measurement's 95 % confidence interval in milliseconds.
    pub(crate) measured_interval_ms: [f64; 2],
    /// How far to trust the measurement.
    pub(crate) status: Status,
    /// Whether the measured latency lies in the prediction's interval.
    pub(crate) inside_interval: bool,
    /// Predicted over measured, minus 1.
    pub(crate) relative_error: f64,
    pub(crate) session: String,
}

/// How the model does on the other networks of the same session: what an error of the reported ones is read against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Controls {
    pub(crate) networks: usize,
    pub(crate) mape: f64,
    pub(crate) within_10: f64,
    /// Median of measured over predicted latency: far from 1 says that this session's machine is not the table's.
    pub(crate) median_ratio: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) device: String,
    pub(crate) runtime: String,
    /// Whether the "measurements" are emulated: no timings.
    pub(crate) emulated: bool,
    pub(crate) networks: Vec<ReportRow>,
    /// The session's other networks of known ops, if it has any.
    pub(crate) controls: Option<Controls>,
    /// By how much the machine was slower or faster than when the model's table was measured, where the session measured anchors.
    pub(crate) machine: Option<MachineChange>,
    /// Whether that is so, in words.
    pub(crate) machine_words: String,
    /// What measured latencies were divided by; 1 unless they were to be normalized.
    pub(crate) divided_by: f64,
}

impl Report {
    /// The report on trained networks' folders: predictions of `model` beside the rows of `measured`.
    pub(crate) fn new(
        model: &LatencyModel,
        measured: &Path,
        folders: &[RunFolder],
        emulation: Emulation,
        normalization: Normalization,
    ) -> Result<Self, SearchError> {
        let tables = [measured.to_owned()];
        let mut measurements = Measurements::read_at(&tables, Mixing::Refuse, emulation, model.speed())?;
        if let Some(difference) = model.conditions().difference(&measurements.conditions) {
            return Err(SearchError::OtherConditions { table: measured.to_owned(), difference });
        }
        let cache = model.networks().cache;
        let machine = measurements.machine.take();
        let machine_words = machine.as_ref().map_or_else(
            || "whether the machine is as fast as when its table was measured is not known: measure with the anchors of the model".to_owned(),
            |machine| machine.in_words(cache, "network"),
        );
        let divided_by = match normalization {
            Normalization::AsMeasured => 1.0,
            Normalization::ByAnchors => {
                let change = machine.as_ref().and_then(|machine| machine.change(cache, "network"));
                change.ok_or_else(|| SearchError::NoAnchors(measured.to_owned()))?.ratio
            }
        };
        for row in &mut measurements.rows {
            for ms in [&mut row.latency_ms, &mut row.ci_low_ms, &mut row.ci_high_ms] {
                *ms /= divided_by;
            }
        }
        let row = |folder: &RunFolder| row(model, measured, &measurements.rows, folder);
        let networks: Vec<ReportRow> = folders.iter().map(row).collect::<Result<_, _>>()?;
        let reported: BTreeSet<&str> = networks.iter().map(|row| row.key.as_str()).collect();
        let others = measurements.rows.iter().filter(|row| !reported.contains(row.subject.as_str()));
        let controls = controls(model, others)?;
        let runtime = &measurements.conditions.runtime;
        Ok(Self {
            device: measurements.conditions.device.clone(),
            runtime: format!("{} {}", runtime.name, runtime.version),
            emulated: runtime.emulated,
            networks,
            controls,
            machine,
            machine_words,
            divided_by,
        })
    }
}

fn controls<'a>(
    model: &LatencyModel,
    rows: impl Iterator<Item = &'a Row>,
) -> Result<Option<Controls>, SearchError> {
    let cache = model.networks().cache;
    let known = |row: &&Row| row.level == Level::Network && row.cache == cache && !row.ops.is_empty();
    let ratio = |row: &Row| {
        // The table was checked when it was read: the keys are good.
        let ops = row.op_specs()?;
        Ok::<_, SearchError>(row.latency_ms / model.predict_network(&ops)?.latency.ms())
    };
    let ratios = rows.filter(known).map(ratio).collect::<Result<Vec<f64>, _>>()?;
    let Some(median_ratio) = median(&ratios) else { return Ok(None) };
    let errors: Vec<f64> = ratios.iter().map(|ratio| (1.0 / ratio - 1.0).abs()).collect();
    let count = ratios.len() as f64;
    Ok(Some(Controls {
        networks: ratios.len(),
        mape: errors.iter().sum::<f64>() / count,
        within_10: errors.iter().filter(|error| **error <= 0.1).count() as f64 / count,
        median_ratio,
    }))
}

/// The row of a network in a table.
pub(crate) fn measured<'a>(
    rows: &'a [Row],
    path: &Path,
    network: &Architecture,
    cache: Cache,
) -> Result<&'a Row, SearchError> {
    let key = network.key();
    let found = |row: &&Row| row.level == Level::Network && row.subject == key && row.cache == cache;
    rows.iter().find(found).ok_or_else(|| {
        let (path, name) = (path.to_owned(), network.name().to_owned());
        SearchError::NotMeasured { path, key: key.clone(), name, cache }
    })
}

fn row(
    model: &LatencyModel,
    path: &Path,
    rows: &[Row],
    folder: &RunFolder,
) -> Result<ReportRow, SearchError> {
    let (network, metrics) = read_trained(folder)?;
    let (key, cache) = (network.key(), model.networks().cache);
    let measured = measured(rows, path, &network, cache)?;
    let prediction = model.predict_architecture(&network)?;
    Ok(ReportRow {
        name: network.name().to_owned(),
        key,
        choices: network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default(),
        test_accuracy: metrics
            .test_accuracy
            .ok_or_else(|| SearchError::NotTested(folder.path().to_owned()))?,
        macs: network.macs().0,
        parameters: network.parameters(),
        predicted_ms: prediction.latency.ms(),
        predicted_interval_ms: [prediction.low.ms(), prediction.high.ms()],
        inside_interval: (prediction.low.ms()..=prediction.high.ms()).contains(&measured.latency_ms),
        measured_ms: measured.latency_ms,
        status: measured.status,
        measured_interval_ms: [measured.ci_low_ms, measured.ci_high_ms],
        relative_error: prediction.latency.ms() / measured.latency_ms - 1.0,
        session: measured.session.clone(),
    })
}
