//! A model that Tailor exported, read back: the graph of its ops and what its nodes hold.

use std::collections::HashMap;

use prost::Message;

use super::proto::{Model, Tensor};
use super::quantization::INPUT;
use super::{NodeWeights, OnnxError, Quantization, WeightSource, WeightsError, operators, read_ops};
use crate::spec::{Architecture, Graph, Node, Precision};

/// What a model that Tailor exported holds.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) network: Architecture,
    constants: HashMap<String, Tensor>,
}

/// Weights of a layer in integers: `real = unit · integer`.
pub(crate) struct IntegerWeights {
    pub(crate) weights: Vec<i8>,
    /// One per output channel.
    pub(crate) units: Vec<f32>,
    /// In units of the input's times the channel's.
    pub(crate) biases: Vec<i32>,
}

impl Exported {
    /// `None` for a model from elsewhere, and for one whose nodes are no longer those that Tailor wrote.
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no ONNX model, or an op list that makes no sense.
    pub(crate) fn read(onnx: &[u8]) -> Result<Option<Self>, OnnxError> {
        let Some(ops) = read_ops(onnx)?.filter(|ops| !ops.is_empty()) else { return Ok(None) };
        let graph = Model::decode(onnx)?.graph.ok_or(OnnxError::NoGraph)?;
        let network = Architecture::new(&graph.name, None, ops)?;
        let constants = graph.initializer.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let as_exported = super::network_model(&network, 0)?;
        let is_unchanged = operators(onnx)? == operators(&as_exported)?;
        Ok(is_unchanged.then_some(Self { network, constants }))
    }

    pub(crate) fn graph(&self) -> &Graph {
        self.network.graph()
    }

    pub(crate) fn precision(&self) -> Precision {
        self.network.ops().first().map_or(Precision::F32, |op| op.precision())
    }

    /// What the integers of a value stand for; that of an input where none is written.
    pub(crate) fn quantization(&self, value: &str) -> Option<Quantization> {
        if value.starts_with("input") {
            return Some(INPUT);
        }
        let [unit] = numbers(self.constants.get(&format!("{value}_unit"))?, f32::from_le_bytes)[..] else {
            return None;
        };
        let zero = *self.constants.get(&format!("{value}_zero"))?.raw_data.first()?;
        Some(Quantization { unit, zero })
    }

    /// The weights of an int8 model's layer.
    pub(crate) fn integer_weights(&self, index: usize) -> Result<IntegerWeights, WeightsError> {
        let weights = self.constant(&format!("weight{index}_int8"))?;
        Ok(IntegerWeights {
            weights: weights.raw_data.iter().map(|byte| *byte as i8).collect(),
            units: numbers(self.constant(&format!("weight{index}_units"))?, f32::from_le_bytes),
            biases: numbers(self.constant(&format!("bias{index}_int32"))?, i32::from_le_bytes),
        })
    }

    fn constant(&self, name: &str) -> Result<&Tensor, WeightsError> {
        self.constants.get(name).ok_or_else(|| format!("the model has no `{name}`").into())
    }
}

impl WeightSource for &Exported {
    fn weights(&mut self, index: usize, _: &Node) -> Result<NodeWeights, WeightsError> {
        let floats = |name: &str| Ok::<_, WeightsError>(numbers(self.constant(name)?, f32::from_le_bytes));
        Ok(NodeWeights {
            weights: floats(&format!("weight{index}"))?,
            biases: floats(&format!("bias{index}"))?,
        })
    }
}

fn numbers<T>(tensor: &Tensor, read: fn([u8; 4]) -> T) -> Vec<T> {
    tensor.raw_data.as_chunks().0.iter().copied().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{SeededWeights, chain_model, op_model};
    use crate::spec::OpSpec;

    #[test]
    fn what_was_written_is_read_back() {
        let op: OpSpec = "conv-4x4x2-o5-k3-s1-relu6".parse().unwrap();
        let exported = Exported::read(&op_model(&op, 3).unwrap()).unwrap().unwrap();
        assert_eq!((exported.graph(), exported.precision()), (&op.graph(), Precision::F32));
        let node = &exported.graph().nodes()[0];
        let expected = SeededWeights { seed: 3 }.weights(0, node).unwrap();
        assert_eq!((&exported).weights(0, node).unwrap(), expected);
        let error = (&exported).weights(1, node).unwrap_err().to_string();
        assert_eq!(error, "the model has no `weight1`");
    }

    #[test]
    fn integers_are_read_back() {
        let op: OpSpec = "conv-4x4x2-o5-k3-s1-relu6-int8".parse().unwrap();
        let exported = Exported::read(&op_model(&op, 3).unwrap()).unwrap().unwrap();
        let IntegerWeights { weights, units, biases } = exported.integer_weights(0).unwrap();
        assert_eq!((weights.len(), units.len(), biases.len()), (90, 5, 5));
        // The largest weight of a channel is 63 of its units.
        assert!(weights.chunks(18).all(|filter| filter.iter().any(|weight| weight.abs() == 63)));
        // Behind a ReLU6, 0 is the lowest integer and 6 at most the highest; the convolution alone has none.
        let Quantization { unit, zero } = exported.quantization("output").unwrap();
        assert!(zero == 0 && unit > 0.0 && unit <= 6.0 / 255.0, "{unit} {zero}");
        assert_eq!((exported.quantization("input"), exported.quantization("value0")), (Some(INPUT), None));
    }

    #[test]
    fn models_from_elsewhere_and_changed_ones_are_none() {
        assert!(Exported::read(&chain_model(2)).unwrap().is_none());
        let op: OpSpec = "conv-4x4x2-o5-k3-s1-relu6".parse().unwrap();
        let mut model = Model::decode(&*op_model(&op, 3).unwrap()).unwrap();
        model.graph.as_mut().unwrap().node.pop();
        assert!(Exported::read(&model.encode_to_vec()).unwrap().is_none());
    }
}
