//! `predictor zoo`: a folder of networks, predicted beside what was measured of them.

mod machine;
mod measure;
mod measured;
mod report;
mod scorecard;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use profiler::cli::{InputArgs, note_unused};
use profiler::record::ReadError;
use serde_json::json;

use super::subject::{is_network, read_network};
use super::{Leniency, any_model::AnyModel, note_emulated, output};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::onnx::{OnnxNetwork, Unknown, Width};
use machine::Normalization;
use measure::{Measuring, measurable};
use measured::{Measured, is_foreign};
use scorecard::{Entry, Predicted, Scorecard};

/// Predicts a folder of networks beside their measured latencies, and says what the predictions are worth.
#[derive(Debug, Args)]
#[command(
    after_help = "Networks that the model was fitted on are shown, but no figure is of them. A network that cannot be read, \
                  predicted or measured costs its own line, and the exit code is 1.\n\nExample:\n  predictor zoo run/model.json networks --measured \
                  run/networks.csv\n  predictor zoo run/model.json networks --measure -o run/zoo"
)]
pub(super) struct Zoo {
    /// The model (JSON).
    model: PathBuf,
    /// Folder of networks (.onnx, .tflite).
    folder: PathBuf,
    /// A table with measured networks of the folder, each by what the profiler calls it with the sizes and values given here, or by its
    /// file's name; may be given several times.
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

/// A network with what tables of the profiler call it, or why it cannot be read.
type Read = Result<(OnnxNetwork, String), PredictorError>;

/// A network's file, called as it is without its ending; with it, where another's differs in that alone.
pub(super) struct NetworkFile {
    name: String,
    path: PathBuf,
}

impl Zoo {
    /// Prints the networks and the scorecard.
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let AnyModel::Ops(model) = AnyModel::read(&self.model)? else {
            let value = format!("{}, of NAS-Bench-201 networks", self.model.display());
            return Err(PredictorError::Option { option: "MODEL", value, expected: "a model of ops" }.into());
        };
        let files = networks(&self.folder)?;
        let read = self.read(&files)?;
        let alike = called_alike(&read);
        let (mut tables, mut refused) = (self.measured.clone(), BTreeMap::new());
        if self.measuring.is_asked() {
            let readable =
                files.iter().zip(&read).filter_map(|(file, read)| Some((file, read.as_ref().ok()?)));
            let mut readable: Vec<_> = readable.filter(|(_, (_, key))| !alike.contains(key)).collect();
            readable.sort_by(|(_, (_, a)), (_, (_, b))| a.cmp(b));
            // What Tailor exported twice is one network.
            readable.dedup_by(|(_, (_, a)), (_, (_, b))| a == b);
            let (chosen, inputs, reasons) =
                measurable(readable.into_iter().map(|(file, _)| file), self.inputs.read::<PredictorError>()?);
            let more = self.inputs.words(&inputs);
            tables.push(self.measuring.measure(&chosen, (&self.model, &model), &self.leniency, more)?);
            refused = reasons;
        }
        let normalization = if self.normalize { Normalization::ByMachine } else { Normalization::AsMeasured };
        let measured = Measured::read(&tables, &model, &self.leniency, normalization)?;
        let entry = |(file, read): (&NetworkFile, Read)| {
            let key = read.as_ref().ok().map(|(_, key)| key.clone());
            let mut entry = entry(&model, file, read.map(|(network, _)| network));
            match key {
                Some(key) if alike.contains(&key) => {
                    entry.unmatched =
                        Some(format!("other networks of the folder are called `{key}` as well: rename it"));
                }
                Some(key) => measured.put_beside(&model, &key, &mut entry),
                None => {}
            }
            entry.unmatched = refused.remove(&file.name).or(entry.unmatched);
            entry
        };
        let entries: Vec<Entry> = files.iter().zip(read).map(entry).collect();
        let card = Scorecard::of(&entries);
        note_emulated(model.conditions());
        let machine = measured.machine();
        output::print(if self.json {
            output::json(&json!({"networks": entries, "scorecard": card, "machine": machine}))?
        } else {
            report::report(&entries, &card, machine)
        })?;
        let is_lost = |entry: &&Entry| {
            entry.failed.is_some() || (self.measuring.is_asked() && entry.measured_ms.is_none())
        };
        match entries.iter().filter(is_lost).map(|entry| entry.network.clone()).collect::<Vec<_>>() {
            none if none.is_empty() => Ok(()),
            networks => Err(PredictorError::Lost { networks }.into()),
        }
    }

    /// Each network, with what tables call it. One that cannot be read costs no other.
    fn read(&self, files: &[NetworkFile]) -> anyhow::Result<Vec<Read>> {
        let (mut inputs, mut is_any_unread, mut all) =
            (self.inputs.read::<PredictorError>()?, false, Vec::new());
        for file in files {
            let before = inputs.models();
            all.push(read_network(&file.name, &file.path, &mut inputs));
            is_any_unread |= inputs.models() == before;
        }
        match inputs.check() {
            // It may be for the one whose inputs nobody knows.
            Err(error) if is_any_unread => profiler::note!("note: {}", profiler::explain(&error)),
            checked => checked.map_err(PredictorError::from)?,
        }
        note_unused(&inputs);
        Ok(all)
    }
}

/// Keys that several files of other tools have, so that a table's row may be of either.
fn called_alike(read: &[Read]) -> BTreeSet<String> {
    let (mut met, mut alike) = (BTreeSet::new(), BTreeSet::new());
    for (_, key) in read.iter().flatten().filter(|(_, key)| is_foreign(key)) {
        if !met.insert(key) {
            alike.insert(key.clone());
        }
    }
    alike
}

/// The networks of a folder in the order of their names.
fn networks(folder: &Path) -> Result<Vec<NetworkFile>, PredictorError> {
    let io = |source| ReadError::Io { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for found in fs::read_dir(folder).map_err(io)? {
        let path = found.map_err(io)?.path();
        if is_network(&path) {
            paths.push(path);
        }
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    paths.iter().for_each(|path| *named.entry(stem(path)).or_default() += 1);
    let file = |path: PathBuf| {
        let name = match stem(&path) {
            stem if named[&stem] == 1 => stem,
            _ => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        NetworkFile { name, path }
    };
    let mut files: Vec<NetworkFile> = paths.into_iter().map(file).collect();
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
        unmatched: None,
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
