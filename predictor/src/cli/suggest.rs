//! `predictor suggest`: what to measure on a new device.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use profiler::record::{
    Level, ModelInputs, ReadError, WriteError, read_table, read_text, write_architecture,
};
use profiler::spec::{Architecture, SearchSpace, SpaceFile, SpecError};
use rand::SeedableRng;
use rand_pcg::Pcg64;
use serde_json::json;

use super::output::{self, percent, table};
use super::subject::read_network;
use super::transfer::KnownDevices;
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::nasbench201::{Cell, Prior, Suggestion, suggest};
use crate::onnx::{NetworkSuggestion, suggest_networks};
use crate::op::OpModel;
use crate::rows::Sample;
use crate::transfer::{OpPrior, OpSuggestion, suggest_ops};
use crate::whole::{self, FbNet, Space, WholeModel, WholeNetwork, WholeSuggestion};
use crate::work::OpEntry;

/// Networks that are drawn to choose from.
const DRAWN: usize = 1000;

/// Chooses which ops or networks to measure on a new device, most informative first.
#[derive(Debug, Args)]
#[command(
    after_help = "Chosen one by one: the op or network that takes most off what is not known of all, for what measuring it \
                  costs. With models of ops, stdout has one op key per line, as `profiler run --ops -` reads them, and stderr \
                  how much is known after each.\n\nExample:\n  predictor suggest --prior a.json --prior b.json -n 10\n  \
                  predictor suggest --prior a.json -n 20 | profiler run --ops - -o few.csv"
)]
pub(super) struct Suggest {
    /// A model of a known device (JSON): one or more; at least two of NAS-Bench-201 networks.
    #[arg(long, required = true, value_name = "MODEL")]
    prior: Vec<PathBuf>,
    /// How many ops or networks.
    #[arg(short, default_value_t = 10)]
    n: usize,
    /// What a measurement costs beside its runs, in times what an op's or a network's runs take on average.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    fixed_cost: f64,
    /// Ops to choose from: a file with one key per line; without it, the ops of a space or of all known devices.
    #[arg(long, value_name = "FILE", conflicts_with = "space")]
    ops: Option<PathBuf>,
    /// A space whose ops or networks to choose from: proxylessnas-mobile, proxylessnas-small, proxylessnas-wide, proxylessnas-fine or a
    /// file (.toml).
    #[arg(long, value_name = "SPACE")]
    space: Option<String>,
    /// A network (.onnx, .tflite) that one cares about: chooses random networks to measure, so that most becomes known of it by a model
    /// that was fitted on others of `profiler run --sample-networks`; may be given several times.
    #[arg(long, value_name = "NETWORK", conflicts_with_all = ["ops", "space", "measured"])]
    networks: Vec<PathBuf>,
    /// Random networks to choose from.
    #[arg(long, value_name = "COUNT", default_value_t = 66)]
    pool: usize,
    /// Seed of the random networks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A table of the new device with what is measured already; may be given several times.
    #[arg(long, value_name = "TABLE")]
    measured: Vec<PathBuf>,
    /// A folder for the chosen networks: of --networks as models (.onnx), for `profiler model`; of --space as architecture files,
    /// of which `profiler export` makes models.
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// A JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

impl Suggest {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        if !(self.fixed_cost.is_finite() && self.fixed_cost > 0.0) {
            let (option, value) = ("--fixed-cost", self.fixed_cost.to_string());
            return Err(PredictorError::Option { option, value, expected: "a number above 0" }.into());
        }
        if self.output.is_some() && self.space.is_none() && self.networks.is_empty() {
            let (option, value) = ("--output", "given without --space or --networks".to_owned());
            return Err(PredictorError::Option { option, value, expected: "a list on stdout" }.into());
        }
        let known = KnownDevices::read(&self.prior)?;
        let is_of_ops = matches!(known, KnownDevices::Ops(_));
        if !is_of_ops && (self.ops.is_some() || !self.measured.is_empty() || !self.networks.is_empty()) {
            let (option, value) = ("--ops, --measured or --networks", "given for whole networks".to_owned());
            return Err(PredictorError::Option { option, value, expected: "models of ops" }.into());
        }
        match known {
            KnownDevices::Ops(known) if !self.networks.is_empty() => self.suggest_networks(&known),
            KnownDevices::Ops(known) => self.suggest_ops(&known),
            KnownDevices::Cells(prior) => self.suggest_cells(&prior),
            KnownDevices::Whole(known) => self.suggest_whole(&known),
        }
    }

    fn suggest_cells(&self, prior: &Prior) -> anyhow::Result<String> {
        if self.space.is_some() {
            let value = "given for NAS-Bench-201 networks".to_owned();
            return Err(PredictorError::Option { option: "--space", value, expected: "no space" }.into());
        }
        let pool: Vec<Cell> = Cell::all().collect();
        let chosen = suggest(prior, &pool, self.n, self.fixed_cost);
        if self.json {
            let value = |s: &Suggestion| json!({"subject": s.cell.to_string(), "left": s.left, "relative_latency": s.relative_latency});
            return output::json(&chosen.iter().map(value).collect::<Vec<_>>());
        }
        let mut lines = table(["network", "latency / mean", "not known after it"]);
        for s in &chosen {
            lines.add_row([s.cell.to_string(), format!("{:.2}", s.relative_latency), percent(s.left)]);
        }
        Ok(lines.to_string())
    }

    fn suggest_whole(&self, known: &[WholeModel]) -> anyhow::Result<String> {
        let known: Vec<&WholeModel> = known.iter().collect();
        let drawn = self.draw(known.first().map_or(Space::Ops, |first| first.space))?;
        let pool: Vec<WholeNetwork> = drawn.iter().map(|(network, _)| network.clone()).collect();
        let chosen =
            whole::suggest_networks(&known, &pool, self.n, self.fixed_cost).map_err(PredictorError::from)?;
        if let Some(folder) = &self.output {
            let wrong = |source| ReadError::Io { path: folder.clone(), source };
            std::fs::create_dir_all(folder).map_err(wrong).map_err(PredictorError::from)?;
            for suggestion in &chosen {
                let (WholeNetwork { key, .. }, Some(network)) = &drawn[suggestion.index] else { continue };
                let path = folder.join(format!("{key}.json"));
                write_architecture(&path, network).map_err(PredictorError::from)?;
            }
        }
        if self.json {
            let value = |s: &WholeSuggestion| json!({"subject": pool[s.index].key, "left": s.left, "relative_latency": s.relative_latency});
            return output::json(&chosen.iter().map(value).collect::<Vec<_>>());
        }
        let mut lines = table(["network", "latency / mean", "not known after it"]);
        for s in &chosen {
            lines.add_row([pool[s.index].key.clone(), format!("{:.2}", s.relative_latency), percent(s.left)]);
        }
        Ok(lines.to_string())
    }

    /// Networks to choose from, by chance.
    fn draw(&self, space: Space) -> Result<Vec<(WholeNetwork, Option<Architecture>)>, PredictorError> {
        let mut generator = Pcg64::seed_from_u64(0);
        match (space, &self.space) {
            (Space::FbNet, Some(space)) => {
                let value = format!("`{space}`, and the known devices' networks are FBNet's");
                Err(PredictorError::Option { option: "--space", value, expected: "no space" })
            }
            (Space::FbNet, None) => {
                let network = |_| (WholeNetwork::fbnet(&FbNet::random(&mut generator)), None);
                Ok((0..DRAWN).map(network).collect())
            }
            (Space::Ops, Some(name)) => {
                let space = read_space(name)?;
                let network = |_| {
                    let network = space.network(space.name(), &space.random_choices(&mut generator))?;
                    Ok::<_, PredictorError>((WholeNetwork::of_ops(&network), Some(network)))
                };
                (0..DRAWN).map(network).collect()
            }
            (Space::Ops, None) => {
                let value = "not given, and the known devices' models are of networks of ops".to_owned();
                Err(PredictorError::Option { option: "--space", value, expected: "a space to draw from" })
            }
        }
    }

    fn suggest_ops(&self, known: &[LatencyModel]) -> anyhow::Result<String> {
        let models: Vec<&OpModel> = known.iter().map(LatencyModel::ops).collect();
        let pool: Vec<Sample> = self.pool(&models)?.into_iter().map(|op| Sample::of(op, 1.0, 1.0)).collect();
        let mut measured = Vec::new();
        for table in &self.measured {
            let rows = read_table(table).map_err(PredictorError::from)?;
            measured.extend(rows.into_iter().filter(|row| row.level == Level::Op).map(|row| row.subject));
        }
        let ops = pool.iter().map(|op| (op.kind(), &op.features));
        let prior = OpPrior::new(&models, ops).map_err(PredictorError::from)?;
        let chosen =
            suggest_ops(&prior, &pool, &measured, self.n, self.fixed_cost).map_err(PredictorError::from)?;
        if self.json {
            let value = |s: &OpSuggestion| json!({"subject": s.key, "left": s.left, "relative_latency": s.relative_latency});
            return output::json(&chosen.iter().map(value).collect::<Vec<_>>());
        }
        for s in &chosen {
            profiler::note!("{:7} not known after {}", percent(s.left), s.key);
        }
        Ok(chosen.into_iter().map(|s| s.key).collect::<Vec<_>>().join("\n"))
    }

    fn suggest_networks(&self, known: &[LatencyModel]) -> anyhow::Result<String> {
        let [model] = known else {
            let value = format!("given {} times", known.len());
            return Err(PredictorError::Option { option: "--prior", value, expected: "one model" }.into());
        };
        let read = |path: &PathBuf| {
            let read = read_network(&path.display().to_string(), path, &mut ModelInputs::default());
            read.map(|(network, _)| network)
        };
        let targets = self.networks.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let chosen = suggest_networks(model, &targets, (self.n, self.pool, self.seed))?;
        if let Some(folder) = &self.output {
            let io = |path: PathBuf| move |source| WriteError { path, source };
            std::fs::create_dir_all(folder).map_err(io(folder.clone())).map_err(PredictorError::from)?;
            for NetworkSuggestion { network, .. } in &chosen {
                let path = folder.join(format!("{}.onnx", network.name));
                std::fs::write(&path, &network.onnx).map_err(io(path)).map_err(PredictorError::from)?;
            }
        }
        if self.json {
            let value = |s: &NetworkSuggestion| json!({"network": s.network.name, "style": s.network.style, "left": s.left});
            return output::json(&chosen.iter().map(value).collect::<Vec<_>>());
        }
        for s in &chosen {
            profiler::note!("{:7} not known after {}", percent(s.left), s.network.name);
        }
        Ok(chosen.into_iter().map(|s| s.network.name).collect::<Vec<_>>().join("\n"))
    }

    /// The ops to choose from.
    fn pool(&self, known: &[&OpModel]) -> Result<Vec<OpEntry>, PredictorError> {
        let ops = match (&self.ops, &self.space) {
            (Some(file), _) => read_keys(file)?,
            (None, Some(space)) => read_space(space)?.distinct_ops().iter().map(OpEntry::from).collect(),
            (None, None) => {
                // Only those that none of the known devices has to guess.
                let keys = |model: &&OpModel| model.measured.keys().cloned().collect::<BTreeSet<String>>();
                let mut all = known.iter().map(keys);
                let first = all.next().unwrap_or_default();
                let common = all.fold(first, |common, keys| common.intersection(&keys).cloned().collect());
                common.iter().map(|key| Ok(key.parse()?)).collect::<Result<_, PredictorError>>()?
            }
        };
        if ops.is_empty() {
            let (option, value) =
                ("--ops", "not given, and no op was measured on all known devices".to_owned());
            return Err(PredictorError::Option { option, value, expected: "a file of ops, or --space" });
        }
        Ok(ops)
    }
}

fn read_space(space: &str) -> Result<SearchSpace, PredictorError> {
    let file = match SpaceFile::built_in(space) {
        Err(SpecError::UnknownSpace(_)) if space.ends_with(".toml") => {
            let path = Path::new(space);
            let wrong = |e: SpecError| ReadError::Content { path: path.to_owned(), reason: e.to_string() };
            SpaceFile::parse(&read_text(path)?).map_err(wrong)?
        }
        other => other?,
    };
    Ok(file.resolve()?)
}

fn read_keys(file: &Path) -> Result<Vec<OpEntry>, PredictorError> {
    let mut keys = BTreeSet::new();
    let text = read_text(file)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let op = |(index, line): (usize, &str)| {
        let (path, number) = (file.to_owned(), index as u64 + 1);
        let wrong = |e: SpecError| ReadError::Line { path, line: number, reason: e.to_string() };
        line.trim().parse::<OpEntry>().map_err(wrong)
    };
    let ops = lines.map(op).collect::<Result<Vec<_>, _>>()?;
    Ok(ops.into_iter().filter(|op| keys.insert(op.key.clone())).collect())
}
