//! What to predict: an op key, an architecture file, or an ONNX or TensorFlow Lite model.

use std::path::Path;

use profiler::onnx::{OnnxError, fix_inputs, give_values};
use profiler::record::{ModelInputs, read_architecture, read_bytes};
use profiler::spec::{Architecture, OpSpec, TracedOp};
use profiler::sweep::{ModelFile, model_key, with_small_weights};

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
            return read_network(text, path, inputs).map(|(network, _)| Self::Onnx(Box::new(network)));
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
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) || is_tflite(path)
}

/// Whether a file is called as TensorFlow Lite's are.
pub(super) fn is_tflite(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tflite"))
}

/// Reads an ONNX or TensorFlow Lite model, with what concerns it of what is given for inputs; and what the profiler's tables call it.
pub(super) fn read_network(
    name: &str,
    path: &Path,
    inputs: &mut ModelInputs,
) -> Result<(OnnxNetwork, String), PredictorError> {
    /// What one protobuf message may hold.
    const LIMIT: u64 = (1 << 31) - 1;
    let wrong = |error: OnnxError| match error {
        OnnxError::Inputs(source) => {
            PredictorError::Shape { network: name.to_owned(), source: Box::new(source) }
        }
        other => PredictorError::Network { network: name.to_owned(), reason: profiler::explain(&other) },
    };
    let file = ModelFile::of(path, read_bytes(path, LIMIT)?);
    let mut file =
        file.map_err(|e| PredictorError::Network { network: name.to_owned(), reason: e.to_string() })?;
    file.onnx = with_small_weights(file.onnx, path);
    let inputs = inputs.of(path, &file.onnx).map_err(wrong)?;
    let key = model_key(path, &file, &inputs).map_err(|error| PredictorError::Network {
        network: name.to_owned(),
        reason: profiler::explain(&error),
    })?;
    let mut onnx = file.onnx;
    if !inputs.values.is_empty() {
        if let Some(closed) = fix_inputs(&onnx, &inputs.shapes).map_err(wrong)? {
            onnx = closed;
        }
        onnx = give_values(onnx, &inputs.values).map_err(wrong)?;
    }
    Ok((OnnxNetwork::read(name, &onnx, &inputs.shapes)?, key))
}
