//! The yardstick: plain least squares on raw sizes.

use serde::{Deserialize, Serialize};

use super::{Regressor, Role};
use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{FeatureSlope, OpFeatures, SIZES};

/// Latency as a plain linear function of sizes (not their logarithms), fitted by linfa in absolute error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ols {
    intercept: f64,
    coefficients: [f64; SIZES.len()],
}

fn raw(op: &OpFeatures) -> [f64; SIZES.len()] {
    op.sizes.map(f64::exp)
}

impl Regressor for Ols {
    const NAME: &'static str = "ols";
    const ROLE: Role = Role::Yardstick;
    type Settings = ();

    fn settings(_: &[&Sample]) {}

    fn fit(samples: &[&Sample], (): &()) -> Result<Self, FitError> {
        use linfa::{DatasetBase, traits::Fit};
        use ndarray::{Array1, Array2};

        let rows: Vec<_> = samples.iter().map(|s| raw(&s.features)).collect();
        // Sizes that do not vary are the intercept's: left in, they make the problem singular.
        let varies =
            |j: &usize| rows.iter().any(|row| (row[*j] - rows[0][*j]).abs() > 1e-9 * rows[0][*j].abs());
        let kept: Vec<usize> = (0..SIZES.len()).filter(varies).collect();
        if rows.len() < kept.len() + 2 {
            return Err(FitError::TooFew { found: rows.len(), needed: kept.len() + 2 });
        }
        let largest = |j: usize| rows.iter().map(|row| row[j]).fold(0.0, f64::max);
        let scales: Vec<f64> = kept.iter().map(|&j| largest(j)).collect();
        let records = Array2::from_shape_fn((rows.len(), kept.len()), |(i, k)| rows[i][kept[k]] / scales[k]);
        let targets: Array1<f64> = samples.iter().map(|s| s.latency_ms).collect();
        let fitted = linfa_linear::LinearRegression::new()
            .fit(&DatasetBase::new(records, targets))
            .map_err(|e| FitError::Solver(e.to_string()))?;
        let mut coefficients = [0.0; SIZES.len()];
        for (k, &j) in kept.iter().enumerate() {
            coefficients[j] = fitted.params()[k] / scales[k];
        }
        let intercept = fitted.intercept();
        if !intercept.is_finite() || coefficients.iter().any(|c| !c.is_finite()) {
            return Err(FitError::NoSolution("no finite solution: the sizes are collinear"));
        }
        Ok(Self { intercept, coefficients })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.intercept + raw(op).iter().zip(&self.coefficients).map(|(size, c)| size * c).sum::<f64>()
    }

    /// A size grows by itself times its logarithm.
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let sizes = raw(op).into_iter().zip(slope.sizes).map(|(size, log)| size * log);
        sizes.zip(&self.coefficients).map(|(slope, c)| slope * c).sum()
    }
}
