//! How a cell model is fitted: linear part, corrections, and their errors in cross-validation.

use super::{CELL_TERMS, model::Correction};
use crate::error::FitError;
use crate::learn::{BoostedTrees, GaussianProcess, Growth, Kernel, RidgeSystem, Scaling, linear};

/// Number of folds.
pub(super) const FOLDS: usize = 5;
/// Penalties that are weighed for the linear part.
const PENALTIES: [f64; 4] = [1e-8, 1e-6, 1e-5, 1e-4];

/// What may correct the linear part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    Linear,
    Kernel,
    Trees,
    Both,
}

impl Candidate {
    /// The first is the simplest; where two do equally well, the earlier is taken.
    pub(super) const ALL: [Self; 4] = [Self::Linear, Self::Kernel, Self::Trees, Self::Both];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Kernel => "linear x kernel",
            Self::Trees => "linear x trees",
            Self::Both => "linear x (kernel + trees)",
        }
    }
}

/// Terms and latencies of measured networks, and the fold of each.
pub(super) struct Data<'a> {
    pub(super) rows: &'a [Vec<f64>],
    pub(super) latencies: &'a [f64],
    pub(super) folds: &'a [usize],
}

/// What a fit to some rows gives.
pub(super) struct Parts {
    process: Result<GaussianProcess, FitError>,
    trees: BoostedTrees,
}

impl Parts {
    /// The correction of a candidate.
    pub(super) fn take(&mut self, candidate: Candidate) -> Result<Correction, FitError> {
        let (process, trees) = (self.process.clone(), self.trees.clone());
        Ok(match candidate {
            Candidate::Linear => Correction::None,
            Candidate::Kernel => Correction::Kernel { process: process? },
            Candidate::Trees => Correction::Trees { trees },
            Candidate::Both => Correction::Both { process: process?, trees },
        })
    }
}

impl Data<'_> {
    /// Coefficients of the terms, fitted in relative error to the networks at these places.
    pub(super) fn linear(&self, chosen: &[usize], penalty: f64) -> Result<Vec<f64>, FitError> {
        let relative: Vec<Vec<f64>> =
            chosen.iter().map(|&i| self.rows[i].iter().map(|v| v / self.latencies[i]).collect()).collect();
        let system = RidgeSystem::new(relative.iter().map(|row| (&row[..], 1.0)), CELL_TERMS);
        system.solve(penalty).ok_or(FitError::NoSolution("the networks give no finite solution"))
    }

    fn split(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.rows.len()).partition(|i| self.folds[*i] == fold)
    }

    /// The penalty with the least error on networks left out.
    pub(super) fn choose_penalty(&self) -> f64 {
        let error = |penalty: f64| {
            let of_fold = |fold| {
                let (inside, outside) = self.split(fold);
                let error =
                    |x: &Vec<f64>, i: usize| (linear(x, &self.rows[i]) / self.latencies[i] - 1.0).abs();
                self.linear(&outside, penalty)
                    .map_or(f64::INFINITY, |x| inside.iter().map(|&i| error(&x, i)).sum::<f64>())
            };
            (0..FOLDS).map(of_fold).sum::<f64>()
        };
        let errors = PENALTIES.map(|penalty| (penalty, error(penalty)));
        errors.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(PENALTIES[0], |(penalty, _)| penalty)
    }

    fn residuals(&self, chosen: &[usize], x: &[f64]) -> Vec<f64> {
        let floor = |i: usize| linear(x, &self.rows[i]).max(1e-3 * self.latencies[i]);
        chosen.iter().map(|&i| (self.latencies[i] / floor(i)).ln()).collect()
    }

    /// The kernel, chosen on all networks: folds share it.
    pub(super) fn choose_kernel(&self, penalty: f64, seed: u64) -> Option<(Scaling, Kernel)> {
        let all: Vec<usize> = (0..self.rows.len()).collect();
        let x = self.linear(&all, penalty).ok()?;
        let scaling = Scaling::of(self.rows);
        Some((
            scaling.clone(),
            Kernel::fit(self.rows, &self.residuals(&all, &x), &vec![0.0; all.len()], &scaling, seed),
        ))
    }

    /// Linear part and corrections, fitted to the networks at these places.
    pub(super) fn parts(
        &self,
        chosen: &[usize],
        penalty: f64,
        kernel: &Option<(Scaling, Kernel)>,
        seed: u64,
    ) -> Result<(Vec<f64>, Parts), FitError> {
        let x = self.linear(chosen, penalty)?;
        let residuals = self.residuals(chosen, &x);
        let rows: Vec<Vec<f64>> = chosen.iter().map(|&i| self.rows[i].clone()).collect();
        let process = match kernel {
            Some((scaling, kernel)) => {
                GaussianProcess::fit(&rows, &residuals, &vec![0.0; rows.len()], scaling, kernel)
            }
            None => Err(FitError::Missing("kernel")),
        };
        Ok((x, Parts { process, trees: BoostedTrees::fit(&rows, &residuals, &Growth::default(), seed) }))
    }

    /// Per candidate ln(measured / predicted) of every network by a fit to the other folds.
    pub(super) fn log_errors(
        &self,
        penalty: f64,
        kernel: &Option<(Scaling, Kernel)>,
        seed: u64,
    ) -> [Option<Vec<f64>>; Candidate::ALL.len()] {
        let mut errors: [Option<Vec<f64>>; 4] = std::array::from_fn(|_| Some(Vec::new()));
        for fold in 0..FOLDS {
            let (inside, outside) = self.split(fold);
            let Ok((x, parts)) = self.parts(&outside, penalty, kernel, seed) else {
                return Default::default();
            };
            for (&i, residual) in inside.iter().zip(self.residuals(&inside, &x)) {
                let trees = parts.trees.predict(&self.rows[i]);
                let process = parts.process.as_ref().ok().map(|process| process.predict(&self.rows[i]));
                let corrections =
                    [Some(0.0), process, Some(trees), process.map(|process| 0.5 * (process + trees))];
                for (errors, correction) in errors.iter_mut().zip(corrections) {
                    match (errors.as_mut(), correction) {
                        (Some(errors), Some(correction)) => errors.push(residual - correction),
                        _ => *errors = None,
                    }
                }
            }
        }
        errors
    }
}
