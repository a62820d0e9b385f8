//! A model that is loaded and ready to be timed.

use crate::backend::Runnable;
use crate::measure::{Subject, SubjectFailure};

/// A loaded model, and how large it was.
pub(super) struct Loaded {
    pub(super) runnable: Box<dyn Runnable>,
    /// Of the ONNX file: nearly all of it is weights.
    pub(super) model_bytes: usize,
}

impl Subject for Loaded {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        self.runnable.run()
    }

    fn kept_bytes(&self) -> Option<usize> {
        Some(self.model_bytes)
    }
}
