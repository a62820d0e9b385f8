//! What to predict: an op key, an architecture file, or an ONNX model.

use std::path::Path;

use profiler::{
    onnx::InputShapes,
    record::{ReadError, read_architecture},
    spec::{Architecture, OpSpec, TracedOp},
};

use crate::{error::PredictorError, onnx::OnnxNetwork, work::OpEntry};

/// An op or a network.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Op(OpSpec),
    Traced(Box<OpEntry>),
    Network(Architecture),
    Onnx(Box<OnnxNetwork>),
}

impl Subject {
    /// Reads an op key, or the architecture file or ONNX model of that name.
    pub(super) fn read(text: &str, inputs: &InputShapes) -> Result<Self, PredictorError> {
        // A file's name may have that sign, too: what is wrong with a key is said at the end.
        let op = if text.contains(TracedOp::SIGN) {
            text.parse::<TracedOp>().map(|op| Self::Traced(Box::new(OpEntry::from(&op))))
        } else {
            text.parse::<OpSpec>().map(Self::Op)
        };
        let reason = match op {
            Ok(op) => return Ok(op),
            Err(error) => error.to_string(),
        };
        let path = Path::new(text);
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
            let bytes =
                std::fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
            return OnnxNetwork::read(text, &bytes, inputs).map(|network| Self::Onnx(Box::new(network)));
        }
        // A name with a folder or an extension is meant to be a file, even where there is none.
        if path.exists() || path.extension().is_some() || text.contains(std::path::MAIN_SEPARATOR) {
            return Ok(Self::Network(read_architecture(path)?));
        }
        Err(PredictorError::Subject { reason })
    }
}
