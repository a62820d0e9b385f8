//! Writes a graph of layers as an ONNX model.

use prost::Message;

use super::proto::{Entry, Graph as GraphProto, Model, OperatorSet};
use super::quantization::Quantization;
use super::weights::{SeededWeights, WeightSource};
use super::writer::Writer;
use super::{Malformed, ShapeError};
use crate::spec::{Architecture, Graph, OpSpec, Precision, SpecError};

const OPS_KEY: &str = "tailor.ops";
const OUTPUT_KEY: &str = "tailor.output";

/// A model that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// No or wrong weights for a layer.
    #[error("weights of node {index} ({layer}): {reason}")]
    Weights {
        /// Position in the graph.
        index: usize,
        /// The layer.
        layer: String,
        /// What is wrong.
        reason: String,
    },
    /// Bytes that are no ONNX model.
    #[error("not an ONNX model: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A model without a graph.
    #[error("not an ONNX model: it holds no graph")]
    NoGraph,
    /// Bytes that are no protobuf message.
    #[error("not an ONNX model: {0}")]
    Malformed(#[from] Malformed),
    /// Inputs whose sizes are not known, or contradict what is given.
    #[error(transparent)]
    Inputs(#[from] ShapeError),
    /// An input that no values can be made for.
    #[error("input `{0}` is no tensor but a sequence, a map or optional: export the model with tensors only")]
    NotATensor(String),
    /// Values that an input does not take.
    #[error("values of input `{input}`: {reason}")]
    Values {
        /// Its name.
        input: String,
        /// What is wrong.
        reason: String,
    },
    /// Operators of a form that is not read.
    #[error(
        "its operators are of set {opset}; sets from {oldest} on are read: convert the model with \
         `onnx.version_converter.convert_version(model, 13)`"
    )]
    OldOperators {
        /// Its operator set.
        opset: i64,
        /// The oldest that is read.
        oldest: i64,
    },
    /// Weights in another file that cannot be read.
    #[error("its weights in `{location}`: {reason}")]
    External {
        /// That file, relative to the model's folder.
        location: String,
        /// What is wrong.
        reason: String,
    },
    /// An op list that makes no sense.
    #[error("the model's `tailor.ops`: {0}")]
    Ops(#[from] SpecError),
    /// An output's integers that make no sense.
    #[error("the model's `tailor.output` is `{0}`, expected a unit and a zero point")]
    Output(String),
}

/// The model of one op with random weights: the very bytes that are timed.
///
/// # Errors
/// None in practice: seeded weights always fit.
pub fn op_model(op: &OpSpec, seed: u64) -> Result<Vec<u8>, OnnxError> {
    model(&op.graph(), &op.key(), &[*op], &mut SeededWeights { seed })
}

/// The model of a network with random weights.
///
/// # Errors
/// None in practice: seeded weights always fit.
pub fn network_model(network: &Architecture, seed: u64) -> Result<Vec<u8>, OnnxError> {
    model(network.graph(), network.name(), network.ops(), &mut SeededWeights { seed })
}

/// The model of a graph: input `input` `[1, c, h, w]`, one more for each further input, output `output`. The op keys go
/// into the model's metadata. It is an int8 (QDQ) model if the ops are int8 ops: inputs and output are then unsigned
/// 8-bit integers, the inputs' in units of 1/127 around 128, the output's as the metadata's `tailor.output` says (unit and
/// zero point).
///
/// # Errors
/// [`OnnxError::Weights`] when the source has no fitting weights.
pub fn model(
    graph: &Graph,
    name: &str,
    ops: &[OpSpec],
    source: &mut dyn WeightSource,
) -> Result<Vec<u8>, OnnxError> {
    let precision = ops.first().map_or(Precision::F32, OpSpec::precision);
    let written = Writer::new(graph, precision).write(source)?;
    let keys: Vec<_> = ops.iter().map(OpSpec::key).collect();
    let entry = |key: &str, value| Entry { key: key.to_owned(), value };
    let mut metadata_props = vec![entry(OPS_KEY, keys.join(" "))];
    metadata_props.extend(written.output_unit.map(|q| entry(OUTPUT_KEY, format!("{} {}", q.unit, q.zero))));
    let model = Model {
        ir_version: 8,
        producer_name: "tailor".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(GraphProto {
            node: written.parts.nodes,
            name: name.to_owned(),
            initializer: written.parts.initializers,
            input: written.inputs,
            output: vec![written.output],
            ..GraphProto::default()
        }),
        opset_import: vec![OperatorSet { domain: String::new(), version: 14 }],
        metadata_props,
    };
    Ok(model.encode_to_vec())
}

/// The ops that Tailor wrote into a model's metadata; `None` for a model from elsewhere.
///
/// # Errors
/// [`OnnxError`] for bytes that are no ONNX model or an op list that makes no sense.
pub fn read_ops(bytes: &[u8]) -> Result<Option<Vec<OpSpec>>, OnnxError> {
    let model = Model::decode(bytes)?;
    let Some(entry) = model.metadata_props.iter().find(|entry| entry.key == OPS_KEY) else {
        return Ok(None);
    };
    let ops = entry.value.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(ops))
}

/// What the output's integers stand for, if Tailor wrote the model in int8.
///
/// # Errors
/// [`OnnxError::Decode`] for bytes that are no ONNX model, [`OnnxError::Output`] for metadata that makes no sense.
pub fn read_output_integers(bytes: &[u8]) -> Result<Option<Quantization>, OnnxError> {
    let model = Model::decode(bytes)?;
    let entry = model.metadata_props.into_iter().find(|entry| entry.key == OUTPUT_KEY);
    let parse = |entry: Entry| Quantization::parse(&entry.value).ok_or(OnnxError::Output(entry.value));
    entry.map(parse).transpose()
}

/// The operators of a model, in running order.
///
/// # Errors
/// [`OnnxError::Decode`] for bytes that are no ONNX model.
pub fn operators(bytes: &[u8]) -> Result<Vec<String>, OnnxError> {
    let graph = Model::decode(bytes)?.graph.unwrap_or_default();
    Ok(graph.node.into_iter().map(|node| node.op_type).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::NodeWeights;
    use crate::spec::{Node, SpaceFile};

    #[test]
    fn a_models_ops_can_be_read_back() {
        let network =
            SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap().baseline().unwrap();
        let bytes = network_model(&network, 1).unwrap();
        assert_eq!(read_ops(&bytes).unwrap().unwrap(), network.ops());
        assert_eq!(bytes, network_model(&network, 1).unwrap());
        assert_ne!(bytes, network_model(&network, 2).unwrap());
        assert!(read_ops(&bytes[..bytes.len() / 2]).is_err(), "a truncated model");
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        struct Short;
        impl WeightSource for Short {
            fn weights(&mut self, _: usize, _: &Node) -> Result<NodeWeights, crate::onnx::WeightsError> {
                Ok(NodeWeights { weights: vec![0.0; 3], biases: vec![f32::NAN] })
            }
        }
        let op: OpSpec = "conv-4x4x2-o5-k3-s1-relu6".parse().unwrap();
        let error = model(&op.graph(), "x", &[op], &mut Short).unwrap_err().to_string();
        // 5·2·3·3 = 90 weights and 5 biases.
        assert!(error.contains("(3, 1) weights and biases, expected (90, 5)"), "{error}");
    }
}
