//! New devices from ten networks, with all others known.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Entry, Figure, Finding, Goal, is_latency, means, nasbench::cells};
use crate::error::PredictorError;
use crate::learn::{linear, rank_correlation};
use crate::nasbench201::{Cell, CellModel, CellSample, Prior, cell_features, suggest, transfer};

pub(super) const ENTRY: Entry = Entry {
    file: "nasbench201_*",
    what: "of ten devices and more: networks, each device left out in turn",
    fits: |columns| columns.iter().filter(|column| is_latency(column)).count() >= FEWEST_DEVICES,
    task: each_left_out,
    pairs: None,
};
/// A table of fewer devices has too few others to know a new one by.
const FEWEST_DEVICES: usize = 10;
/// Networks measured on the new device.
const TEN: usize = 10;
/// Random draws of ten per device.
const DRAWS: u64 = 20;
/// Penalty of the known devices' fits, whose 15,625 rows leave little to it.
const PENALTY: f64 = 1e-6;

fn each_left_out(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let names = bench.latencies(table)?;
    let mut devices: Vec<Vec<CellSample>> = Vec::new();
    let mut coefficients = Vec::new();
    for device in &names {
        bench.say(&format!("{table}: {device}, all networks"));
        let samples = cells(bench, table, device)?;
        coefficients.push(CellModel::fit_linear(&samples, PENALTY)?);
        devices.push(samples);
    }
    let features: Vec<Vec<f64>> = devices[0].iter().map(|sample| cell_features(&sample.cell)).collect();
    let pool: Vec<Cell> = devices[0].iter().map(|sample| sample.cell).collect();
    let [random, chosen, itself] = means(names.len() as u64, |seed| {
        let (new, samples) = (seed as usize, &devices[seed as usize]);
        bench.say(&format!("{table}: {} as the new device", names[new]));
        let others: Vec<Vec<f64>> =
            coefficients.iter().enumerate().filter(|(d, _)| *d != new).map(|(_, c)| c.clone()).collect();
        let prior = Prior::new(&others)?;
        let rank = |measured: &[usize]| {
            let few: Vec<CellSample> = measured.iter().map(|&i| samples[i]).collect();
            let found = transfer(&prior, &few)?;
            Ok::<f64, PredictorError>(spearman(&found.coefficients_ms, &features, samples, measured))
        };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut generator = Pcg64::seed_from_u64(bench.seed(seed));
        let [of_draws] = means(DRAWS, |_| {
            order.shuffle(&mut generator);
            Ok([rank(&order[..TEN])?])
        })?;
        let ten = suggest(&prior, &pool, TEN, 1e6);
        let places: Vec<usize> =
            ten.iter().filter_map(|s| pool.iter().position(|cell| *cell == s.cell)).collect();
        Ok([of_draws, rank(&places)?, spearman(&coefficients[new], &features, samples, &[])])
    })?;
    let model = format!("prior of {} devices", names.len() - 1);
    let finding = |networks: String, goals| {
        let case = format!("each device left out, {networks}");
        Finding::new(table, case, &model, pool.len() - TEN, goals)
    };
    let of_random = vec![Figure::new("spearman", random, Goal::AtLeast(0.955))];
    let of_suggested = vec![
        Figure::new("spearman", chosen, Goal::AtLeast(0.965)),
        Figure::shown("spearman of a linear fit to all its networks", itself),
    ];
    Ok(vec![
        finding(format!("{TEN} random networks, mean of {DRAWS} draws"), of_random),
        finding(format!("{TEN} suggested networks"), of_suggested),
    ])
}

/// Rank correlation over the networks that were not measured.
fn spearman(coefficients: &[f64], features: &[Vec<f64>], samples: &[CellSample], measured: &[usize]) -> f64 {
    let rest = (0..samples.len()).filter(|i| !measured.contains(i));
    let (truth, found): (Vec<f64>, Vec<f64>) =
        rest.map(|i| (samples[i].latency_ms, linear(coefficients, &features[i]))).unzip();
    rank_correlation(&truth, &found).unwrap_or(0.0)
}
