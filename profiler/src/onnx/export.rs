//! Writes a graph of layers as an ONNX model.

use prost::Message;

use super::{
    proto::{
        Attribute, Dimension, Entry, FLOAT, Graph as GraphProto, INT, INTS, Model, Node as NodeProto,
        OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
    },
    weights::{NodeWeights, SeededWeights, WeightSource},
};
use crate::spec::{Activation, Architecture, FeatureMap, Graph, Layer, Node, OpSpec, SpecError, Value};

const OPS_KEY: &str = "tailor.ops";
const INPUT: &str = "input";

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
    /// An op list that makes no sense.
    #[error("the model's `tailor.ops`: {0}")]
    Ops(#[from] SpecError),
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

/// The model of a graph: input `input` `[1, c, h, w]`, output `output`. The op keys go into the model's metadata.
///
/// # Errors
/// [`OnnxError::Weights`] when the source has no fitting weights.
pub fn model(
    graph: &Graph,
    name: &str,
    ops: &[OpSpec],
    source: &mut dyn WeightSource,
) -> Result<Vec<u8>, OnnxError> {
    let mut writer = Writer { graph, nodes: Vec::new(), initializers: Vec::new() };
    for (index, node) in graph.nodes().iter().enumerate() {
        writer.node(index, node, source)?;
    }
    let last = graph.nodes().last().map(|node| node.layer);
    let keys: Vec<_> = ops.iter().map(OpSpec::key).collect();
    let flat = matches!(last, Some(Layer::Linear { .. }));
    let model = Model {
        ir_version: 8,
        producer_name: "tailor".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(GraphProto {
            node: writer.nodes,
            name: name.to_owned(),
            initializer: writer.initializers,
            input: vec![value_info(INPUT, &dimensions(graph.input()))],
            output: vec![value_info(
                &value_name(graph, graph.output_value()),
                &dimensions(graph.output())[..if flat { 2 } else { 4 }],
            )],
        }),
        opset_import: vec![OperatorSet { domain: String::new(), version: 14 }],
        metadata_props: vec![Entry { key: OPS_KEY.to_owned(), value: keys.join(" ") }],
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

struct Writer<'a> {
    graph: &'a Graph,
    nodes: Vec<NodeProto>,
    initializers: Vec<Tensor>,
}

impl Writer<'_> {
    fn node(&mut self, index: usize, node: &Node, source: &mut dyn WeightSource) -> Result<(), OnnxError> {
        let mut inputs: Vec<_> = node.inputs.iter().map(|&value| value_name(self.graph, value)).collect();
        if node.layer.biases() > 0 {
            let tensors = source.weights(index, node).and_then(|tensors| check(node, tensors));
            let layer = || node.layer.to_string();
            let tensors = tensors.map_err(|reason| OnnxError::Weights { index, layer: layer(), reason })?;
            inputs.push(self.initializer(&format!("weight{index}"), &weight_shape(node), &tensors.weights));
            inputs.push(self.initializer(&format!("bias{index}"), &[node.layer.biases()], &tensors.biases));
        }
        let (op_type, attributes) = match node.layer {
            Layer::Conv(conv) => {
                let (kernel, pad, stride) = (conv.kernel, conv.kernel / 2, conv.stride);
                let attributes = vec![
                    ints("kernel_shape", &[kernel, kernel]),
                    ints("strides", &[stride, stride]),
                    ints("pads", &[pad, pad, pad, pad]),
                    int("group", conv.groups),
                ];
                ("Conv", attributes)
            }
            Layer::Activation(Activation::Relu) => ("Relu", vec![]),
            Layer::Activation(Activation::Hswish) => ("HardSwish", vec![]),
            Layer::Activation(Activation::Relu6) => {
                inputs.push(self.scalar("zero", 0.0));
                inputs.push(self.scalar("six", 6.0));
                ("Clip", vec![])
            }
            Layer::Add => ("Add", vec![]),
            Layer::GlobalAveragePool => ("GlobalAveragePool", vec![]),
            Layer::Linear { .. } => {
                let flat = format!("flat{index}");
                let flatten =
                    node_proto("Flatten", vec![inputs[0].clone()], flat.clone(), vec![int("axis", 1)]);
                self.nodes.push(flatten);
                inputs[0] = flat;
                ("Gemm", vec![int("transB", 1)])
            }
        };
        let output = output_name(self.graph, index);
        self.nodes.push(node_proto(op_type, inputs, output, attributes));
        Ok(())
    }

    fn initializer(&mut self, name: &str, shape: &[u64], values: &[f32]) -> String {
        let dims = shape.iter().map(|&side| side as i64).collect();
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializers.push(Tensor { dims, data_type: FLOAT, name: name.to_owned(), raw_data });
        name.to_owned()
    }

    fn scalar(&mut self, name: &str, value: f32) -> String {
        match self.initializers.iter().any(|tensor| tensor.name == name) {
            true => name.to_owned(),
            false => self.initializer(name, &[], &[value]),
        }
    }
}

fn check(node: &Node, tensors: NodeWeights) -> Result<NodeWeights, String> {
    let found = (tensors.weights.len() as u64, tensors.biases.len() as u64);
    let expected = (node.weights(), node.layer.biases());
    if found != expected {
        return Err(format!("{found:?} weights and biases, expected {expected:?}"));
    }
    match tensors.weights.iter().chain(&tensors.biases).find(|value| !value.is_finite()) {
        Some(value) => Err(format!("{value} is not finite")),
        None => Ok(tensors),
    }
}

fn weight_shape(node: &Node) -> Vec<u64> {
    match node.layer {
        Layer::Conv(conv) => {
            let kernel = u64::from(conv.kernel);
            vec![conv.out_channels.into(), (node.input.channels / conv.groups).into(), kernel, kernel]
        }
        _ => vec![node.layer.biases(), node.input.channels.into()],
    }
}

fn value_name(graph: &Graph, value: Value) -> String {
    value.index().checked_sub(1).map_or_else(|| INPUT.to_owned(), |node| output_name(graph, node))
}

fn output_name(graph: &Graph, index: usize) -> String {
    if index + 1 == graph.output_value().index() { "output".to_owned() } else { format!("value{index}") }
}

fn node_proto(op_type: &str, input: Vec<String>, output: String, attribute: Vec<Attribute>) -> NodeProto {
    let name = format!("{op_type}_{output}");
    NodeProto { input, output: vec![output], name, op_type: op_type.to_owned(), attribute }
}

fn int(name: &str, value: u32) -> Attribute {
    Attribute { name: name.to_owned(), i: value.into(), ints: Vec::new(), r#type: INT }
}

fn ints(name: &str, values: &[u32]) -> Attribute {
    let ints = values.iter().copied().map(i64::from).collect();
    Attribute { name: name.to_owned(), i: 0, ints, r#type: INTS }
}

fn dimensions(map: FeatureMap) -> [u32; 4] {
    [1, map.channels, map.height, map.width]
}

fn value_info(name: &str, shape: &[u32]) -> ValueInfo {
    let dim = shape.iter().map(|&side| Dimension { dim_value: side.into() }).collect();
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape: Some(Shape { dim }) });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::spec::SpaceFile;

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
            fn weights(&mut self, _: usize, _: &Node) -> Result<NodeWeights, String> {
                Ok(NodeWeights { weights: vec![0.0; 3], biases: vec![f32::NAN] })
            }
        }
        let op: OpSpec = "conv-4x4x2-o5-k3-s1-relu6".parse().unwrap();
        let error = model(&op.graph(), "x", &[op], &mut Short).unwrap_err().to_string();
        // 5·2·3·3 = 90 weights and 5 biases.
        assert!(error.contains("(3, 1) weights and biases, expected (90, 5)"), "{error}");
    }
}
