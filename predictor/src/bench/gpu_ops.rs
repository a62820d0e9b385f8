//! Ops of a GPU delegate and whole networks from them, networks left out: read and fitted as `predictor import` and
//! `fit` do, with more noise where an op was measured once.

use std::collections::BTreeSet;

use profiler::record::Cache;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Entry, Figure, Finding, Goal, score::scores};
use crate::error::{FitError, NoAnswer, PredictorError};
use crate::import::{Imported, Source, Subject};
use crate::learn::Scored;
use crate::network::{NetworkModel, NetworkSample, network_prediction};
use crate::op::OpModel;
use crate::rows::{Sample, merge};
use crate::work::OpEntry;

pub(super) const ENTRY: Entry = Entry {
    file: TABLE,
    what: "with mobile_gpu_networks.csv: ops and networks of any phones",
    fits: |_| true,
    task: all_phones,
    pairs: None,
};
const TABLE: &str = "mobile_gpu_ops";
const NETWORKS: &str = "mobile_gpu_networks";
const LEFT_OUT: usize = 22;
/// Relative noise of a row of which nothing says it.
const NOISE: f64 = 0.02;

fn all_phones(bench: &Bench<'_>, _: &str) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    let (mut first, mut all) = (LeftOut::default(), LeftOut::default());
    for phone in phones(bench)? {
        let phone_table = Phone::new(&read(bench, &phone)?)?;
        let mut names: Vec<&str> = phone_table.networks.iter().map(|n| n.key.as_str()).collect();
        names.shuffle(&mut Pcg64::seed_from_u64(bench.seed(0)));
        let mut of_phone = LeftOut::default();
        for (part, left_out) in names.chunks(LEFT_OUT).enumerate() {
            bench.say(&format!("{TABLE}: {phone}, networks {} of {}", part * LEFT_OUT + 1, names.len()));
            let found = phone_table.score(&left_out.iter().copied().collect())?;
            if part == 0 {
                let case = format!("{phone}, {LEFT_OUT} networks left out");
                findings.push(errors(case, &found.ops(), None)?);
                let known = format!("{phone}, of these the ops that other networks have, too");
                findings.push(errors(known, &found.known, None)?);
                let new = format!("{phone}, of these the ops in no other network");
                findings.push(errors(new, &found.new, None)?);
                first.extend(&found);
            }
            of_phone.extend(&found);
        }
        let case = format!("{phone}, all networks left out, {LEFT_OUT} at a time");
        findings.push(coverage(TABLE, case, &of_phone.ops())?);
        for (which, scored) in
            [("that other networks have, too", &of_phone.known), ("in no other network", &of_phone.new)]
        {
            findings.push(errors(format!("{phone}, of all networks' ops those {which}"), scored, None)?);
        }
        all.extend(&of_phone);
    }
    let case = format!("all phones, {LEFT_OUT} networks left out");
    findings.push(errors(case, &first.ops(), Some(Goal::AtMost(0.05)))?);
    let whole = scores(&first.networks)?;
    let case = format!("all phones, {LEFT_OUT} networks left out, from their predicted ops");
    let goals = vec![
        Figure::shown("mape", whole.mape),
        Figure::new("within_10", whole.within_10, Goal::AtLeast(0.95)),
        Figure::shown("coverage_90", whole.coverage_90),
    ];
    findings.push(Finding::new(NETWORKS, case, "a + b · Σ (op - c)", whole.n, goals));
    let case = format!("all phones, all networks left out, {LEFT_OUT} at a time");
    findings.push(coverage(NETWORKS, case, &all.networks)?);
    Ok(findings)
}

/// What was predicted of networks that were left out.
#[derive(Default)]
struct LeftOut {
    /// Ops that other networks have, too.
    known: Vec<Scored>,
    new: Vec<Scored>,
    networks: Vec<Scored>,
}

impl LeftOut {
    fn extend(&mut self, other: &Self) {
        self.known.extend_from_slice(&other.known);
        self.new.extend_from_slice(&other.new);
        self.networks.extend_from_slice(&other.networks);
    }

    fn ops(&self) -> Vec<Scored> {
        [self.known.as_slice(), &self.new].concat()
    }
}

/// How far off predicted ops are.
fn errors(case: String, scored: &[Scored], goal: Option<Goal>) -> Result<Finding, PredictorError> {
    let scores = scores(scored)?;
    let goals = Figure::errors([scores.mape, scores.within_10, scores.coverage_90], goal);
    Ok(Finding::new(TABLE, case, "by kernel", scores.n, goals))
}

/// Coverage over networks each of which was left out once, beside its goal.
fn coverage(table: &str, case: String, scored: &[Scored]) -> Result<Finding, PredictorError> {
    let scores = scores(scored)?;
    Ok(Finding::new(table, case, "by kernel", scores.n, Figure::covered(&scores)))
}

/// Phones by the columns of the table of ops.
fn phones(bench: &Bench<'_>) -> Result<Vec<String>, PredictorError> {
    let columns = bench.columns(TABLE)?;
    Ok(columns.iter().filter_map(|column| column.strip_suffix("_kernel")).map(str::to_owned).collect())
}

fn read(bench: &Bench<'_>, phone: &str) -> Result<Imported, PredictorError> {
    let (totals, latency_column) = (Some(bench.file(NETWORKS)), Some(phone.to_owned()));
    bench.read(TABLE, "mobile-gpu-csv", Source { totals, latency_column, ..Source::default() })
}

/// Ops and networks as one phone ran them.
struct Phone {
    ops: Vec<Sample>,
    networks: Vec<NetworkSample>,
}

impl Phone {
    fn new(imported: &Imported) -> Result<Self, PredictorError> {
        let op = |subject: &Subject| match subject {
            Subject::Op(op) => Some(op.as_ref().clone()),
            _ => None,
        };
        let rows = imported.rows.iter();
        let ops = rows.clone().filter_map(|row| {
            let sample = Sample::of(op(&row.subject)?, row.latency_ms, NOISE);
            Some(Sample { group: row.group.clone(), ..sample })
        });
        let ops: Vec<Sample> = ops.collect();
        let mut networks = Vec::new();
        for row in rows {
            let Subject::Traced { name, ops } = &row.subject else { continue };
            let ops = ops.iter().map(|key| key.parse::<OpEntry>()).collect::<Result<_, _>>()?;
            let (key, session, latency_ms) = (name.clone(), String::new(), row.latency_ms);
            networks.push(NetworkSample { key, session, ops, latency_ms });
        }
        Ok(Self { networks, ops })
    }

    /// Predicts what these networks are made of and take, from all others.
    fn score(&self, left_out: &BTreeSet<&str>) -> Result<LeftOut, PredictorError> {
        let is_left_out = |sample: &&Sample| sample.group.as_deref().is_some_and(|g| left_out.contains(g));
        let (test, rest): (Vec<&Sample>, Vec<&Sample>) = self.ops.iter().partition(is_left_out);
        let samples = merge(rest.into_iter().cloned().collect());
        let model = OpModel::fit(&samples, Cache::Hot, 0)?;
        let mut found = LeftOut::default();
        for sample in test {
            let wrong = |e: NoAnswer| PredictorError::NothingToScore(format!("{}: {e}", sample.key));
            let estimate = model.estimate_as(&sample.kind, &sample.key, &sample.features).map_err(wrong)?;
            let combined = estimate.combined;
            let known = if model.knows(&sample.key) { &mut found.known } else { &mut found.new };
            known.push(Scored::new(sample.latency_ms, combined.ms, combined.log_half_width));
        }
        let (test, rest): (Vec<NetworkSample>, Vec<NetworkSample>) =
            self.networks.iter().cloned().partition(|network| left_out.contains(network.key.as_str()));
        let level = NetworkModel::fit(&rest, Cache::Hot, &model)
            .map_err(|(op, reason)| PredictorError::CannotFit(format!("`{op}`: {reason}")))?;
        for network in test {
            let estimates = network.ops.iter().map(|op| model.estimate_keyed(op));
            let estimates = estimates.collect::<Result<Vec<_>, _>>();
            let estimates = estimates.map_err(FitError::from)?;
            let inside = estimates.iter().map(|op| level.coefficients.inside_ms(op.combined.ms));
            let ms = level.coefficients.constant_ms + inside.sum::<f64>();
            let predicted = network_prediction(ms, &estimates, &level);
            let none = || format!("the latency of {} would be {ms} ms", network.key);
            let predicted = predicted.ok_or_else(|| PredictorError::CannotFit(none()))?;
            let [predicted, low, high] =
                [predicted.latency, predicted.low, predicted.high].map(profiler::spec::Latency::ms);
            found.networks.push(Scored { measured: network.latency_ms, predicted, low, high });
        }
        Ok(found)
    }
}
