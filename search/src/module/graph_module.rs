use profiler::spec::{Activation, Conv, Graph, Layer, Node};
use rand_pcg::Pcg64;
use tch::{Device, Kind, Tensor};

use super::{LayerWeights, Network, Parameter};
use crate::error::SearchError;

/// How batch normalization behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Normalizes by the batch and moves the running statistics.
    Train,
    /// Normalizes by the batch and leaves the running statistics alone.
    Probe,
    /// Normalizes by the batch, and makes the running statistics the mean of those of the batches since this was 0.
    Calibrate(u32),
    /// Normalizes by the running statistics.
    Evaluate,
}

/// Share of the newest batch in the running statistics.
const STATISTICS_MOMENTUM: f64 = 0.1;
/// Added to the variance under the root.
pub(crate) const EPSILON: f64 = 1e-5;

/// A graph of layers with weights: each convolution is followed by batch normalization and has no bias.
#[derive(Debug)]
pub struct GraphModule {
    graph: Graph,
    layers: Vec<LayerWeights>,
}

impl GraphModule {
    /// Random weights for a graph; the same for the same state of `rng`.
    ///
    /// # Errors
    /// [`SearchError::Layer`] for a graph with a layer that has no trainable form, [`SearchError::Torch`].
    pub fn new(graph: Graph, rng: &mut Pcg64, device: Device) -> Result<Self, SearchError> {
        let layers = graph
            .nodes()
            .iter()
            .map(|node| LayerWeights::new(node, rng, device))
            .collect::<Result<_, _>>()?;
        Ok(Self { graph, layers })
    }

    pub(crate) fn layers(&self) -> &[LayerWeights] {
        &self.layers
    }

    /// `[n, c, h, w]` to `[n, c', h', w']`, or to `[n, classes]` behind a linear layer.
    ///
    /// # Errors
    /// [`SearchError::Torch`] for an input of another shape.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        let mut values = Vec::with_capacity(self.layers.len() + 1);
        values.push(input.shallow_clone());
        for (node, weights) in self.graph.nodes().iter().zip(&self.layers) {
            let inputs: Vec<&Tensor> = node.inputs.iter().map(|value| &values[value.index()]).collect();
            let output = apply(node, weights, &inputs, mode)?;
            values.push(output);
        }
        Ok(values.swap_remove(self.graph.output_value().index()))
    }

    /// Its parameters, to change.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter> {
        self.layers.iter_mut().flat_map(LayerWeights::parameters_mut)
    }

    /// Its parameters with their names, `3.weight` for those of node 3.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &Parameter)> {
        let layers = self.layers.iter().enumerate();
        layers.flat_map(|(node, layer)| {
            layer.parameters().into_iter().map(move |(name, p)| (format!("{node}.{name}"), p))
        })
    }

    /// Its running statistics with their names, `3.mean` for those of node 3.
    pub fn statistics(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let layers = self.layers.iter().enumerate();
        layers.flat_map(|(node, layer)| {
            layer.statistics().into_iter().map(move |(name, t)| (format!("{node}.{name}"), t))
        })
    }
}

impl Network for GraphModule {
    fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        Self::forward(self, images, mode)
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        Self::parameters_mut(self).collect()
    }
}

fn apply(node: &Node, weights: &LayerWeights, inputs: &[&Tensor], mode: Mode) -> Result<Tensor, SearchError> {
    let untrainable = || SearchError::Layer(node.layer.to_string());
    let input = *inputs.first().ok_or_else(untrainable)?;
    Ok(match node.layer {
        Layer::Conv(conv) => {
            let LayerWeights::Conv { weight, scale, shift, mean, variance } = weights else {
                return Err(untrainable());
            };
            let value = convolve(input, &weight.value, conv)?;
            let (scale, shift) = (Some(&scale.value), Some(&shift.value));
            let statistics = if mode == Mode::Probe { (None, None) } else { (Some(mean), Some(variance)) };
            let by_batch = mode != Mode::Evaluate;
            let (mean, variance) = statistics;
            let momentum = match mode {
                Mode::Calibrate(batches) => 1.0 / (f64::from(batches) + 1.0),
                Mode::Train | Mode::Probe | Mode::Evaluate => STATISTICS_MOMENTUM,
            };
            value.f_batch_norm(scale, shift, mean, variance, by_batch, momentum, EPSILON, true)?
        }
        Layer::Linear { .. } => {
            let LayerWeights::Linear { weight, bias } = weights else { return Err(untrainable()) };
            input.f_flatten(1, -1)?.f_linear(&weight.value, Some(&bias.value))?
        }
        Layer::Activation(activation) => activate(input, activation)?,
        Layer::Add => input.f_add(inputs[1])?,
        Layer::Mul | Layer::Scale => input.f_mul(inputs[1])?,
        Layer::GlobalAveragePool => pool(input)?,
        Layer::Input(_)
        | Layer::Concat { .. }
        | Layer::MaxPool(_)
        | Layer::AveragePool(_)
        | Layer::Upsample { .. }
        | Layer::Softmax => return Err(untrainable()),
    })
}

fn activate(input: &Tensor, activation: Activation) -> Result<Tensor, SearchError> {
    Ok(match activation {
        Activation::Relu => input.f_relu()?,
        Activation::Relu6 => input.f_relu6()?,
        Activation::Hswish => input.f_hardswish()?,
        Activation::Sigmoid => input.f_sigmoid()?,
        Activation::Hsigmoid => input.f_hardsigmoid()?,
        Activation::Swish => input.f_silu()?,
    })
}

fn convolve(input: &Tensor, weight: &Tensor, conv: Conv) -> Result<Tensor, SearchError> {
    let [stride, padding, dilation] =
        [conv.stride, conv.padding(), conv.dilation].map(|sides| sides.map(i64::from));
    Ok(input.f_conv2d(weight, None::<&Tensor>, stride, padding, dilation, conv.groups.into())?)
}

/// Mean over all positions. Taken channels last, so that its gradient lies in memory as the activations do: the
/// layers before it would otherwise spend twice their time on changing layouts.
fn pool(input: &Tensor) -> Result<Tensor, SearchError> {
    let mean = input.f_permute([0, 2, 3, 1])?.f_mean_dim([1_i64, 2].as_slice(), true, None::<Kind>)?;
    Ok(mean.f_permute([0, 3, 1, 2])?)
}
