use serde::Serialize;

/// Mean and spread of one figure over seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    /// Standard deviation over the seeds (n − 1); 0 for one seed.
    pub(crate) deviation: f64,
    pub(crate) values: Vec<f64>,
}

impl Spread {
    /// That of some values; `None` for none.
    pub(crate) fn of(values: Vec<f64>) -> Option<Self> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Some(Self { mean, deviation, values })
    }
}

/// What an accuracy costs on the curve, in milliseconds: a bound where no baseline is as accurate, or as fast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "ms")]
pub(crate) enum Cost {
    Exactly(f64),
    MoreThan(f64),
    LessThan(f64),
}

/// Points (latency in milliseconds, accuracy) of networks of growing width, joined by straight lines over the logarithm
/// of the latency. A point that is slower and no more accurate than another one is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Curve {
    points: Vec<(f64, f64)>,
}

impl Curve {
    pub(crate) fn new(mut points: Vec<(f64, f64)>) -> Option<Self> {
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut best = f64::NEG_INFINITY;
        points.retain(|(_, accuracy)| {
            let better = *accuracy > best;
            best = best.max(*accuracy);
            better
        });
        (!points.is_empty()).then_some(Self { points })
    }

    /// The latency at which the curve reaches an accuracy.
    pub(crate) fn cost(&self, accuracy: f64) -> Cost {
        let Some(index) = self.points.iter().position(|(_, reached)| *reached >= accuracy) else {
            return Cost::MoreThan(self.points.last().map_or(f64::NAN, |point| point.0));
        };
        let (ms, reached) = self.points[index];
        if reached == accuracy {
            return Cost::Exactly(ms);
        }
        let Some((before_ms, before)) = index.checked_sub(1).map(|index| self.points[index]) else {
            return Cost::LessThan(ms);
        };
        let share = (accuracy - before) / (reached - before);
        Cost::Exactly(before_ms * (ms / before_ms).powf(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_points_latency_grows_geometrically() {
        // The slow one of 0.91 is no better than that of 0.92, and is left out.
        let curve = Curve::new(vec![(4.0, 0.92), (1.0, 0.90), (5.0, 0.91), (9.0, 0.93)]).unwrap();
        // Half-way from 1 to 4 ms: 1 · 4^½ = 2. Half-way from 4 to 9 ms: 6.
        let Cost::Exactly(two) = curve.cost(0.91) else { panic!() };
        let Cost::Exactly(six) = curve.cost(0.925) else { panic!() };
        assert!((two - 2.0).abs() < 1e-9 && (six - 6.0).abs() < 1e-9, "{two} {six}");
        assert_eq!(curve.cost(0.92), Cost::Exactly(4.0));
        assert_eq!(curve.cost(0.931), Cost::MoreThan(9.0));
        assert_eq!(curve.cost(0.899), Cost::LessThan(1.0));
        assert!(Curve::new(Vec::new()).is_none());
    }

    #[test]
    fn spread_by_hand() {
        // Mean 2, squares 1 + 0 + 1, over 2: deviation 1.
        let spread = Spread::of(vec![1.0, 2.0, 3.0]).unwrap();
        assert_eq!((spread.mean, spread.deviation), (2.0, 1.0));
        assert_eq!(Spread::of(vec![7.0]).unwrap().deviation, 0.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
