//! `predictor zoo`: a folder of networks, predicted beside what was measured of them.

mod machine;
mod measure;
mod measured;
mod report;
mod scorecard;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use profiler::record::ReadError;
use serde_json::json;

use super::subject::{is_network, read_network};
use super::{Leniency, any_model::AnyModel, input_args::InputArgs, note_emulated, output};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::onnx::{OnnxNetwork, Unknown, Width};
use machine::Normalization;
use measure::Measuring;
use measured::Measured;
use scorecard::{Entry, Predicted, Scorecard};

/// Predicts a folder of networks beside their measured latencies, and says what the predictions are worth.
#[derive(Debug, Args)]
#[command(
    after_help = "Networks that the model was fitted on are shown, but no figure is of them. A network that cannot be read, \
                  predicted or measured costs its own line.\n\nExample:\n  predictor zoo run/model.json networks --measured \
                  run/networks.csv\n  predictor zoo run/model.json networks --measure -o run/zoo"
)]
pub(super) struct Zoo {
    /// The model (JSON).
    model: PathBuf,
    /// Folder of networks (.onnx, .tflite).
    folder: PathBuf,
    /// A table with measured networks of the folder, each by its file's name; may be given several times.
    #[arg(long, value_name = "TABLE")]
    measured: Vec<PathBuf>,
    /// Divide what a table measured by how much slower the machine was than when the model's table was measured, as anchors say, or else
    /// what each session's references took.
    #[arg(long)]
    normalize: bool,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    measuring: Measuring,
    #[command(flatten)]
    leniency: Leniency,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// A network's file.
pub(super) struct NetworkFile {
    name: String,
    path: PathBuf,
}

impl Zoo {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let AnyModel::Ops(model) = AnyModel::read(&self.model)? else {
            let value = format!("{}, of NAS-Bench-201 networks", self.model.display());
            return Err(PredictorError::Option { option: "MODEL", value, expected: "a model of ops" }.into());
        };
        let (files, mut inputs) = (networks(&self.folder)?, self.inputs.read()?);
        let read = files.iter().map(|file| read_network(&file.name, &file.path, &mut inputs));
        let read: Vec<Result<OnnxNetwork, PredictorError>> = read.collect();
        inputs.check().map_err(PredictorError::from)?;
        let mut tables = self.measured.clone();
        if self.measuring.is_asked() {
            // What cannot be read would end the measurement of all.
            let readable = files.iter().zip(&read).filter(|(_, read)| read.is_ok());
            let readable: Vec<&NetworkFile> = readable.map(|(file, _)| file).collect();
            let more = self.inputs.for_profiler();
            tables.push(self.measuring.measure(&readable, (&self.model, &model), &self.leniency, more)?);
        }
        let normalization = if self.normalize { Normalization::ByMachine } else { Normalization::AsMeasured };
        let measured = Measured::read(&tables, &model, &self.leniency, normalization)?;
        let entry = |(file, read): (&NetworkFile, Result<OnnxNetwork, PredictorError>)| {
            let mut entry = entry(&model, file, read);
            measured.put_beside(&model, &mut entry);
            entry
        };
        let entries: Vec<Entry> = files.iter().zip(read).map(entry).collect();
        let card = Scorecard::of(&entries);
        note_emulated(model.conditions());
        if self.json {
            let machine = measured.machine();
            return output::json(&json!({"networks": entries, "scorecard": card, "machine": machine}));
        }
        Ok(report::report(&entries, &card, measured.machine()))
    }
}

/// The networks of a folder in the order of their names.
fn networks(folder: &Path) -> Result<Vec<NetworkFile>, PredictorError> {
    let io = |source| ReadError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for found in fs::read_dir(folder).map_err(io)? {
        let path = found.map_err(io)?.path();
        if is_network(&path) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push(NetworkFile { name, path });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if files.is_empty() {
        let reason = "no networks in it; expected files that end in .onnx or .tflite".to_owned();
        return Err(ReadError::Content { path: folder.to_owned(), reason }.into());
    }
    Ok(files)
}

/// What is predicted of a network; what cannot be is said in its entry.
fn entry(model: &LatencyModel, file: &NetworkFile, network: Result<OnnxNetwork, PredictorError>) -> Entry {
    let mut entry = Entry {
        network: file.name.clone(),
        measured_ms: None,
        predicted: None,
        failed: None,
        guessed: None,
        is_fitted: false,
        layers: None,
    };
    let predict = |network: &OnnxNetwork, unknown| {
        model.predict_onnx(network, unknown)?.within(Width::Useful, &model.device_name())
    };
    let network = match network {
        Ok(network) => network,
        Err(error) => return Entry { failed: Some(error.to_string()), ..entry },
    };
    let report = match predict(&network, Unknown::Refuse) {
        Err(unmeasured @ PredictorError::Unmeasured { .. }) => {
            entry.guessed = Some(unmeasured.to_string());
            predict(&network, Unknown::Guess)
        }
        report => report,
    };
    match report {
        Ok(report) => {
            let [latency_ms, low_ms, high_ms] =
                [report.prediction.latency, report.prediction.low, report.prediction.high]
                    .map(profiler::spec::Latency::ms);
            entry.predicted = Some(Predicted { latency_ms, low_ms, high_ms });
        }
        Err(error) => entry.failed = Some(error.to_string()),
    }
    entry
}
