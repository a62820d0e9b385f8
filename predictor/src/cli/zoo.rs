//! `predictor zoo`: a folder of networks, predicted beside what was measured of them.

mod measure;
mod measured;
mod report;
mod scorecard;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use profiler::onnx::{InputShapes, read_input_shapes};
use profiler::record::{ReadError, read_text};
use serde_json::json;

use super::{Leniency, any_model::AnyModel, note_emulated, output};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::onnx::{OnnxNetwork, Unknown, Width};
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
    /// Folder of networks (.onnx).
    folder: PathBuf,
    /// A table with measured networks of the folder, each by its file's name; may be given several times.
    #[arg(long, value_name = "TABLE")]
    measured: Vec<PathBuf>,
    /// Sizes of inputs that networks leave open: a file with a network's name and its sizes in each line.
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
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
    /// As they are given.
    sizes: Vec<String>,
}

impl Zoo {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let AnyModel::Ops(model) = AnyModel::read(&self.model)? else {
            let value = format!("{}, of NAS-Bench-201 networks", self.model.display());
            return Err(PredictorError::Option { option: "MODEL", value, expected: "a model of ops" }.into());
        };
        let files = networks(&self.folder, self.sizes.as_deref())?;
        let read: Vec<Result<OnnxNetwork, PredictorError>> = files.iter().map(NetworkFile::read).collect();
        let mut tables = self.measured.clone();
        if self.measuring.is_asked() {
            // What cannot be read would end the measurement of all.
            let readable = files.iter().zip(&read).filter(|(_, read)| read.is_ok());
            let readable: Vec<&NetworkFile> = readable.map(|(file, _)| file).collect();
            tables.extend(self.measuring.measure(&readable, &model)?);
        }
        let measured = Measured::read(&tables, &model, &self.leniency)?;
        let entry = |(file, read): (&NetworkFile, Result<OnnxNetwork, PredictorError>)| {
            let mut entry = entry(&model, file, read);
            measured.put_beside(&model, &mut entry);
            entry
        };
        let entries: Vec<Entry> = files.iter().zip(read).map(entry).collect();
        let card = Scorecard::of(&entries);
        note_emulated(model.conditions());
        if self.json {
            return output::json(&json!({"networks": entries, "scorecard": card}));
        }
        Ok(report::report(&entries, &card))
    }
}

/// The networks of a folder in the order of their names.
fn networks(folder: &Path, sizes: Option<&Path>) -> Result<Vec<NetworkFile>, PredictorError> {
    let mut given = sizes.map(read_sizes).transpose()?.unwrap_or_default();
    let io = |source| ReadError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for found in fs::read_dir(folder).map_err(io)? {
        let path = found.map_err(io)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push(NetworkFile { sizes: given.remove(&name).unwrap_or_default(), name, path });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if files.is_empty() {
        let reason = "no networks in it; expected files that end in .onnx".to_owned();
        return Err(ReadError::Content { path: folder.to_owned(), reason }.into());
    }
    Ok(files)
}

/// Sizes by the network's name.
fn read_sizes(file: &Path) -> Result<BTreeMap<String, Vec<String>>, PredictorError> {
    let mut sizes = BTreeMap::new();
    for line in read_text(file)?.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut words = line.split_whitespace().map(str::to_owned);
        if let Some(name) = words.next() {
            sizes.insert(name, words.collect());
        }
    }
    Ok(sizes)
}

impl NetworkFile {
    fn read(&self) -> Result<OnnxNetwork, PredictorError> {
        let inputs: InputShapes = read_input_shapes(&self.sizes).map_err(PredictorError::InputShape)?;
        let bytes =
            fs::read(&self.path).map_err(|source| ReadError::Io { path: self.path.clone(), source })?;
        OnnxNetwork::read(&self.name, &bytes, &inputs)
    }
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
