//! New devices from twenty networks of FBNet's space, other devices known.
//!
//! Tasks, known and new devices: Akhauri and Abdelfattah, On Latency Predictors for Neural Architecture Search, MLSys 2024,
//! arXiv:2403.02446, without devices that a table does not have.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Entry, Figure, Finding, Goal};
use crate::error::PredictorError;
use crate::import::{Source, Subject};
use crate::learn::rank_correlation;
use crate::whole::{FbNet, Space, WholeModel, WholeNetwork, WholeSample, suggest_networks};

pub(super) const ENTRY: Entry = Entry {
    file: "fbnet_*",
    what: "of several devices: networks, new devices from 20 of them",
    fits: |columns| columns.iter().filter(|column| super::is_latency(column)).count() > 1,
    task: new_devices,
    pairs: None,
};

/// Networks measured on the new device.
const TWENTY: usize = 20;
/// Draws of as many by chance, and of as many to choose twenty from: in a task, and where every device is left out.
const DRAWS: u64 = 20;
const FEWER_DRAWS: u64 = 4;
const CHOSEN_FROM: usize = 1000;

/// What the name of a GPU's column begins with.
const GPUS: [&str; 3] = ["1080ti", "2080ti", "titan"];

struct Task {
    name: &'static str,
    known: &'static [&'static str],
    new: &'static [&'static str],
    /// With twenty by chance, and with twenty suggested.
    goals: [f64; 2],
}

const TASKS: [Task; 4] = [
    Task {
        name: "F2",
        known: &["essential_ph_1", "gold_6226", "gold_6240", "pixel3"],
        new: &["1080ti_1", "1080ti_32", "2080ti_32", "titan_rtx_1", "titanxp_1"],
        goals: [0.95, 0.96],
    },
    Task {
        name: "F3",
        known: &["essential_ph_1", "pixel3", "samsung_s7"],
        new: &["1080ti_1", "1080ti_32", "2080ti_1", "titan_rtx_1", "titan_rtx_32"],
        goals: [0.95, 0.96],
    },
    Task {
        name: "F4",
        known: &[
            "2080ti_1",
            "gold_6226",
            "gold_6240",
            "samsung_s7",
            "silver_4210r",
            "titan_rtx_1",
            "titan_rtx_32",
        ],
        new: &["1080ti_1", "essential_ph_1"],
        goals: [0.84, 0.85],
    },
    Task {
        name: "F5",
        known: &GPUS,
        new: &["gold_6226", "essential_ph_1", "samsung_s7"],
        goals: [0.80, 0.81],
    },
];

/// A device of the table: its latencies, and a model of all of them.
struct Device {
    name: String,
    latencies_ms: Vec<f64>,
    model: WholeModel,
}

fn new_devices(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let mut networks: Vec<WholeNetwork> = Vec::new();
    let mut devices = Vec::new();
    for column in bench.latencies(table)? {
        bench.say(&format!("{table}: {column}, all networks"));
        let (kind, latency_column) = (Some("fbnet".to_owned()), Some(column.clone()));
        let rows = bench.read(table, "csv", Source { kind, latency_column, ..Source::default() })?.rows;
        let read = |subject: &Subject| subject.key().parse::<FbNet>().ok();
        let samples: Vec<WholeSample> = rows
            .iter()
            .filter_map(|row| {
                let network = WholeNetwork::fbnet(&read(&row.subject)?);
                Some(WholeSample { network, latency_ms: row.latency_ms })
            })
            .collect();
        let model = WholeModel::fit(Space::FbNet, &samples)?;
        let latencies_ms = samples.iter().map(|sample| sample.latency_ms).collect();
        networks = samples.into_iter().map(|sample| sample.network).collect();
        devices.push(Device { name: column.trim_end_matches("_ms").to_owned(), latencies_ms, model });
    }
    let mut findings = Vec::new();
    for task in &TASKS {
        findings.extend(task.findings(bench, table, &networks, &devices)?);
    }
    findings.extend(each_left_out(bench, table, &networks, &devices)?);
    Ok(findings)
}

impl Task {
    fn findings(
        &self,
        bench: &Bench<'_>,
        table: &str,
        networks: &[WholeNetwork],
        devices: &[Device],
    ) -> Result<Vec<Finding>, PredictorError> {
        let is_known = |device: &&Device| {
            self.known
                .iter()
                .any(|name| device.name == *name || GPUS.contains(name) && device.name.starts_with(name))
        };
        let known: Vec<&Device> = devices.iter().filter(is_known).collect();
        let new: Vec<&Device> =
            devices.iter().filter(|device| self.new.contains(&device.name.as_str())).collect();
        if known.is_empty() || new.is_empty() {
            return Ok(Vec::new());
        }
        let mut sums = [0.0; 3];
        for device in &new {
            bench.say(&format!("{table}: {}, {} as the new device", self.name, device.name));
            let found = ranks(bench, networks, &known, device, DRAWS)?;
            sums.iter_mut().zip(found).for_each(|(sum, rank)| *sum += rank / new.len() as f64);
        }
        let task = format!("{}, mean of {DRAWS} draws", self.name);
        Ok(findings(table, &task, known.len(), networks.len(), sums, self.goals.map(Some)))
    }
}

/// All devices of the table in turn, with all others known.
fn each_left_out(
    bench: &Bench<'_>,
    table: &str,
    networks: &[WholeNetwork],
    devices: &[Device],
) -> Result<Vec<Finding>, PredictorError> {
    let mut sums = [0.0; 3];
    for device in devices {
        bench.say(&format!("{table}: {} as the new device", device.name));
        let known: Vec<&Device> = devices.iter().filter(|known| known.name != device.name).collect();
        let found = ranks(bench, networks, &known, device, FEWER_DRAWS)?;
        sums.iter_mut().zip(found).for_each(|(sum, rank)| *sum += rank / devices.len() as f64);
    }
    let task = format!("each device left out, mean of {FEWER_DRAWS} draws");
    Ok(findings(table, &task, devices.len() - 1, networks.len(), sums, [None; 2]))
}

fn findings(
    table: &str,
    task: &str,
    known: usize,
    networks: usize,
    [random, chosen, itself]: [f64; 3],
    goals: [Option<f64>; 2],
) -> Vec<Finding> {
    let finding = |how: &str, rank, goal: Option<f64>| Finding {
        table: table.to_owned(),
        case: format!("{task} of {TWENTY} {how} networks"),
        model: format!("{known} known devices"),
        rows: networks - TWENTY,
        goals: vec![Figure::new("spearman", rank, goal.map(Goal::AtLeast))],
    };
    let mut of_chosen = finding("suggested", chosen, goals[1]);
    of_chosen.goals.push(Figure::shown("spearman of a fit to all its networks", itself));
    vec![finding("random", random, goals[0]), of_chosen]
}

/// Mean rank correlation over networks that were not measured: of random ones, of chosen ones, of the device's own model.
fn ranks(
    bench: &Bench<'_>,
    networks: &[WholeNetwork],
    known: &[&Device],
    new: &Device,
    draws: u64,
) -> Result<[f64; 3], PredictorError> {
    let known: Vec<&WholeModel> = known.iter().map(|device| &device.model).collect();
    let rank = |model: &WholeModel, measured: &[usize]| -> Result<f64, PredictorError> {
        let (mut truth, mut found) = (Vec::new(), Vec::new());
        for place in (0..networks.len()).filter(|place| !measured.contains(place)) {
            truth.push(new.latencies_ms[place]);
            found.push(model.predict(&networks[place])?.ms);
        }
        Ok(rank_correlation(&truth, &found).unwrap_or(0.0))
    };
    let of_measured = |places: &[usize]| {
        let sample = |&place: &usize| WholeSample {
            network: networks[place].clone(),
            latency_ms: new.latencies_ms[place],
        };
        let samples: Vec<WholeSample> = places.iter().map(sample).collect();
        rank(&WholeModel::transferred_quickly(&known, &samples)?, places)
    };
    let mut sums = [0.0, 0.0, rank(&new.model, &[])?];
    let mut order: Vec<usize> = (0..networks.len()).collect();
    let mut generator = Pcg64::seed_from_u64(bench.seed(0));
    for _ in 0..draws {
        order.shuffle(&mut generator);
        sums[0] += of_measured(&order[..TWENTY.min(order.len())])? / draws as f64;
        let from = &order[..CHOSEN_FROM.min(order.len())];
        let pool: Vec<WholeNetwork> = from.iter().map(|&place| networks[place].clone()).collect();
        let chosen = suggest_networks(&known, &pool, TWENTY, 1e6)?;
        let chosen: Vec<usize> = chosen.iter().map(|suggestion| from[suggestion.index]).collect();
        sums[1] += of_measured(&chosen)? / draws as f64;
    }
    Ok(sums)
}
