//! The whole comparison: searched networks against baselines, with and without the latency loss, on several devices.
//!
//! A study is a list of stages, each a command of the toolkit that writes a file; what is written is not done again.

mod curve;
mod findings;
mod goals;
mod group;
mod markdown;
mod networks;
mod plan;
mod preset;
mod spread;
mod stage;

use std::path::{Path, PathBuf};

use datasets::images::open_images;
use predictor::LatencyModel;
use profiler::record::{WriteError, read_text, write_atomic, write_document};
use serde::{Deserialize, Serialize};

use findings::Findings;
use goals::{Goal, goals};
use markdown::markdown;
pub(crate) use plan::{LatencyTerm, Plan};
pub(crate) use preset::{StudyDevice, StudyPreset};
use stage::Stages;

use crate::data::check_images;
use crate::error::SearchError;
use crate::named_space::named_space;
use crate::programs::Programs;
use crate::settings::keep_settings;
use crate::watch::Watcher;

/// What a study's folder was made with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    preset: StudyPreset,
    data: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    findings: &'a Findings,
    goals: &'a [Goal],
}

/// Runs a study, or resumes one; the report as Markdown, which also goes into the folder, as `report.md` and
/// `report.json`.
///
/// `models` are finished latency models of devices, by name: these are not measured again.
pub(crate) fn study(
    plan: &Plan,
    models: &[(String, PathBuf)],
    programs: &Programs,
    watcher: &dyn Watcher,
) -> Result<String, SearchError> {
    // What would only be noticed after an hour is looked at first.
    let space = named_space(&plan.preset.space)?.resolve()?;
    let baselines = named_space(plan.preset.baseline_space())?.resolve()?;
    if (baselines.input(), baselines.classes()) != (space.input(), space.classes()) {
        return Err(SearchError::Setting {
            name: "baselines",
            value: plan.preset.baseline_space().to_owned(),
            expected: "a space for images and classes as those of `space`",
        });
    }
    check_images(&open_images(&plan.data, space.input())?.train, space.input(), space.classes())?;
    for (_, path) in models {
        LatencyModel::read(path)?;
    }
    device_models(plan, models)?;
    create(&plan.folder)?;
    let settings = Settings { preset: plan.preset.clone(), data: plan.data.clone() };
    keep_settings(&plan.folder.join("study.json"), "tailor-study-settings", 1, &settings)?;
    for (device, path) in device_models(plan, models)? {
        take_model(&plan.model(device), path)?;
    }
    let stages = Stages { programs, folder: &plan.folder, watcher };
    stages.run("baselines", &plan.baselines(), 1)?;
    networks::list_baseline_ops(plan)?;
    let profiled = networks::profiled(plan, &space)?;
    // Nothing else may run while something is measured.
    stages.run("measure the space", &plan.profiling(&profiled), 1)?;
    stages.run("fit", &plan.fitting(), 1)?;
    // Neither waits for the other.
    let both = [plan.baseline_trainings(), plan.searches()].concat();
    stages.run("train the baselines, search", &both, plan.preset.jobs)?;
    networks::derive(plan, &space)?;
    networks::derive_without_latency_loss(plan)?;
    stages.run("train", &plan.trainings(), plan.preset.jobs)?;
    let onnx = networks::export(plan)?;
    stages.run("measure the networks", &plan.measuring(&onnx), 1)?;
    let findings = Findings::of(plan, &space)?;
    let goals = goals(&findings);
    let text = markdown(&findings, &goals);
    write_atomic(&plan.folder.join("report.md"), |writer| writer.write_all(text.as_bytes()))?;
    let report = Report { findings: &findings, goals: &goals };
    write_document(&plan.folder.join("report.json"), "tailor-study-report", 3, &report)?;
    Ok(text)
}

/// The devices that models are given of.
fn device_models<'a>(
    plan: &'a Plan,
    models: &'a [(String, PathBuf)],
) -> Result<Vec<(&'a StudyDevice, &'a Path)>, SearchError> {
    let find = |(name, path): &'a (String, PathBuf)| {
        let found = plan.preset.devices.iter().find(|device| device.name == *name);
        let value = name.clone();
        let expected = "the name of a device in the preset";
        found.map(|device| (device, path.as_path())).ok_or(SearchError::Setting {
            name: "model",
            value,
            expected,
        })
    };
    models.iter().map(find).collect()
}

/// Copies a latency model that was made before into the study, unless there is one.
fn take_model(copy: &Path, path: &Path) -> Result<(), SearchError> {
    if copy.exists() {
        return Ok(());
    }
    let text = read_text(path)?;
    create(copy.parent().unwrap_or(copy))?;
    Ok(write_atomic(copy, |writer| writer.write_all(text.as_bytes()))?)
}

fn create(folder: &Path) -> Result<(), SearchError> {
    std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source }.into())
}
