//! Those who deviate from the common shift, and what to call it.

use serde::Serialize;

use super::{
    CompareError, Evidence, NoiseFloor, Pair, Pairing, Shift, benjamini_hochberg, pair, two_sided_p,
};
use crate::record::{Cache, Level, Row};

/// What two tables make of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing beyond what two sessions of one machine differ by.
    Same,
    /// All by one factor, in one cache state at least, beyond what sessions differ by.
    FasterOrSlower,
    /// Subjects differ from one another.
    Changed,
}

/// One subject in one cache state, in both tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Cache state.
    pub cache: Cache,
    /// In the first table.
    pub a_ms: f64,
    /// In the second table.
    pub b_ms: f64,
    /// Second over first.
    pub ratio: f64,
    /// The same over the common factor of its cache state.
    pub ratio_to_shift: f64,
    /// Standard deviations of noise that this is.
    pub z: f64,
}

/// One subject in both tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Key.
    pub subject: String,
    /// Op or network.
    pub level: Level,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Probability of such a deviation by noise alone.
    pub p: f64,
    /// The same, corrected for the number of subjects.
    pub q: f64,
    /// Whether it is called a change.
    pub deviates: bool,
}

/// What changed between two tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// In one word.
    pub verdict: Verdict,
    /// What was not called a change.
    pub noise_floor: NoiseFloor,
    /// What the sessions explain of the shifts.
    pub evidence: Evidence,
    /// By cache state.
    pub shifts: Vec<Shift>,
    /// Every subject in both tables, in the order of the first.
    pub subjects: Vec<Change>,
    /// What only the first table has.
    pub only_a: Vec<String>,
    /// What only the second table has.
    pub only_b: Vec<String>,
}

/// Compares two tables.
///
/// Per cache state the shift `s` is a median of `r = ln(b/a)` (see [`Shift::ratio`]), and a figure's deviation is
/// `z = (r − s) / √(e² + max(floor.op, scatter)² + e_s²)`, `e` from the two rows' confidence intervals, `e_s` from the
/// interval of `s`, `scatter` that of all figures in this state.
///
/// A subject's deviation is the mean of its figures' `z`, because a change shows hot and cold: where one of them is not
/// beyond one standard deviation to the same side, it is noise (a buffer that lay elsewhere, a neighbour in the
/// caches), and `p` is 1. The mean of standard normal variables is at most as wide as one of them however they depend
/// on each other, so that the two-sided normal probability of it errs on the side of no change. Probabilities are
/// corrected by [`benjamini_hochberg`].
///
/// `evidence` is what the tables' sessions say: a shift that the reference block followed is drift of the machine, and a
/// machine that moved within its sessions may move as much between them.
///
/// # Errors
/// [`CompareError`] if the tables have nothing in common or hold several sessions.
pub fn compare(
    a: &[Row],
    b: &[Row],
    noise_floor: NoiseFloor,
    evidence: Evidence,
) -> Result<Comparison, CompareError> {
    let Pairing { pairs, only_a, only_b } = pair(a, b)?;
    let mut shifts = Vec::new();
    for cache in [Cache::Hot, Cache::Cold, Cache::InPlace] {
        let members: Vec<&Pair> = pairs.iter().filter(|pair| pair.cache == cache).collect();
        shifts.extend(Shift::of(cache, &members, noise_floor.op));
    }
    let mut subjects: Vec<Change> = Vec::new();
    for pair in &pairs {
        let Some(shift) = shifts.iter().find(|shift| shift.cache == pair.cache) else { continue };
        let figure = figure(pair, shift, noise_floor.op);
        match subjects.iter_mut().find(|change| change.subject == pair.subject) {
            Some(change) => change.figures.push(figure),
            None => subjects.push(Change {
                subject: pair.subject.clone(),
                level: pair.level,
                figures: vec![figure],
                p: 1.0,
                q: 1.0,
                deviates: false,
            }),
        }
    }
    subjects.iter_mut().for_each(|change| change.p = probability(&change.figures));
    let corrected = benjamini_hochberg(&subjects.iter().map(|change| change.p).collect::<Vec<_>>());
    for (change, q) in subjects.iter_mut().zip(corrected) {
        (change.q, change.deviates) = (q, q <= noise_floor.false_discovery_rate);
    }
    let verdict = if subjects.iter().any(|change| change.deviates) {
        Verdict::Changed
    } else if shifts.iter().any(|shift| shift.exceeds(noise_floor.session, &evidence)) {
        Verdict::FasterOrSlower
    } else {
        Verdict::Same
    };
    Ok(Comparison { verdict, noise_floor, evidence, shifts, subjects, only_a, only_b })
}

fn figure(pair: &Pair, shift: &Shift, op_floor: f64) -> Figure {
    let noise = pair.own_error.hypot(op_floor.max(shift.scatter)).hypot(shift.error());
    let deviation = pair.log_ratio - shift.log();
    Figure {
        cache: pair.cache,
        a_ms: pair.a_ms,
        b_ms: pair.b_ms,
        ratio: pair.log_ratio.exp(),
        ratio_to_shift: deviation.exp(),
        // Where no noise is known at all, any deviation is one; rounding is none.
        z: if deviation.abs() < 1e-9 { 0.0 } else { (deviation / noise).clamp(-1e6, 1e6) },
    }
}

fn probability(figures: &[Figure]) -> f64 {
    const LEAST: f64 = 1.0;
    let slower = figures.iter().all(|figure| figure.z >= LEAST);
    let faster = figures.iter().all(|figure| figure.z <= -LEAST);
    if !(slower || faster) {
        return 1.0;
    }
    two_sided_p(figures.iter().map(|figure| figure.z).sum::<f64>() / figures.len() as f64)
}

impl Change {
    /// Geometric mean, over its figures, of the ratio to the common factor.
    pub fn ratio_to_shift(&self) -> f64 {
        let logs = self.figures.iter().map(|figure| figure.ratio_to_shift.ln());
        (logs.sum::<f64>() / self.figures.len().max(1) as f64).exp()
    }
}

impl Comparison {
    /// The subjects that are called a change, the largest deviation first.
    pub fn deviating(&self) -> Vec<&Change> {
        let mut deviating: Vec<&Change> = self.subjects.iter().filter(|change| change.deviates).collect();
        let size = |change: &Change| change.ratio_to_shift().ln().abs();
        deviating.sort_by(|a, b| size(b).total_cmp(&size(a)));
        deviating
    }

    /// What the sessions say of the shift; empty for nothing.
    fn explanation(&self) -> String {
        let Evidence { reference_log, own_drift } = self.evidence;
        let mut reasons = Vec::new();
        if reference_log.abs() >= 0.01 {
            let moved = 100.0 * (reference_log.exp() - 1.0);
            reasons.push(format!("the core's own speed explains {moved:+.1} %"));
        }
        if own_drift >= 0.01 {
            reasons.push(format!("it moved by {:.0} % within a session", 100.0 * own_drift));
        }
        if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
    }

    /// The verdict with its reason, in one line.
    pub fn words(&self) -> String {
        let shift = |shift: &Shift| format!("{:+.1} % {}", 100.0 * (shift.ratio - 1.0), shift.cache);
        let shifts = self.shifts.iter().map(shift).collect::<Vec<_>>().join(", ");
        let allowed = 100.0 * self.evidence.allowance(self.noise_floor.session);
        let explained = self.explanation();
        match self.verdict {
            Verdict::Same => format!(
                "same: no subject stands out; all together moved by {shifts}, within the ±{allowed:.0} % of sessions of one machine{explained}"
            ),
            Verdict::FasterOrSlower => {
                format!(
                    "faster or slower: all together moved by {shifts}, beyond the ±{allowed:.0} % of sessions of one machine{explained}; no subject stands out"
                )
            }
            Verdict::Changed => {
                let (named, all) = (self.deviating().len(), self.subjects.len());
                format!("changed: {named} of {all} subjects stand out from the common shift ({shifts})")
            }
        }
    }
}
