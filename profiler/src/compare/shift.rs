//! The common factor of all figures in one cache state.

use serde::Serialize;

use super::significance::Z_95;
use super::{Evidence, Pair};
use crate::measure::{median, median_interval};
use crate::record::Cache;

/// By how much all figures in one cache state moved together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Cache state.
    pub cache: Cache,
    /// Figures in this state.
    pub pairs: usize,
    /// `exp` of the median log ratio, second table over first, of the figures that agree: all but those further than
    /// three standard deviations (the larger of scatter and noise floor) from the middle of the closest half.
    pub ratio: f64,
    /// Lower end of its 95 % interval.
    pub ratio_low: f64,
    /// Upper end of its 95 % interval.
    pub ratio_high: f64,
    /// Robust standard deviation of the log ratios: a fraction, to be held against
    /// [`NoiseFloor::op`](super::NoiseFloor::op).
    ///
    /// Half the length of the shortest interval that holds half of them, over 0.6745, which makes it the
    /// standard deviation of normal ones. Unlike the median absolute deviation it does not grow when up to half of the
    /// ops changed, all to one side. Source: Rousseeuw and Leroy, A robust scale estimator based on the shortest half,
    /// Statistica Neerlandica 42 (1988).
    pub scatter: f64,
}

impl Shift {
    /// The shift of these pairs; `None` for none.
    ///
    /// The interval is that of the median's order statistics; with fewer than six figures, which have none,
    /// `s ± 1.96 · e` with `e² = π/2 · mean(own² + op²) / n`, the median's variance for normal noise.
    pub(super) fn of(cache: Cache, pairs: &[&Pair], op_floor: f64) -> Option<Self> {
        let half = ClosestHalf::of(pairs.iter().map(|pair| pair.log_ratio).collect())?;
        let reach = 3.0 * half.scatter.max(op_floor);
        let agrees = |pair: &&&Pair| (pair.log_ratio - half.middle).abs() <= reach + 1e-9;
        let agreeing: Vec<&Pair> = pairs.iter().filter(agrees).copied().collect();
        let logs: Vec<f64> = agreeing.iter().map(|pair| pair.log_ratio).collect();
        let centre = median(&logs)?;
        let (low, high) = match median_interval(&logs) {
            Some(interval) => (interval.low, interval.high),
            None => {
                let variances = agreeing.iter().map(|pair| pair.own_error.powi(2) + op_floor.powi(2));
                let error =
                    (std::f64::consts::FRAC_PI_2 * variances.sum::<f64>()).sqrt() / agreeing.len() as f64;
                (centre - Z_95 * error, centre + Z_95 * error)
            }
        };
        let (ratio, ratio_low, ratio_high) = (centre.exp(), low.exp(), high.exp());
        Some(Self { cache, pairs: pairs.len(), ratio, ratio_low, ratio_high, scatter: half.scatter })
    }

    /// Natural logarithm of the ratio.
    pub fn log(&self) -> f64 {
        self.ratio.ln()
    }

    /// Standard error of the logarithm, from its interval.
    pub fn error(&self) -> f64 {
        (self.ratio_high / self.ratio_low).ln() / (2.0 * Z_95)
    }

    /// Whether all of its interval, less what the evidence explains, is further from 1 than sessions differ by.
    pub fn exceeds(&self, session: f64, evidence: &Evidence) -> bool {
        let limit = evidence.allowance(session).ln_1p();
        let left = |ratio: f64| evidence.left_of(ratio.ln());
        left(self.ratio_low) > limit || left(self.ratio_high) < -limit
    }
}

/// The shortest interval that holds half of the values.
struct ClosestHalf {
    middle: f64,
    /// See [`Shift::scatter`].
    scatter: f64,
}

impl ClosestHalf {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let half = values.len().div_ceil(2).max(1);
        let ends = values.windows(half).map(|window| (window[0], window[half - 1]));
        let (low, high) = ends.min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))?;
        Some(Self { middle: (low + high) / 2.0, scatter: (high - low) / 2.0 / 0.6745 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scatter_is_that_of_the_closest_half() {
        // Five of nine values: the closest are 0, 1, 2, 3, 4, a length of 4; 4 / 2 / 0.6745.
        let half = ClosestHalf::of(vec![90.0, 0.0, 4.0, 1.0, 2.0, 3.0, 70.0, 80.0, 100.0]).unwrap();
        assert_eq!(half.middle, 2.0);
        assert!((half.scatter - 2.0 / 0.6745).abs() < 1e-12, "{}", half.scatter);
        assert_eq!(ClosestHalf::of(vec![5.0]).unwrap().scatter, 0.0);
        assert!(ClosestHalf::of(vec![]).is_none());
    }

    #[test]
    fn a_shift_exceeds_with_its_whole_interval() {
        // 1 / 1.1 = 0.909. A core that was slower by 1.05 leaves 1.11 / 1.05 = 1.057 to explain; one that was faster, all.
        for (ratio_low, ratio_high, slower, exceeds) in [
            (1.11, 1.3, 1.0, true),
            (1.09, 1.3, 1.0, false),
            (0.8, 0.9, 1.0, true),
            (0.8, 0.92, 1.0, false),
            (1.11, 1.3, 1.05, false),
            (1.11, 1.3, 0.95, true),
        ] {
            let cache = Cache::Hot;
            let shift = Shift { cache, pairs: 9, ratio: 1.2, ratio_low, ratio_high, scatter: 0.0 };
            let evidence = Evidence { reference_log: f64::ln(slower), own_drift: 0.0 };
            assert_eq!(shift.exceeds(0.1, &evidence), exceeds, "{ratio_low} {ratio_high} {slower}");
        }
    }
}
