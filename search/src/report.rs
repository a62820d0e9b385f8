//! The closing table: what was predicted of trained networks beside what was measured.

use std::{collections::BTreeSet, path::Path};

use predictor::{Emulation, LatencyModel, Measurements, Mixing};
use profiler::{
    measure::median,
    record::{Level, MachineChange, Row, Status},
};
use serde::Serialize;

use crate::{error::SearchError, folder::RunFolder, train::read_trained};

/// Whether measured latencies are divided by what anchors say of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// As measured.
    AsMeasured,
    /// By how much slower the machine was than when the model's table was measured.
    ByAnchors,
}

/// One trained network, predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportRow {
    /// Its name.
    pub name: String,
    /// Its key in measurement tables.
    pub key: String,
    /// The label chosen in each block, if it is a path of a space.
    pub choices: Vec<String>,
    /// Share of test images it gets right.
    pub test_accuracy: f64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Parameters as trained.
    pub parameters: u64,
    /// Predicted latency in milliseconds.
    pub predicted_ms: f64,
    /// Ends of the prediction's 90 % interval in milliseconds.
    pub predicted_interval_ms: [f64; 2],
    /// Measured latency in milliseconds.
    pub measured_ms: f64,
    /// Ends of the measurement's 95 % confidence interval in milliseconds.
    pub measured_interval_ms: [f64; 2],
    /// How far to trust the measurement.
    pub status: Status,
    /// Whether the measured latency lies in the prediction's interval.
    pub inside_interval: bool,
    /// Predicted over measured, minus 1.
    pub relative_error: f64,
    /// Measuring session.
    pub session: String,
}

/// How the model does on the other networks of the same session: what an error of the reported ones is read against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Controls {
    /// How many.
    pub networks: usize,
    /// Mean absolute error of the prediction over the measured latency.
    pub mape: f64,
    /// Share within ±10 %.
    pub within_10: f64,
    /// Median of measured over predicted latency: far from 1 says that this session's machine is not the table's.
    pub median_ratio: f64,
}

/// Trained networks, predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The device, in words.
    pub device: String,
    /// The runtime, in words.
    pub runtime: String,
    /// Whether the "measurements" are emulated: no timings.
    pub emulated: bool,
    /// The networks, in the order given.
    pub networks: Vec<ReportRow>,
    /// The session's other networks of known ops, if it has any.
    pub controls: Option<Controls>,
    /// By how much the machine was slower or faster than when the model's table was measured, where the session measured anchors.
    pub machine: Option<MachineChange>,
    /// Whether that is so, in words.
    pub machine_words: String,
    /// What measured latencies were divided by; 1 unless they were to be normalized.
    pub divided_by: f64,
}

impl Report {
    /// The report on trained networks' folders: predictions of `model` beside the rows of `measured`.
    ///
    /// # Errors
    /// [`SearchError::NotMeasured`] for a network that the table has no row of; [`SearchError`] for files that cannot
    /// be used or do not go together, and for networks that the model cannot predict.
    pub fn new(
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

fn row(
    model: &LatencyModel,
    path: &Path,
    rows: &[Row],
    folder: &RunFolder,
) -> Result<ReportRow, SearchError> {
    let (network, metrics) = read_trained(folder)?;
    let (key, cache) = (network.key(), model.networks().cache);
    let found = |row: &&Row| row.level == Level::Network && row.subject == key && row.cache == cache;
    let measured = rows.iter().find(found).ok_or_else(|| SearchError::NotMeasured {
        path: path.to_owned(),
        key: key.clone(),
        name: network.name().to_owned(),
        cache,
    })?;
    let prediction = model.predict_architecture(&network)?;
    Ok(ReportRow {
        name: network.name().to_owned(),
        key: key.clone(),
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
