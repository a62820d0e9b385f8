use tch::Tensor;

use super::{Mode, Parameter};
use crate::error::SearchError;

/// A network with weights.
pub trait Network {
    /// `[n, c, h, w]` to logits `[n, classes]`.
    ///
    /// # Errors
    /// [`SearchError::Torch`] for an input of another shape.
    fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, SearchError>;

    /// All parameters that [`Network::forward`] uses.
    fn parameters_mut(&mut self) -> Vec<&mut Parameter>;
}
