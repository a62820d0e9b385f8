//! What a study found, from the files of its stages.

use std::path::Path;

use predictor::{Emulation, LatencyModel, Measurements, Mixing};
use profiler::{
    record::{Level, read_architecture},
    spec::{Architecture, SearchSpace},
};
use serde::Serialize;

use super::{
    Plan, StudyDevice,
    curve::{Curve, Spread},
    group::{Group, OnDevice},
    networks::{limit, rescaled, targets},
    plan::{LatencyTerm, Origin, Trained, search_name, training_name},
    stage::seconds_of,
};
use crate::{error::SearchError, latency::ExpectedLatency, train::Metrics};

/// A baseline of one width.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// The width multiplier.
    pub width: f64,
    /// Test accuracy over seeds.
    pub accuracy: Spread,
    /// Measured latency in milliseconds.
    pub measured_ms: f64,
}

/// One target of the budget that must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetCheck {
    /// The target in milliseconds.
    pub target_ms: f64,
    /// The network.
    pub network: OnDevice,
}

/// What searches without latency loss give for a device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WithoutLatencyLoss {
    /// Predicted latency of their most probable network over the target, per seed.
    pub over_target: Vec<f64>,
    /// The largest width multiplier with which that network is within the target, or the one that makes it fastest where
    /// none is small enough, per seed.
    pub widths: Vec<f64>,
    /// Predicted latency at that width over the target, per seed.
    pub rescaled_over_target: Vec<f64>,
    /// The networks of these widths.
    pub rescaled: Group,
    /// The best paths within the target by what the searches have learned; none where the preset leaves them out.
    pub cut: Group,
}

/// What was found on one device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceFindings {
    /// Whether the machine was as fast when networks were measured as when its table was, in words; `None` without anchors.
    pub machine: Option<String>,
    /// Its name in the study.
    pub name: String,
    /// The runtime and its version.
    pub runtime: String,
    /// The searches' target in milliseconds.
    pub target_ms: f64,
    /// The baselines by growing width.
    pub baselines: Vec<Baseline>,
    /// Networks searched for this device.
    pub searched: Group,
    /// What searches without latency loss give for this device.
    pub blind: WithoutLatencyLoss,
    /// One network per target.
    pub held: Vec<TargetCheck>,
    /// Networks searched for each device (by name), on this one.
    pub cross: Vec<(String, Group)>,
}

/// What searches and trainings took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// Seconds of a search with latency loss.
    pub search_s: Spread,
    /// Seconds of a training.
    pub training_s: Spread,
}

/// A study's findings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// Whether any "measurement" is emulated: no timing, so no finding.
    pub emulated: bool,
    /// The machine.
    pub machine: String,
    /// Per device.
    pub devices: Vec<DeviceFindings>,
    /// What it took.
    pub costs: Costs,
}

/// A device's model and table.
struct DeviceEvaluation {
    model: LatencyModel,
    measurements: Measurements,
    path: std::path::PathBuf,
}

impl DeviceEvaluation {
    fn open(plan: &Plan, device: &StudyDevice) -> Result<Self, SearchError> {
        let path = plan.measured(device);
        let measurements = Measurements::read(std::slice::from_ref(&path), Mixing::Refuse, Emulation::Allow)?;
        Ok(Self { model: LatencyModel::read(&plan.model(device))?, measurements, path })
    }

    fn measured_ms(&self, network: &Architecture) -> Result<f64, SearchError> {
        let (key, cache) = (network.key(), self.model.networks().cache);
        let rows = &self.measurements.rows;
        let row =
            rows.iter().find(|row| row.level == Level::Network && row.subject == key && row.cache == cache);
        let (path, name) = (self.path.clone(), network.name().to_owned());
        row.map(|row| row.latency_ms).ok_or(SearchError::NotMeasured { path, key, name, cache })
    }

    fn judge(&self, path: &Path, seed: u64, accuracy: Option<f64>) -> Result<OnDevice, SearchError> {
        let network = read_architecture(path)?;
        let prediction = self.model.predict_architecture(&network)?;
        Ok(OnDevice {
            key: network.key(),
            seed,
            accuracy,
            predicted_ms: prediction.latency.ms(),
            predicted_interval_ms: [prediction.low.ms(), prediction.high.ms()],
            measured_ms: self.measured_ms(&network)?,
        })
    }
}

impl Findings {
    /// Reads what the stages wrote.
    ///
    /// # Errors
    /// [`SearchError`] naming the file that is missing or does not go with the others.
    pub fn of(plan: &Plan, space: &SearchSpace) -> Result<Self, SearchError> {
        let judges = plan.preset.devices.iter().map(|device| DeviceEvaluation::open(plan, device));
        let judges = judges.collect::<Result<Vec<_>, _>>()?;
        let conditions = judges.iter().map(|judge| &judge.measurements.conditions);
        let emulated = conditions.clone().any(|conditions| conditions.runtime.emulated);
        let machine = conditions.map(|conditions| conditions.device.clone()).next().unwrap_or_default();
        let pairs = plan.preset.devices.iter().zip(&judges);
        let devices = pairs.map(|(device, judge)| on_device(plan, space, device, judge));
        Ok(Self { emulated, machine, devices: devices.collect::<Result<_, _>>()?, costs: costs(plan)? })
    }
}

fn accuracy(plan: &Plan, trained: &Trained) -> Result<f64, SearchError> {
    let folder = plan.training(trained);
    let right = Metrics::read(&folder)?.test_accuracy;
    right.ok_or_else(|| SearchError::NotTested(folder.path().to_owned()))
}

fn on_device(
    plan: &Plan,
    space: &SearchSpace,
    device: &StudyDevice,
    judge: &DeviceEvaluation,
) -> Result<DeviceFindings, SearchError> {
    let trained = plan.trained();
    let of = |origin: Origin| -> Result<Vec<OnDevice>, SearchError> {
        let all = trained.iter().filter(|trained| trained.origin == origin);
        all.map(|one| judge.judge(&one.architecture, one.seed, Some(accuracy(plan, one)?))).collect()
    };
    let mut baselines = Vec::new();
    for &width in &plan.preset.widths {
        let runs = of(Origin::Baseline(width))?;
        let accuracies = Spread::of(runs.iter().filter_map(|run| run.accuracy).collect());
        if let (Some(accuracy), Some(first)) = (accuracies, runs.first()) {
            baselines.push(Baseline { width, accuracy, measured_ms: first.measured_ms });
        }
    }
    let curve = Curve::new(baselines.iter().map(|b| (b.measured_ms, b.accuracy.mean)).collect());
    let group = |origin| Ok::<_, SearchError>(Group::new(of(origin)?, curve.as_ref()));
    let table = ExpectedLatency::of_space(&judge.model.additive(), space)?;
    let held = targets(&table, plan.preset.targets).into_iter().enumerate().map(|(index, target_ms)| {
        let network = judge.judge(&plan.target(device, index), index as u64, None)?;
        Ok(TargetCheck { target_ms, network })
    });
    let scaled = plan.preset.seeds.iter().map(|&seed| rescaled(plan, device, &judge.model, seed));
    let scaled = scaled.collect::<Result<Vec<_>, _>>()?;
    let target_ms = limit(plan, device)?.target_ms;
    let blind = WithoutLatencyLoss {
        over_target: scaled.iter().map(|one| one.unscaled_ms / target_ms).collect(),
        widths: scaled.iter().map(|one| one.rescaled.width).collect(),
        rescaled_over_target: scaled.iter().map(|one| one.rescaled.predicted_ms / target_ms).collect(),
        rescaled: group(Origin::Rescaled(device.name.clone()))?,
        cut: group(Origin::Cut(device.name.clone()))?,
    };
    let others = plan.preset.devices.iter();
    let cross = others.map(|other| Ok((other.name.clone(), group(Origin::Searched(other.name.clone()))?)));
    let runtime = &judge.measurements.conditions.runtime;
    let machine = judge.measurements.machine.as_ref();
    Ok(DeviceFindings {
        machine: machine.map(|machine| machine.in_words(judge.model.networks().cache, "network")),
        name: device.name.clone(),
        runtime: format!("{} {}", runtime.name, runtime.version),
        target_ms,
        searched: group(Origin::Searched(device.name.clone()))?,
        baselines,
        blind,
        held: held.collect::<Result<_, SearchError>>()?,
        cross: cross.collect::<Result<_, SearchError>>()?,
    })
}

fn costs(plan: &Plan) -> Result<Costs, SearchError> {
    let mut searches = Vec::new();
    for device in &plan.preset.devices {
        for &seed in &plan.preset.seeds {
            searches.push(seconds_of(&plan.folder, &search_name(device, LatencyTerm::With, seed))?);
        }
    }
    let trained = plan.trained();
    let trainings = trained.iter().map(|one| seconds_of(&plan.folder, &training_name(one)));
    let trainings = trainings.collect::<Result<Vec<_>, _>>()?;
    let none = || SearchError::Study { path: plan.folder.clone(), reason: "nothing was timed".to_owned() };
    let spread = |values| Spread::of(values).ok_or_else(none);
    Ok(Costs { search_s: spread(searches)?, training_s: spread(trainings)? })
}
