//! Inputs brought to one scale.

use serde::{Deserialize, Serialize};

/// Mean 0 and deviation 1 per input over the rows it was made of; inputs that do not vary among them are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scaling {
    /// Place, mean and 1 / deviation of each input that varies.
    kept: Vec<(usize, f64, f64)>,
}

impl Scaling {
    /// The scaling of rows, all of one length.
    pub(crate) fn of(rows: &[Vec<f64>]) -> Self {
        let n = rows.len() as f64;
        let width = rows.first().map_or(0, Vec::len);
        let of_input = |place: usize| {
            let mean = rows.iter().map(|row| row[place]).sum::<f64>() / n;
            let deviation = (rows.iter().map(|row| (row[place] - mean).powi(2)).sum::<f64>() / n).sqrt();
            (deviation > 1e-9 * (1.0 + mean.abs())).then(|| (place, mean, deviation.recip()))
        };
        Self { kept: (0..width).filter_map(of_input).collect() }
    }

    /// Number of inputs that vary.
    pub(crate) fn width(&self) -> usize {
        self.kept.len()
    }

    /// A row on that scale; inputs that a row lacks are taken for their mean.
    pub(crate) fn apply(&self, row: &[f64]) -> Vec<f64> {
        let scaled = |&(place, mean, factor): &(usize, f64, f64)| {
            row.get(place).map_or(0.0, |value| (value - mean) * factor)
        };
        self.kept.iter().map(scaled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_centred_and_constants_left_out() {
        // First input 1 and 3: mean 2, deviation 1. Second never varies.
        let scaling = Scaling::of(&[vec![1.0, 5.0], vec![3.0, 5.0]]);
        assert_eq!(scaling.width(), 1);
        assert_eq!(scaling.apply(&[4.0, 7.0]), [2.0]);
        assert_eq!(Scaling::of(&[]).width(), 0);
    }
}
