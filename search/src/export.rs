//! A trained network as an ONNX model, batch normalization folded into its convolutions.

use profiler::onnx::{NodeWeights, WeightSource, WeightsError, model};
use profiler::spec::{Architecture, Node};
use tch::{Device, Kind, Tensor};

use crate::error::SearchError;
use crate::folder::RunFolder;
use crate::module::{EPSILON, GraphModule, LayerWeights, load_weights};
use crate::seed::{Purpose, generator};
use crate::tensor_file::TensorFile;
use crate::train::{PREFIX, WEIGHTS, read_trained};

/// The ONNX model of a trained network.
///
/// # Errors
/// [`SearchError::Onnx`].
pub fn onnx_model(network: &Architecture, module: &GraphModule) -> Result<Vec<u8>, SearchError> {
    Ok(model(network.graph(), network.name(), network.ops(), &mut Folded { module })?)
}

/// The folded weights as `N.weight` and `N.bias` for each layer N of the graph that has some: convolutions `[out, in /
/// groups, k, k]`, linear layers `[out, in]`.
pub(crate) fn folded_tensors(
    network: &Architecture,
    module: &GraphModule,
) -> Result<TensorFile, SearchError> {
    let mut file = TensorFile::new("tailor-folded-weights", 1);
    for (index, layer) in module.layers().iter().enumerate() {
        let shape = match layer {
            LayerWeights::Conv { weight, .. } | LayerWeights::Linear { weight, .. } => weight.value.size(),
            LayerWeights::None => continue,
        };
        let NodeWeights { weights, biases } = fold(layer)?;
        if weights.iter().chain(&biases).any(|value| !value.is_finite()) {
            let reason = format!("{}: layer {index} has weights that are not finite", network.key());
            return Err(SearchError::Checkpoint(reason));
        }
        file.insert(&format!("{index}.weight"), &Tensor::f_from_slice(&weights)?.f_view(shape.as_slice())?)?;
        file.insert(&format!("{index}.bias"), &Tensor::f_from_slice(&biases)?)?;
    }
    Ok(file)
}

/// The network of a finished training with its weights.
///
/// # Errors
/// [`SearchError::Read`] or [`SearchError::Checkpoint`] for files that are missing, broken or do not go together.
pub fn load_trained(folder: &RunFolder) -> Result<(Architecture, GraphModule), SearchError> {
    let (network, _) = read_trained(folder)?;
    let module =
        GraphModule::new(network.graph().clone(), &mut generator(0, Purpose::Weights, 0), Device::Cpu)?;
    let path = folder.weights();
    let file = TensorFile::read(&path, WEIGHTS.0, WEIGHTS.1)?;
    load_weights(&file, PREFIX, &module).map_err(|error| error.in_file(&path))?;
    Ok((network, module))
}

/// Weights with batch normalization folded in: w' = w s, b' = β − μ s with s = γ / √(σ² + ε), in 64 bits.
struct Folded<'a> {
    module: &'a GraphModule,
}

impl WeightSource for Folded<'_> {
    fn weights(&mut self, index: usize, _: &Node) -> Result<NodeWeights, WeightsError> {
        let layer = self.module.layers().get(index).ok_or("the network has no such layer")?;
        Ok(fold(layer)?)
    }
}

fn fold(layer: &LayerWeights) -> Result<NodeWeights, SearchError> {
    match layer {
        LayerWeights::Conv { weight, scale, shift, mean, variance } => {
            let (scale, shift) = (numbers(&scale.value)?, numbers(&shift.value)?);
            let (mean, variance) = (numbers(mean)?, numbers(variance)?);
            let factors: Vec<_> =
                scale.iter().zip(&variance).map(|(s, v)| s / (v + EPSILON).sqrt()).collect();
            let weights = numbers(&weight.value)?;
            let filter = weights.len() / factors.len().max(1);
            let folded =
                weights.iter().enumerate().map(|(index, weight)| (weight * factors[index / filter]) as f32);
            let biases =
                shift.iter().zip(&mean).zip(&factors).map(|((shift, mean), f)| (shift - mean * f) as f32);
            Ok(NodeWeights { weights: folded.collect(), biases: biases.collect() })
        }
        LayerWeights::Linear { weight, bias } => {
            let single = |values: Vec<f64>| values.iter().map(|value| *value as f32).collect();
            Ok(NodeWeights {
                weights: single(numbers(&weight.value)?),
                biases: single(numbers(&bias.value)?),
            })
        }
        LayerWeights::None => Ok(NodeWeights { weights: Vec::new(), biases: Vec::new() }),
    }
}

/// All numbers of a tensor, row by row.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>, SearchError> {
    let flat =
        tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?.f_view([-1])?;
    Ok(Vec::try_from(&flat)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler::spec::OpSpec;

    #[test]
    fn folding_by_hand() {
        // One 1×1 filter of weight 3; γ 2, β 0.5, μ 4, σ² 4 − ε: s = 2/2 = 1, w' = 3, b' = 0.5 − 4 = −3.5.
        let op: OpSpec = "conv-1x1x1-o1-k1-s1".parse().unwrap();
        let module =
            GraphModule::new(op.graph(), &mut generator(0, Purpose::Weights, 0), Device::Cpu).unwrap();
        let LayerWeights::Conv { weight, scale, shift, mean, variance } = &module.layers()[0] else {
            unreachable!()
        };
        let values = [(&weight.value, 3.0), (&scale.value, 2.0), (&shift.value, 0.5), (mean, 4.0)];
        tch::no_grad(|| {
            for (tensor, value) in values.into_iter().chain([(variance, 4.0 - EPSILON)]) {
                let _ = tensor.shallow_clone().fill_(value);
            }
        });
        let folded = fold(&module.layers()[0]).unwrap();
        assert_eq!((folded.weights, folded.biases), (vec![3.0], vec![-3.5]));
    }
}
