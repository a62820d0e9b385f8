//! Regressors: from measured ops to a function of an op's features.
//!
//! A new one is a file with a type that implements [`Regressor`], its `mod` line, and a line in the list below.

mod blend;
mod boosted;
mod correction;
mod cross_validation;
mod kernel;
mod ols;
mod polynomial;
mod residual;
mod ridge;
mod transferred;
mod work_terms;

use serde::{Deserialize, Serialize};

pub(crate) use blend::Blend;
pub(crate) use boosted::Boosted;
pub(crate) use correction::log_residuals;
pub(crate) use cross_validation::{
    CandidateErrors, CvError, FOLDS, Weighed, assign_clusters, assign_folds, mape_of_log_errors,
};
pub(crate) use kernel::Kernel;
pub(crate) use ols::Ols;
pub(crate) use residual::Residual;
pub(crate) use ridge::Ridge;
pub(crate) use transferred::{Known, Transferred, view};
pub(crate) use work_terms::WorkTerms;

use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{DelegateRule, FeatureSlope, OpFeatures};

/// A share of a predicted latency.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The work term, or what else it stands for.
    pub name: String,
    /// Amount of it in the op, where it is a work term.
    pub amount: Option<f64>,
    /// Its share in milliseconds; the shares sum to the prediction.
    pub ms: f64,
}

impl Contribution {
    /// A share that is no work term's.
    fn other(name: &str, ms: f64) -> Self {
        Self { name: name.to_owned(), amount: None, ms }
    }
}

/// Whether a regressor may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May be chosen.
    Candidate,
    /// Fitted and reported for comparison, never chosen.
    Yardstick,
    /// Comes of other devices' models, never of rows alone: neither fitted nor reported.
    NeedsKnownDevices,
}

/// A function of an op's features, fitted to measured ops.
pub(crate) trait Regressor: Sized {
    /// Its name in reports.
    const NAME: &'static str;
    /// Whether it may be chosen.
    const ROLE: Role;
    /// Regressors of which it is the geometric mean, if it is one.
    const PARTS: &'static [RegressorKind] = &[];
    /// What is chosen on all samples before any is left out for cross-validation: a few numbers that say how smooth the
    /// answer is, never the answer itself.
    type Settings;

    /// Chooses settings.
    fn settings(samples: &[&Sample]) -> Self::Settings;

    /// Fits to samples.
    ///
    /// # Errors
    /// [`FitError`]: too few samples, or no finite solution.
    fn fit(samples: &[&Sample], settings: &Self::Settings) -> Result<Self, FitError>;

    /// The latency in milliseconds; not positive or not finite when it has no answer.
    fn predict_ms(&self, op: &OpFeatures) -> f64;

    /// The derivative of the latency in milliseconds along a slope of the features. Trees, which come in steps, are held.
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64;

    /// The derivative of the logarithm of the latency.
    fn log_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.slope_ms(op, slope) / self.predict_ms(op)
    }

    /// How far off its answer may be on log scale, in a unit of its own: larger where an op is unlike those fitted on.
    fn spread(&self, _op: &OpFeatures) -> f64 {
        1.0
    }

    /// How the delegate that ran the samples cuts convolutions up, if it goes by that.
    fn delegate_rule(&self) -> Option<DelegateRule> {
        None
    }

    /// What the latency is made of.
    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        vec![Contribution::other(Self::NAME, self.predict_ms(op))]
    }
}

macro_rules! regressors {
    ($($variant:ident),+ $(,)?) => {
        /// A fitted regressor of any type.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "regressor", rename_all = "snake_case")]
        pub enum Fitted {
            $(#[doc = concat!("See [`", stringify!($variant), "`].")] $variant($variant)),+
        }

        /// A type of regressor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RegressorKind {
            $(#[doc = concat!("See [`", stringify!($variant), "`].")] $variant),+
        }

        impl RegressorKind {
            /// All of them; where two do equally well, the earlier is taken.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $variant::NAME),+ }
            }

            /// Whether it may be chosen.
            pub fn role(self) -> Role {
                match self { $(Self::$variant => $variant::ROLE),+ }
            }

            /// Fits to samples.
            pub fn fit(self, samples: &[&Sample]) -> Result<Fitted, FitError> {
                match self {
                    $(Self::$variant => {
                        $variant::fit(samples, &$variant::settings(samples)).map(Fitted::$variant)
                    }),+
                }
            }

            /// Regressors of which it is the geometric mean, if it is one.
            pub fn parts(self) -> &'static [RegressorKind] {
                match self { $(Self::$variant => $variant::PARTS),+ }
            }

            /// For each sample, how far off a model fitted on the other folds is; nothing where that model has no
            /// ground to answer.
            pub(crate) fn misses(self, samples: &[&Sample], folds: &[usize]) -> Vec<Option<CvError>> {
                match self { $(Self::$variant => cross_validation::misses::<$variant>(samples, folds)),+ }
            }
        }

        impl Fitted {
            /// Its type.
            pub fn kind(&self) -> RegressorKind {
                match self { $(Self::$variant(_) => RegressorKind::$variant),+ }
            }

            /// The latency in milliseconds; nothing when it has no positive, finite answer.
            pub fn predict_ms(&self, op: &OpFeatures) -> Option<f64> {
                let ms = match self { $(Self::$variant(fitted) => fitted.predict_ms(op)),+ };
                (ms.is_finite() && ms > 0.0).then_some(ms)
            }

            /// The derivative of the latency in milliseconds along a slope of the features; trees, which come in steps, are
            /// held.
            pub fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
                match self { $(Self::$variant(fitted) => fitted.slope_ms(op, slope)),+ }
            }

            /// How far off its answer may be, in a unit of its own.
            pub fn spread(&self, op: &OpFeatures) -> f64 {
                match self { $(Self::$variant(fitted) => fitted.spread(op)),+ }
            }

            /// How the delegate that ran the samples cuts convolutions up, if it goes by that.
            pub fn delegate_rule(&self) -> Option<DelegateRule> {
                match self { $(Self::$variant(fitted) => fitted.delegate_rule()),+ }
            }

            /// What the latency is made of.
            pub fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
                match self { $(Self::$variant(fitted) => fitted.contributions(op)),+ }
            }
        }
    };
}

regressors! {
    WorkTerms,
    Residual,
    Ridge,
    Kernel,
    Boosted,
    Blend,
    Ols,
    Transferred,
}
