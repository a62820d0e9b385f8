//! The common shift, those who deviate from it, and what to call it.

use serde::Serialize;

use super::significance::{Z_95, benjamini_hochberg, two_sided_p};
use super::{CompareError, NoiseFloor, Pair, Pairing, pair};
use crate::{
    measure::{median, median_interval},
    record::{Cache, Level, Row},
};

/// What two tables make of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing beyond what two sessions of one machine differ by.
    Same,
    /// All by one factor, beyond what sessions differ by.
    FasterOrSlower,
    /// Subjects, or cache states, differ from one another.
    Changed,
}

/// The common factor of all figures in one cache state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Cache state.
    pub cache: Cache,
    /// Figures behind it.
    pub pairs: usize,
    /// `exp` of the median log ratio, second table over first.
    pub ratio: f64,
    /// Lower end of its 95 % interval.
    pub ratio_low: f64,
    /// Upper end of its 95 % interval.
    pub ratio_high: f64,
    /// Robust standard deviation of the log ratios about it: 1.4826 times the median absolute deviation. A fraction, to
    /// be held against [`NoiseFloor::op`].
    pub scatter: f64,
}

impl Shift {
    fn log(&self) -> f64 {
        self.ratio.ln()
    }

    /// Standard error of the log, from its interval.
    fn error(&self) -> f64 {
        (self.ratio_high / self.ratio_low).ln() / (2.0 * Z_95)
    }
}

/// One figure in both tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Key.
    pub subject: String,
    /// Op or network.
    pub level: Level,
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
    /// Probability of a deviation so large by noise alone.
    pub p: f64,
    /// The same, corrected for the number of figures.
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
    /// By cache state.
    pub shifts: Vec<Shift>,
    /// Whether the shifts of the cache states differ by more than sessions do.
    pub shifts_differ: bool,
    /// Every figure in both tables, in the order of the first.
    pub figures: Vec<Change>,
    /// What only the first table has.
    pub only_a: Vec<String>,
    /// What only the second table has.
    pub only_b: Vec<String>,
}

/// Compares two tables.
///
/// Per cache state the shift `s` is the median of `r = ln(b/a)`. A figure deviates when
/// `z = (r − s) / √(e² + floor.op² + e_s²)` is too large to be noise, `e` from the two rows' confidence intervals, `e_s`
/// from the interval of `s`; two-sided normal probabilities, corrected by [`benjamini_hochberg`].
///
/// # Errors
/// [`CompareError`] if the tables have nothing in common or hold several sessions.
pub fn compare(a: &[Row], b: &[Row], noise_floor: NoiseFloor) -> Result<Comparison, CompareError> {
    let Pairing { pairs, only_a, only_b } = pair(a, b)?;
    let mut shifts = Vec::new();
    for cache in [Cache::Hot, Cache::Cold, Cache::InPlace] {
        let members: Vec<&Pair> = pairs.iter().filter(|pair| pair.cache == cache).collect();
        shifts.extend(shift(cache, &members, noise_floor.op));
    }
    let figures = changes(&pairs, &shifts, noise_floor);
    let limit = noise_floor.session.ln_1p();
    let beyond = |log: f64, error: f64| log.abs() - Z_95 * error > limit;
    let shifts_differ = shifts.iter().any(|one| {
        let differs = |other: &Shift| beyond(one.log() - other.log(), one.error().hypot(other.error()));
        shifts.iter().any(differs)
    });
    let verdict = if shifts_differ || figures.iter().any(|change| change.deviates) {
        Verdict::Changed
    } else if shifts.iter().any(|shift| beyond(shift.log(), shift.error())) {
        Verdict::FasterOrSlower
    } else {
        Verdict::Same
    };
    Ok(Comparison { verdict, noise_floor, shifts, shifts_differ, figures, only_a, only_b })
}

/// `None` for no pairs.
///
/// The interval is that of the median's order statistics; with fewer than six pairs, which have none, `s ± 1.96 · e_s`
/// with `e_s² = π/2 · mean(e² + op²) / n`, the median's variance for normal noise.
fn shift(cache: Cache, pairs: &[&Pair], op_floor: f64) -> Option<Shift> {
    let logs: Vec<f64> = pairs.iter().map(|pair| pair.log_ratio).collect();
    let centre = median(&logs)?;
    let (low, high) = match median_interval(&logs) {
        Some(interval) => (interval.low, interval.high),
        None => {
            let count = pairs.len() as f64;
            let variances = pairs.iter().map(|pair| pair.own_error.powi(2) + op_floor.powi(2));
            let error = (std::f64::consts::FRAC_PI_2 * variances.sum::<f64>()).sqrt() / count;
            (centre - Z_95 * error, centre + Z_95 * error)
        }
    };
    let deviations: Vec<f64> = logs.iter().map(|log| (log - centre).abs()).collect();
    Some(Shift {
        cache,
        pairs: pairs.len(),
        ratio: centre.exp(),
        ratio_low: low.exp(),
        ratio_high: high.exp(),
        scatter: 1.4826 * median(&deviations)?,
    })
}

fn changes(pairs: &[Pair], shifts: &[Shift], noise_floor: NoiseFloor) -> Vec<Change> {
    let deviations: Vec<(f64, f64)> = pairs
        .iter()
        .map(|pair| {
            let shift = shifts.iter().find(|shift| shift.cache == pair.cache);
            let (common, error) = shift.map_or((0.0, 0.0), |shift| (shift.log(), shift.error()));
            let spread = pair.own_error.hypot(noise_floor.op).hypot(error);
            let deviation = pair.log_ratio - common;
            // Without any noise, any deviation is one; rounding is none.
            (deviation, if deviation.abs() < 1e-9 { 1.0 } else { two_sided_p(deviation / spread) })
        })
        .collect();
    let corrected = benjamini_hochberg(&deviations.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let change = |((pair, (deviation, p)), q): ((&Pair, &(f64, f64)), f64)| Change {
        subject: pair.subject.clone(),
        level: pair.level,
        cache: pair.cache,
        a_ms: pair.a_ms,
        b_ms: pair.b_ms,
        ratio: pair.log_ratio.exp(),
        ratio_to_shift: deviation.exp(),
        p: *p,
        q,
        deviates: q <= noise_floor.false_discovery_rate,
    };
    pairs.iter().zip(&deviations).zip(corrected).map(change).collect()
}

impl Comparison {
    /// The figures that are called a change, the largest deviation first.
    #[must_use]
    pub fn deviating(&self) -> Vec<&Change> {
        let mut deviating: Vec<&Change> = self.figures.iter().filter(|change| change.deviates).collect();
        let size = |change: &Change| change.ratio_to_shift.ln().abs();
        deviating.sort_by(|a, b| size(b).total_cmp(&size(a)));
        deviating
    }

    /// The verdict with its reason, in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let shift = |shift: &Shift| format!("{:+.1} % {}", 100.0 * (shift.ratio - 1.0), shift.cache);
        let shifts = self.shifts.iter().map(shift).collect::<Vec<_>>().join(", ");
        let session = 100.0 * self.noise_floor.session;
        match self.verdict {
            Verdict::Same => format!(
                "same: no figure stands out, and all together moved by {shifts}, within the ±{session} % of sessions of one machine"
            ),
            Verdict::FasterOrSlower => format!("faster or slower: all by one factor, {shifts}; no figure stands out"),
            Verdict::Changed => {
                let (named, all) = (self.deviating().len(), self.figures.len());
                let states = if self.shifts_differ { "; cache states moved differently" } else { "" };
                format!("changed: {named} of {all} figures stand out from the common shift ({shifts}){states}")
            }
        }
    }
}
