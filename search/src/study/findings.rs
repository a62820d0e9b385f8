use std::path::Path;

use predictor::{Emulation, LatencyModel, Measurements, Mixing};
use profiler::{record::read_architecture, spec::SearchSpace};
use serde::Serialize;

use super::curve::{Curve, Spread};
use super::group::{Group, OnDevice};
use super::networks::{limit, rescaled, targets};
use super::plan::{LatencyTerm, Origin, Trained, search_name, training_name};
use super::stage::seconds_of;
use super::{Plan, StudyDevice};
use crate::{error::SearchError, latency::ExpectedLatency, report::measured, train::Metrics};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Baseline {
    pub(crate) width: f64,
    pub(crate) accuracy: Spread,
    pub(crate) measured_ms: f64,
}

/// One target of the budget that must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TargetCheck {
    pub(crate) target_ms: f64,
    pub(crate) network: OnDevice,
}

/// What searches without latency loss give for a device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WithoutLatencyLoss {
    /// Predicted latency of their most probable network over the target, per seed.
    pub(crate) over_target: Vec<f64>,
    /// The largest width multiplier with which that network is within the target, or the one that makes it fastest where
    /// none is small enough, per seed.
    pub(crate) widths: Vec<f64>,
    /// Predicted latency at that width over the target, per seed.
    pub(crate) rescaled_over_target: Vec<f64>,
    /// The networks of these widths.
    pub(crate) rescaled: Group,
    /// The best paths within the target by what the searches have learned; none where the preset leaves them out.
    pub(crate) cut: Group,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct DeviceFindings {
    /// Whether the machine was as fast when networks were measured as when its table was, in words; `None` without anchors.
    pub(crate) machine: Option<String>,
    pub(crate) name: String,
    pub(crate) runtime: String,
    pub(crate) target_ms: f64,
    /// The baselines by growing width.
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) searched: Group,
    pub(crate) blind: WithoutLatencyLoss,
    /// One network per target.
    pub(crate) held: Vec<TargetCheck>,
    /// Networks searched for each device (by name), on this one.
    pub(crate) cross: Vec<(String, Group)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Costs {
    pub(crate) search_s: Spread,
    pub(crate) training_s: Spread,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Findings {
    pub(crate) emulated: bool,
    pub(crate) machine: String,
    pub(crate) devices: Vec<DeviceFindings>,
    pub(crate) costs: Costs,
}

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

    fn network(&self, path: &Path, seed: u64, accuracy: Option<f64>) -> Result<OnDevice, SearchError> {
        let (network, cache) = (read_architecture(path)?, self.model.networks().cache);
        let prediction = self.model.predict_architecture(&network)?;
        Ok(OnDevice {
            key: network.key(),
            seed,
            accuracy,
            predicted_ms: prediction.latency.ms(),
            predicted_interval_ms: [prediction.low.ms(), prediction.high.ms()],
            measured_ms: measured(&self.measurements.rows, &self.path, &network, cache)?.latency_ms,
        })
    }
}

impl Findings {
    pub(crate) fn of(plan: &Plan, space: &SearchSpace) -> Result<Self, SearchError> {
        let evaluations = plan.preset.devices.iter().map(|device| DeviceEvaluation::open(plan, device));
        let evaluations = evaluations.collect::<Result<Vec<_>, _>>()?;
        let conditions = evaluations.iter().map(|evaluation| &evaluation.measurements.conditions);
        let emulated = conditions.clone().any(|conditions| conditions.runtime.emulated);
        let machine = conditions.map(|conditions| conditions.device.clone()).next().unwrap_or_default();
        let pairs = plan.preset.devices.iter().zip(&evaluations);
        let devices = pairs.map(|(device, evaluation)| on_device(plan, space, device, evaluation));
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
    evaluation: &DeviceEvaluation,
) -> Result<DeviceFindings, SearchError> {
    let trained = plan.trained();
    let of = |origin: Origin| -> Result<Vec<OnDevice>, SearchError> {
        let all = trained.iter().filter(|trained| trained.origin == origin);
        all.map(|one| evaluation.network(&one.architecture, one.seed, Some(accuracy(plan, one)?))).collect()
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
    let table = ExpectedLatency::of_space(&evaluation.model.additive(), space)?;
    let held = targets(&table, plan.preset.targets).into_iter().enumerate().map(|(index, target_ms)| {
        let network = evaluation.network(&plan.target(device, index), index as u64, None)?;
        Ok(TargetCheck { target_ms, network })
    });
    let scaled = plan.preset.seeds.iter().map(|&seed| rescaled(plan, device, &evaluation.model, seed));
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
    let runtime = &evaluation.measurements.conditions.runtime;
    let machine = evaluation.measurements.machine.as_ref();
    Ok(DeviceFindings {
        machine: machine.map(|machine| machine.in_words(evaluation.model.networks().cache, "network")),
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
