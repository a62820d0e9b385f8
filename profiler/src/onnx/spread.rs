//! What values a tensor has, from the weights alone: mean and deviation per channel, and the range they stay in.

use super::weights::NodeWeights;
use crate::spec::{Activation, Interpolation, Layer, Node};

/// How many standard deviations from its mean a value is expected to stay.
const FAR: f64 = 6.0;
/// Steps of the numeric integral over a normal distribution, and how far it reaches.
const STEPS: i32 = 48;

/// Values of a tensor. Channels are taken for independent and normal, model inputs for uniform from −1 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    channels: Vec<Channel>,
    pub(super) low: f64,
    pub(super) high: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Channel {
    mean: f64,
    deviation: f64,
}

impl Spread {
    /// A model input.
    pub(super) fn of_input(channels: u32) -> Self {
        // A uniform distribution from −1 to 1 has the variance 1/3.
        let channel = Channel { mean: 0.0, deviation: (1.0_f64 / 3.0).sqrt() };
        Self { channels: vec![channel; channels as usize], low: -1.0, high: 1.0 }
    }

    /// The values a node gives for these inputs.
    pub(super) fn of(node: &Node, inputs: &[&Self], weights: Option<&NodeWeights>) -> Self {
        let Some(&first) = inputs.first() else { return Self::of_input(node.output.channels) };
        let second = inputs.get(1).copied().unwrap_or(first);
        match node.layer {
            Layer::Input(_) => Self::of_input(node.output.channels),
            Layer::Conv(_) | Layer::Linear { .. } => {
                let groups = node.layer.filters().map_or(1, |conv| conv.groups as usize);
                weights.map_or_else(|| first.clone(), |weights| first.weighted(weights, groups))
            }
            Layer::Activation(activation) => first.activated(activation),
            Layer::Add => {
                Self::normal(pairs(first, second).map(|(a, b)| Channel {
                    mean: a.mean + b.mean,
                    deviation: a.deviation.hypot(b.deviation),
                }))
            }
            Layer::Mul | Layer::Scale => {
                let product = Self::normal(pairs(first, second).map(|(a, b)| product(a, b)));
                let corners = [first.low * second.low, first.low * second.high, first.high * second.low];
                let corners = corners.into_iter().chain([first.high * second.high]);
                let (low, high) = corners.fold((0.0_f64, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)));
                Self { low: product.low.max(low), high: product.high.min(high), ..product }
            }
            Layer::Concat { .. } => Self {
                channels: inputs.iter().flat_map(|input| &input.channels).copied().collect(),
                low: inputs.iter().map(|input| input.low).fold(first.low, f64::min),
                high: inputs.iter().map(|input| input.high).fold(first.high, f64::max),
            },
            Layer::AveragePool(pool) => first.averaged(pool.kernel.iter().copied().map(u64::from).product()),
            Layer::GlobalAveragePool => first.averaged(node.input.pixels()),
            // What these give are values of their input, or lie between; runtimes want the same integers on both sides.
            Layer::MaxPool(_)
            | Layer::Upsample { interpolation: Interpolation::Nearest | Interpolation::Bilinear, .. } => {
                first.clone()
            }
            Layer::Softmax => first.softmax(),
        }
    }

    /// The range follows from the channels.
    fn normal(channels: impl Iterator<Item = Channel>) -> Self {
        let channels: Vec<_> = channels.collect();
        let edges = channels.iter().flat_map(|c| [c.mean - FAR * c.deviation, c.mean + FAR * c.deviation]);
        let (low, high) = edges.fold((0.0_f64, 0.0_f64), |(low, high), edge| (low.min(edge), high.max(edge)));
        Self { channels, low, high }
    }

    fn weighted(&self, weights: &NodeWeights, groups: usize) -> Self {
        let outputs = weights.biases.len();
        let (per_output, per_group) = (weights.weights.len() / outputs, self.channels.len() / groups);
        let taps = per_output / per_group;
        let rows = weights.weights.chunks(per_output).zip(&weights.biases).enumerate();
        Self::normal(rows.map(|(output, (row, &bias))| {
            let first = output / (outputs / groups) * per_group;
            let (mut mean, mut variance) = (f64::from(bias), 0.0);
            for (kernel, channel) in row.chunks(taps).zip(&self.channels[first..first + per_group]) {
                for &weight in kernel {
                    mean += f64::from(weight) * channel.mean;
                    variance += (f64::from(weight) * channel.deviation).powi(2);
                }
            }
            Channel { mean, deviation: variance.sqrt() }
        }))
    }

    fn activated(&self, activation: Activation) -> Self {
        let channels = self.channels.iter().map(|channel| channel.activated(activation)).collect();
        // The lowest values of hard swish and swish, at −1.5 and −1.278; the others rise throughout.
        let low = match activation {
            Activation::Relu | Activation::Relu6 | Activation::Sigmoid | Activation::Hsigmoid => 0.0,
            Activation::Hswish => -0.375,
            Activation::Swish => -0.2785,
        };
        let high = match activation {
            Activation::Sigmoid | Activation::Hsigmoid => 1.0,
            Activation::Relu | Activation::Relu6 | Activation::Hswish | Activation::Swish => {
                activation.at(self.high)
            }
        };
        Self { channels, low, high }
    }

    /// E(eˣ) of a normal x is e^(mean + variance / 2); a channel's share is largest where it alone is.
    fn softmax(&self) -> Self {
        let powers: Vec<f64> =
            self.channels.iter().map(|c| (c.mean + 0.5 * c.deviation * c.deviation).exp()).collect();
        let total: f64 = powers.iter().sum();
        let share = |power: &f64| Channel { mean: power / total, deviation: power / total };
        let largest = self.high.exp();
        Self { channels: powers.iter().map(share).collect(), low: 0.0, high: largest / (largest + total) }
    }

    /// Neighbours resemble each other behind other layers, so only every ninth counts as another value.
    fn averaged(&self, positions: u64) -> Self {
        let shrink = (positions as f64 / 9.0).max(1.0).sqrt();
        let channels = self.channels.iter().map(|c| Channel { deviation: c.deviation / shrink, ..*c });
        let normal = Self::normal(channels);
        Self { low: normal.low.max(self.low), high: normal.high.min(self.high), ..normal }
    }
}

impl Channel {
    fn activated(self, activation: Activation) -> Self {
        let (mut total, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for step in -STEPS..=STEPS {
            let z = 4.0 * f64::from(step) / f64::from(STEPS);
            let density = (-0.5 * z * z).exp();
            let value = activation.at(self.mean + self.deviation * z);
            total += density;
            sum += density * value;
            squares += density * value * value;
        }
        let mean = sum / total;
        Self { mean, deviation: (squares / total - mean * mean).max(0.0).sqrt() }
    }
}

fn pairs<'a>(first: &'a Spread, second: &'a Spread) -> impl Iterator<Item = (Channel, Channel)> + 'a {
    first.channels.iter().copied().zip(second.channels.iter().copied())
}

/// Of independent values: E(ab)² subtracted from E(a²)·E(b²).
fn product(a: Channel, b: Channel) -> Channel {
    let square = |c: Channel| c.mean * c.mean + c.deviation * c.deviation;
    let mean = a.mean * b.mean;
    Channel { mean, deviation: (square(a) * square(b) - mean * mean).max(0.0).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::OpSpec;

    fn spread(key: &str, weights: &NodeWeights) -> Spread {
        let op: OpSpec = key.parse().unwrap();
        let mut values = vec![Spread::of_input(op.input().channels)];
        for node in op.graph().nodes() {
            let inputs: Vec<_> = node.inputs.iter().map(|value| &values[value.index()]).collect();
            values.push(Spread::of(node, &inputs, Some(weights)));
        }
        values.pop().unwrap()
    }

    #[test]
    fn a_convolutions_deviation_is_that_of_its_weighted_sum() {
        // 1×1, weights 3 and 4 on inputs of variance 1/3: deviation 5/√3 = 2.8868; bias 1; range ±6 deviations.
        let weights = NodeWeights { weights: vec![3.0, 4.0], biases: vec![1.0] };
        let found = spread("conv-4x4x2-o1-k1-s1", &weights);
        assert!((found.channels[0].deviation - 2.8868).abs() < 1e-4 && found.channels[0].mean == 1.0);
        assert!((found.high - 18.3205).abs() < 1e-3 && (found.low + 16.3205).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn relu_of_a_normal_value_has_its_known_mean_and_range() {
        // Deviation 5/√3 around 0: mean of the positive part is deviation / √(2π) = 1.1517.
        let weights = NodeWeights { weights: vec![3.0, 4.0], biases: vec![0.0] };
        let found = spread("conv-4x4x2-o1-k1-s1-relu", &weights);
        assert!((found.channels[0].mean - 1.1517).abs() < 2e-3, "{found:?}");
        assert!(found.low == 0.0 && (found.high - 17.3205).abs() < 1e-3);
        assert_eq!(spread("conv-4x4x2-o1-k1-s1-relu6", &weights).high, 6.0);
    }
}
