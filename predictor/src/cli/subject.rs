//! What to predict: an op key, an architecture file, or an ONNX or TensorFlow Lite model.

use std::path::Path;

use profiler::onnx::{OnnxError, fix_inputs, give_values};
use profiler::record::{ModelInputs, read_architecture, read_bytes};
use profiler::spec::{Architecture, OpSpec, TracedOp};
use profiler::sweep::with_small_weights;
use profiler::tflite::as_onnx;

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
    /// Reads an op key, or the architecture file or model of that name.
    pub(super) fn read(text: &str, inputs: &mut ModelInputs) -> Result<Self, PredictorError> {
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
        if is_network(path) {
            return read_network(text, path, inputs).map(|network| Self::Onnx(Box::new(network)));
        }
        // A name with a folder or an extension is meant to be a file, even where there is none.
        if path.exists() || path.extension().is_some() || text.contains(std::path::MAIN_SEPARATOR) {
            return Ok(Self::Network(read_architecture(path)?));
        }
        Err(PredictorError::Subject { reason })
    }
}

/// Whether a file is called as networks are.
pub(super) fn is_network(path: &Path) -> bool {
    let is = |known: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(known));
    is("onnx") || is("tflite")
}

/// Reads an ONNX or TensorFlow Lite model, with what concerns it of what is given for inputs.
pub(super) fn read_network(
    name: &str,
    path: &Path,
    inputs: &mut ModelInputs,
) -> Result<OnnxNetwork, PredictorError> {
    /// What one protobuf message may hold.
    const LIMIT: u64 = (1 << 31) - 1;
    let wrong = |error: OnnxError| match error {
        OnnxError::Inputs(source) => {
            PredictorError::Shape { network: name.to_owned(), source: Box::new(source) }
        }
        other => PredictorError::Network { network: name.to_owned(), reason: profiler::explain(&other) },
    };
    let file = as_onnx(path, read_bytes(path, LIMIT)?);
    let file =
        file.map_err(|e| PredictorError::Network { network: name.to_owned(), reason: e.to_string() })?;
    let mut onnx = with_small_weights(file, path);
    let inputs = inputs.of(path, &onnx).map_err(wrong)?;
    if !inputs.values.is_empty() {
        if let Some(closed) = fix_inputs(&onnx, &inputs.shapes).map_err(wrong)? {
            onnx = closed;
        }
        onnx = give_values(onnx, &inputs.values).map_err(wrong)?;
    }
    OnnxNetwork::read(name, &onnx, &inputs.shapes)
}
