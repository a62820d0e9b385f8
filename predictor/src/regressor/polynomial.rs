//! Second-order polynomials of an op's log sizes, standardised.

use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{FeatureSlope, OpFeatures, SIZES};

/// All products of one or two sizes.
fn monomials(op: &OpFeatures) -> Vec<f64> {
    let sizes = &op.sizes;
    let second = (0..sizes.len()).flat_map(|i| (i..sizes.len()).map(move |j| sizes[i] * sizes[j]));
    sizes.iter().copied().chain(second).collect()
}

/// Names of the monomials, in order.
fn names() -> Vec<String> {
    let second =
        (0..SIZES.len()).flat_map(|i| (i..SIZES.len()).map(move |j| format!("{}*{}", SIZES[i], SIZES[j])));
    SIZES.iter().map(|name| (*name).to_owned()).chain(second).collect()
}

/// Ridge regression of a target on standardised monomials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RidgePolynomial {
    intercept: f64,
    monomials: Vec<Monomial>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Monomial {
    name: String,
    mean: f64,
    deviation: f64,
    coefficient: f64,
}

/// Sweeps of coordinate descent. linfa's stopping rule (the duality gap) does not hold for a pure ridge penalty, so
/// that this is the number of sweeps done, not a bound.
const SWEEPS: u32 = 200;

impl RidgePolynomial {
    /// Fits `targets`, one per sample, with linfa's elastic net at an L1 ratio of 0.
    pub(super) fn fit(samples: &[&Sample], targets: &[f64], penalty: f64) -> Result<Self, FitError> {
        use linfa::{DatasetBase, traits::Fit};
        use ndarray::{Array1, Array2, ShapeBuilder};

        let n = samples.len();
        if n < 10 {
            return Err(FitError::TooFew { found: n, needed: 10 });
        }
        let rows: Vec<Vec<f64>> = samples.iter().map(|s| monomials(&s.features)).collect();
        let mut monomials: Vec<Monomial> = Vec::new();
        let mut columns = Vec::new();
        for (j, name) in names().into_iter().enumerate() {
            let mean = rows.iter().map(|row| row[j]).sum::<f64>() / n as f64;
            let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / n as f64;
            let deviation = variance.sqrt();
            // A monomial that hardly varies says nothing here and would explode elsewhere.
            if deviation > 1e-6 * (1.0 + mean.abs()) {
                columns.extend(rows.iter().map(|row| (row[j] - mean) / deviation));
                monomials.push(Monomial { name, mean, deviation, coefficient: 0.0 });
            }
        }
        let intercept = targets.iter().sum::<f64>() / n as f64;
        if !monomials.is_empty() {
            let records = Array2::from_shape_vec((n, monomials.len()).f(), columns)
                .map_err(|e| FitError::Solver(e.to_string()))?;
            let centred: Array1<f64> = targets.iter().map(|t| t - intercept).collect();
            let fitted = linfa_elasticnet::ElasticNet::ridge()
                .penalty(penalty)
                .with_intercept(false)
                .max_iterations(SWEEPS)
                .fit(&DatasetBase::new(records, centred))
                .map_err(|e| FitError::Solver(e.to_string()))?;
            monomials.iter_mut().zip(fitted.hyperplane()).for_each(|(m, c)| m.coefficient = *c);
        }
        let model = Self { intercept, monomials };
        if !model.intercept.is_finite() || model.monomials.iter().any(|m| !m.coefficient.is_finite()) {
            return Err(FitError::NoSolution("no finite solution"));
        }
        Ok(model)
    }

    /// The derivative of the target along a slope of the features.
    pub(super) fn slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let (sizes, slopes) = (&op.sizes, &slope.sizes);
        let second = (0..sizes.len())
            .flat_map(|i| (i..sizes.len()).map(move |j| slopes[i] * sizes[j] + sizes[i] * slopes[j]));
        let named: Vec<(String, f64)> =
            names().into_iter().zip(slopes.iter().copied().chain(second)).collect();
        let of_monomial = |m: &Monomial| {
            let found = named.iter().find(|(name, _)| *name == m.name);
            found.map_or(f64::NAN, |(_, slope)| m.coefficient * slope / m.deviation)
        };
        self.monomials.iter().map(of_monomial).sum()
    }

    /// The target of an op.
    pub(super) fn predict(&self, op: &OpFeatures) -> f64 {
        let values = monomials(op);
        let names = names();
        let mut sum = self.intercept;
        let mut from = 0;
        for m in &self.monomials {
            // Both lists are in one order, so that one walk finds all.
            while from < names.len() && names[from] != m.name {
                from += 1;
            }
            let Some(value) = values.get(from) else { return f64::NAN };
            sum += m.coefficient * (value - m.mean) / m.deviation;
        }
        sum
    }
}
