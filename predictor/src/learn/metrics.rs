//! How good predictions are.

use serde::Serialize;

/// One prediction beside its measurement, in milliseconds; all above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Measured.
    pub measured: f64,
    /// Predicted.
    pub predicted: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
}

impl Scored {
    /// A prediction whose interval is it times and divided by e^`log_half_width`.
    pub(crate) fn new(measured: f64, predicted: f64, log_half_width: f64) -> Self {
        let factor = log_half_width.exp();
        Self { measured, predicted, low: predicted / factor, high: predicted * factor }
    }
}

/// Scores over predictions; fractions in 0 to 1 but for `rmse_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Number of predictions.
    pub n: usize,
    /// Mean of |predicted - measured| / measured.
    pub mape: f64,
    /// Root of the mean squared error, milliseconds.
    pub rmse_ms: f64,
    /// Share within ±5 % of the measurement.
    pub within_5: f64,
    /// Share within ±10 % of the measurement.
    pub within_10: f64,
    /// Spearman's rank correlation; nothing below two rows or when all are equal.
    pub spearman: Option<f64>,
    /// Kendall's rank correlation (τ-b); nothing below two rows or when all are equal.
    pub kendall: Option<f64>,
    /// Share of measurements inside their 90 % interval.
    pub coverage_90: f64,
    /// Mean of (high - low) / predicted.
    pub mean_width_90: f64,
}

impl Scores {
    /// The scores; nothing for no predictions.
    pub fn of(rows: &[Scored]) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let n = rows.len() as f64;
        let mean = |f: &dyn Fn(&Scored) -> f64| rows.iter().map(f).sum::<f64>() / n;
        let share = |f: &dyn Fn(&Scored) -> bool| rows.iter().filter(|r| f(r)).count() as f64 / n;
        let relative = |r: &Scored| (r.predicted - r.measured).abs() / r.measured;
        let measured: Vec<f64> = rows.iter().map(|r| r.measured).collect();
        let predicted: Vec<f64> = rows.iter().map(|r| r.predicted).collect();
        Some(Self {
            n: rows.len(),
            mape: mean(&relative),
            rmse_ms: mean(&|r| (r.predicted - r.measured).powi(2)).sqrt(),
            within_5: share(&|r| relative(r) <= 0.05),
            within_10: share(&|r| relative(r) <= 0.10),
            spearman: rank_correlation(&measured, &predicted),
            kendall: kendall(&measured, &predicted),
            coverage_90: share(&|r| r.low <= r.measured && r.measured <= r.high),
            mean_width_90: mean(&|r| (r.high - r.low) / r.predicted),
        })
    }
}

/// Root mean square.
pub(crate) fn rms(errors: &[f64]) -> f64 {
    (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt()
}

/// Spearman's rank correlation; nothing below two values or when all are equal.
pub(crate) fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

/// Ranks from 1, ties sharing their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let tied = order[from..].iter().take_while(|&&i| values[i] == values[order[from]]).count();
        for &i in &order[from..from + tied] {
            ranks[i] = from as f64 + (tied as f64 + 1.0) / 2.0;
        }
        from += tied;
    }
    ranks
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
    };
    let scale = (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt();
    (scale > 0.0).then(|| product(a, mean_a, b, mean_b) / scale)
}

/// τ-b. Source: Kendall, The treatment of ties in ranking problems, Biometrika 1945.
fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mut agreement, mut untied_a, mut untied_b) = (0_i64, 0_i64, 0_i64);
    for i in 0..a.len() {
        for j in 0..i {
            let (x, y) = (sign(a[i], a[j]), sign(b[i], b[j]));
            agreement += x * y;
            untied_a += x * x;
            untied_b += y * y;
        }
    }
    let scale = (untied_a as f64 * untied_b as f64).sqrt();
    (scale > 0.0).then(|| agreement as f64 / scale)
}

fn sign(x: f64, y: f64) -> i64 {
    x.total_cmp(&y) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scored(measured: f64, predicted: f64) -> Scored {
        Scored { measured, predicted, low: predicted * 0.9, high: predicted * 1.1 }
    }

    #[test]
    fn scores_match_a_hand_count() {
        // Errors 0 %, +4 %, -8 %, +50 %; squares 0, 0.0064, 0.0576, 4; intervals ± 10 % of the prediction miss only
        // the last (measured 4, 5.4 to 6.6). Ranks: measured 1 2 3 4, predicted 1 2 3 4 -> both correlations 1.
        let rows = [scored(1.0, 1.0), scored(2.0, 2.08), scored(3.0, 2.76), scored(4.0, 6.0)];
        let scores = Scores::of(&rows).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a}, expected {b}");
        near(scores.mape, 0.62 / 4.0);
        near(scores.rmse_ms, (4.064_f64 / 4.0).sqrt());
        assert_eq!((scores.within_5, scores.within_10, scores.coverage_90), (0.5, 0.75, 0.75));
        near(scores.mean_width_90, 0.2);
        assert_eq!((scores.spearman, scores.kendall), (Some(1.0), Some(1.0)));
        assert_eq!(Scores::of(&[]), None);
        assert_eq!(Scores::of(&rows[..1]).unwrap().spearman, None);
    }

    #[test]
    fn rank_correlations_match_a_hand_count() {
        // a = 1 2 3 4, b = 2 1 3 3: ranks of b 2 1 3.5 3.5. Spearman: Σ(ra-2.5)(rb-2.5) = 0.75+0.75+0.5+1.5 = 3.5,
        // variances 5 and 4.5 -> 3.5 / √22.5. Kendall: pairs +: 4, -: 1, tied in b: 1 -> 3 / √(6 · 5).
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 3.0, 3.0]);
        assert!((pearson(&ranks(&a), &ranks(&b)).unwrap() - 3.5 / 22.5_f64.sqrt()).abs() < 1e-12);
        assert!((kendall(&a, &b).unwrap() - 3.0 / 30.0_f64.sqrt()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn correlations_stay_within_one_and_flip_with_the_order(
            pairs in prop::collection::vec((0.1..9.0_f64, 0.1..9.0_f64), 2..30),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let negated: Vec<f64> = b.iter().map(|v| -v).collect();
            if let (Some(s), Some(flipped)) = (kendall(&a, &b), kendall(&a, &negated)) {
                prop_assert!(s.abs() <= 1.0 + 1e-12 && (s + flipped).abs() < 1e-12);
            }
            if let Some(s) = pearson(&ranks(&a), &ranks(&b)) {
                prop_assert!(s.abs() <= 1.0 + 1e-12);
            }
        }
    }
}
