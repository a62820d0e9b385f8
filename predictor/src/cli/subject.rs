//! What to predict: an op key or an architecture file.

use std::path::Path;

use profiler::{
    record::read_architecture,
    spec::{Architecture, OpSpec},
};

use crate::PredictorError;

/// An op or a network.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Op(OpSpec),
    Network(Architecture),
}

impl Subject {
    /// Reads an op key, or the architecture file of that name.
    pub(super) fn read(text: &str) -> Result<Self, PredictorError> {
        let reason = match text.parse::<OpSpec>() {
            Ok(op) => return Ok(Self::Op(op)),
            Err(error) => error.to_string(),
        };
        let path = Path::new(text);
        // A name with a folder or an extension is meant to be a file, even where there is none.
        if path.exists() || path.extension().is_some() || text.contains(std::path::MAIN_SEPARATOR) {
            return Ok(Self::Network(read_architecture(path)?));
        }
        Err(PredictorError::Subject { reason })
    }
}
