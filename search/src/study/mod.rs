//! The whole comparison: searched networks against baselines, with and without the latency loss, on several devices.
//!
//! A study is a list of stages, each a command of the toolkit that writes a file; what is written is not done again.

mod curve;
mod findings;
mod goals;
mod markdown;
mod networks;
mod plan;
mod preset;
mod stage;

use std::path::{Path, PathBuf};

use profiler::{
    record::{WriteError, read_text, write_atomic, write_document},
    spec::{SearchSpace, SpaceFile, SpecError},
};
use serde::{Deserialize, Serialize};

pub use curve::{Cost, Curve, Spread};
pub use findings::{Baseline, Costs, DeviceFindings, Findings, Held, OnDevice, SpeedUp};
pub use goals::{Goal, goals};
pub use markdown::markdown;
pub use plan::{Origin, Plan, Trained};
pub use preset::{StudyDevice, StudyPreset};
pub use stage::{Stage, StageTime, Stages};

use crate::{SearchError, programs::Programs, settings::keep_settings, watch::Watcher};

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

/// Runs a study, or goes on with one; the report as Markdown, which also goes into the folder, as `report.md` and
/// `report.json`.
///
/// `models` are finished latency models of devices, by name: these are not measured again.
///
/// # Errors
/// [`SearchError`] of the stage that failed; [`SearchError::Stopped`].
pub fn study(
    plan: &Plan,
    models: &[(String, PathBuf)],
    programs: &Programs,
    watcher: &dyn Watcher,
) -> Result<String, SearchError> {
    let space = space(&plan.preset.space)?;
    create(&plan.folder)?;
    let settings = Settings { preset: plan.preset.clone(), data: plan.data.clone() };
    keep_settings(&plan.folder.join("study.json"), "tailor-study-settings", 1, &settings)?;
    take_models(plan, models)?;
    let stages = Stages { programs, folder: &plan.folder, watcher };
    // Nothing else may run while something is measured.
    stages.run("measure the space", &plan.profiling(), 1)?;
    stages.run("fit", &plan.fitting(), 1)?;
    stages.run("baselines", &plan.baselines(), 1)?;
    stages.run("search", &plan.searches(), plan.preset.jobs)?;
    networks::derive(plan, &space)?;
    stages.run("train", &plan.trainings(), plan.preset.jobs)?;
    let onnx = networks::export(plan)?;
    stages.run("measure the networks", &plan.measuring(&onnx), 1)?;
    let findings = Findings::of(plan, &space)?;
    let goals = goals(&findings);
    let text = markdown(&findings, &goals);
    write_atomic(&plan.folder.join("report.md"), |writer| writer.write_all(text.as_bytes()))?;
    let report = Report { findings: &findings, goals: &goals };
    write_document(&plan.folder.join("report.json"), "tailor-study-report", 1, &report)?;
    Ok(text)
}

/// The space of this name, or in this `.toml` file.
fn space(name: &str) -> Result<SearchSpace, SearchError> {
    let file = match SpaceFile::built_in(name) {
        Err(SpecError::UnknownSpace(_)) if name.ends_with(".toml") => {
            SpaceFile::parse(&read_text(Path::new(name))?)?
        }
        other => other?,
    };
    Ok(file.resolve()?)
}

/// Copies latency models that were made before into the study.
fn take_models(plan: &Plan, models: &[(String, PathBuf)]) -> Result<(), SearchError> {
    for (name, path) in models {
        let Some(device) = plan.preset.devices.iter().find(|device| device.name == *name) else {
            let known: Vec<_> = plan.preset.devices.iter().map(|device| device.name.as_str()).collect();
            let value = name.clone();
            eprintln!("note: the preset's devices are {}", known.join(", "));
            return Err(SearchError::Setting {
                name: "device of --model",
                value,
                expected: "a device of the preset",
            });
        };
        let text = read_text(path)?;
        let copy = plan.model(device);
        if copy.exists() {
            continue;
        }
        create(copy.parent().unwrap_or(&plan.folder))?;
        write_atomic(&copy, |writer| writer.write_all(text.as_bytes()))?;
    }
    Ok(())
}

fn create(folder: &Path) -> Result<(), SearchError> {
    std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source }.into())
}
