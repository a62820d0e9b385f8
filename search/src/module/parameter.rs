use rand::RngExt;
use rand_pcg::Pcg64;
use tch::{Device, Kind, Tensor};

use crate::error::SearchError;

/// Whether weight decay pulls a parameter towards zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// It does: weights of convolutions and linear layers.
    Yes,
    /// It does not: biases and batch normalization, whose size weight decay would change to no good.
    No,
}

/// A learned tensor (a leaf that requires a gradient) and its momentum buffer of the same shape.
#[derive(Debug)]
pub struct Parameter {
    /// Its value.
    pub value: Tensor,
    /// Moving sum of its gradients.
    pub momentum: Tensor,
    /// Whether weight decay applies.
    pub decay: Decay,
}

impl Parameter {
    /// Uniform in ±√(6 / `fan_in`), drawn on the CPU so that every device starts alike.
    ///
    /// Source: He et al., arXiv:1502.01852 (variance 2 / fan-in).
    pub(crate) fn uniform(
        shape: &[i64],
        fan_in: u64,
        rng: &mut Pcg64,
        device: Device,
    ) -> Result<Self, SearchError> {
        let bound = (6.0 / fan_in as f32).sqrt();
        let count = shape.iter().product::<i64>();
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(-bound..=bound)).collect();
        Self::new(Tensor::f_from_slice(&values)?.f_view(shape)?, Decay::Yes, device)
    }

    pub(crate) fn constant(value: f64, count: i64, device: Device) -> Result<Self, SearchError> {
        Self::new(Tensor::f_full([count], value, (Kind::Float, Device::Cpu))?, Decay::No, device)
    }

    fn new(value: Tensor, decay: Decay, device: Device) -> Result<Self, SearchError> {
        let value = value.f_to_device(device)?.f_set_requires_grad(true)?;
        let momentum = value.f_zeros_like()?.f_set_requires_grad(false)?;
        Ok(Self { value, momentum, decay })
    }
}
