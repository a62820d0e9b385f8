//! Stochastic gradient descent of weights.

use serde::{Deserialize, Serialize};
use tch::{Kind, Reduction, Tensor};

use crate::data::Batch;
use crate::error::SearchError;
use crate::module::{Decay, Mode, Network, Parameter};

/// SGD with Nesterov momentum, weight decay, label smoothing and a cosine learning rate.
///
/// Source: Sutskever et al., ICML 2013, in the form m ← μ m + g, w ← w − η (g + μ m); Loshchilov, Hutter,
/// arXiv:1608.03983 (cosine); Szegedy et al., arXiv:1512.00567 (label smoothing).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// Largest learning rate, reached when the warm-up ends.
    pub learning_rate: f64,
    /// Share of the steps in which the learning rate grows from 0.
    pub warm_up: f64,
    /// μ.
    pub momentum: f64,
    /// Added to the gradient as this times the weight; only for weights of convolutions and linear layers.
    pub weight_decay: f64,
    /// Share of the target probability spread over all classes.
    pub label_smoothing: f64,
}

/// Target value that no image has.
pub(crate) const IGNORE: i64 = -100;

impl Sgd {
    /// How weights learn if nothing else is said, in searches and in trainings.
    pub const RECIPE: Self =
        Self { learning_rate: 0.3, warm_up: 0.1, momentum: 0.9, weight_decay: 4e-5, label_smoothing: 0.1 };
    /// Images of a step, if nothing else is said.
    pub const BATCH: usize = 96;

    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let below_1 = [
            ("warm-up share", self.warm_up),
            ("momentum", self.momentum),
            ("label smoothing", self.label_smoothing),
        ];
        for (name, value) in below_1 {
            if !(0.0..1.0).contains(&value) {
                return Err(SearchError::Setting {
                    name,
                    value: value.to_string(),
                    expected: "0 or more and below 1",
                });
            }
        }
        for (name, value) in [("learning rate", self.learning_rate), ("weight decay", self.weight_decay)] {
            if !(0.0..=100.0).contains(&value) {
                return Err(SearchError::Setting { name, value: value.to_string(), expected: "0 to 100" });
            }
        }
        Ok(())
    }

    /// Learning rate of step `step` (from 0) of `steps`.
    pub(crate) fn rate(&self, step: u64, steps: u64) -> f64 {
        let progress = (step as f64 + 0.5) / steps.max(1) as f64;
        if progress < self.warm_up {
            return self.learning_rate * progress / self.warm_up;
        }
        let rest = ((progress - self.warm_up) / (1.0 - self.warm_up)).min(1.0);
        self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * rest).cos())
    }

    /// One step on one batch; the loss before it.
    ///
    /// Only the parameters that the network uses change, momentum and weight decay included.
    ///
    /// # Errors
    /// [`SearchError::Torch`].
    pub fn step(&self, network: &mut impl Network, batch: &Batch, rate: f64) -> Result<f64, SearchError> {
        let logits = network.forward(&batch.images, Mode::Train)?;
        let loss = cross_entropy(&logits, &batch.labels, self.label_smoothing)?;
        let mut parameters = network.parameters_mut();
        let values: Vec<&Tensor> = parameters.iter().map(|parameter| &parameter.value).collect();
        let gradients = Tensor::f_run_backward(&[&loss], &values, false, false)?;
        tch::no_grad(|| -> Result<(), SearchError> {
            parameters.iter_mut().zip(gradients).try_for_each(|(p, gradient)| self.apply(p, gradient, rate))
        })?;
        Ok(f64::try_from(&loss)?)
    }

    fn apply(&self, parameter: &mut Parameter, mut gradient: Tensor, rate: f64) -> Result<(), SearchError> {
        if parameter.decay == Decay::Yes && self.weight_decay != 0.0 {
            gradient = gradient.f_add(&parameter.value.f_mul_scalar(self.weight_decay)?)?;
        }
        let momentum = &mut parameter.momentum;
        let _ = momentum.f_mul_scalar_(self.momentum)?.f_add_(&gradient)?;
        let direction = momentum.f_mul_scalar(self.momentum)?.f_add_(&gradient)?.f_mul_scalar_(-rate)?;
        let _ = parameter.value.f_add_(&direction)?;
        Ok(())
    }
}

/// Mean cross-entropy of logits `[n, classes]` and labels `[n]`.
pub(crate) fn cross_entropy(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Result<Tensor, SearchError> {
    let weight = None::<&Tensor>;
    Ok(logits.f_cross_entropy_loss(labels, weight, Reduction::Mean, IGNORE, smoothing)?)
}

/// Share of a network's predictions that are right, and how many there are, over batches.
///
/// # Errors
/// [`SearchError`] of a batch or the network.
pub fn accuracy(
    network: &impl Network,
    batches: impl Iterator<Item = Result<Batch, SearchError>>,
    mode: Mode,
) -> Result<f64, SearchError> {
    let (mut right, mut total) = (0_i64, 0_i64);
    for batch in batches {
        let batch = batch?;
        let logits = tch::no_grad(|| network.forward(&batch.images, mode))?;
        let hits = logits.f_argmax(1, false)?.f_eq_tensor(&batch.labels)?.f_sum(Kind::Int64)?;
        right += i64::try_from(&hits)?;
        total += batch.labels.numel() as i64;
    }
    Ok(right as f64 / total.max(1) as f64)
}
