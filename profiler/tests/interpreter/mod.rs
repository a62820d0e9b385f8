//! A plain interpreter of graphs: direct loops over 64-bit floats, written from the layers' definitions alone.

use profiler::onnx::{NodeWeights, WeightSource};
use profiler::spec::{Activation, FeatureMap, Graph, Interpolation, Layer, Node, Pool};

/// A feature map's values, channel by channel, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    shape: FeatureMap,
    pub(crate) values: Vec<f64>,
}

impl Map {
    fn fill(shape: FeatureMap, value: impl Fn(u32, i64, i64) -> f64) -> Self {
        let mut values = Vec::new();
        for channel in 0..shape.channels {
            for row in 0..i64::from(shape.height) {
                for column in 0..i64::from(shape.width) {
                    values.push(value(channel, row, column));
                }
            }
        }
        Self { shape, values }
    }

    /// None outside the map.
    fn at(&self, channel: u32, row: i64, column: i64) -> Option<f64> {
        let (height, width) = (i64::from(self.shape.height), i64::from(self.shape.width));
        let inside = (0..height).contains(&row) && (0..width).contains(&column);
        inside.then(|| self.values[((i64::from(channel) * height + row) * width + column) as usize])
    }
}

/// Output of a graph for these values of all its inputs, one behind the other.
pub(crate) fn interpret(graph: &Graph, weights: &mut dyn WeightSource, input: &[f32]) -> Map {
    let mut rest = input.iter().copied().map(f64::from);
    let mut take =
        |shape: FeatureMap| Map { shape, values: rest.by_ref().take(shape.elements() as usize).collect() };
    let mut maps = vec![take(graph.input())];
    for (index, node) in graph.nodes().iter().enumerate() {
        let map = if let Layer::Input(shape) = node.layer {
            take(shape)
        } else {
            let inputs: Vec<&Map> = node.inputs.iter().map(|value| &maps[value.index()]).collect();
            layer(index, node, &inputs, weights)
        };
        assert_eq!(map.values.len() as u64, node.output.elements(), "{}", node.layer);
        maps.push(map);
    }
    assert_eq!(rest.next(), None, "more input than the graph takes");
    maps.swap_remove(graph.output_value().index())
}

fn layer(index: usize, node: &Node, inputs: &[&Map], source: &mut dyn WeightSource) -> Map {
    let (input, shape) = (inputs[0], node.output);
    match node.layer {
        Layer::Conv(_) => convolution(node, input, &source.weights(index, node).unwrap()),
        Layer::Linear { .. } => {
            let NodeWeights { weights, biases } = source.weights(index, node).unwrap();
            let features = input.values.len();
            Map::fill(shape, |out, _, _| {
                let row = &weights[out as usize * features..][..features];
                let sum: f64 = row.iter().zip(&input.values).map(|(w, x)| f64::from(*w) * x).sum();
                sum + f64::from(biases[out as usize])
            })
        }
        Layer::Activation(activation) => {
            Map { shape, values: input.values.iter().map(|&x| activate(activation, x)).collect() }
        }
        Layer::Add => Map::fill(shape, |c, y, x| input.at(c, y, x).unwrap() + inputs[1].at(c, y, x).unwrap()),
        Layer::Mul | Layer::Scale => Map::fill(shape, |c, y, x| {
            let gate = inputs[1].shape.pixels() == 1;
            let (row, column) = if gate { (0, 0) } else { (y, x) };
            input.at(c, y, x).unwrap() * inputs[1].at(c, row, column).unwrap()
        }),
        Layer::Concat { .. } => {
            Map { shape, values: inputs.iter().flat_map(|input| input.values.iter().copied()).collect() }
        }
        Layer::MaxPool(pool) => {
            pooled(pool, input, shape, |window| window.iter().copied().fold(f64::MIN, f64::max))
        }
        Layer::AveragePool(pool) => pooled(pool, input, shape, mean),
        Layer::GlobalAveragePool => {
            let pixels = input.shape.pixels() as usize;
            Map { shape, values: input.values.chunks(pixels).map(mean).collect() }
        }
        Layer::Upsample { factor, interpolation: Interpolation::Nearest } => {
            let factor = i64::from(factor);
            Map::fill(shape, |c, y, x| input.at(c, y / factor, x / factor).unwrap())
        }
        Layer::Upsample { factor, interpolation: Interpolation::Bilinear } => bilinear(input, shape, factor),
        Layer::Softmax => {
            let exp = |c, y, x| input.at(c, y, x).unwrap().exp();
            Map::fill(shape, |c, y, x| exp(c, y, x) / (0..shape.channels).map(|c| exp(c, y, x)).sum::<f64>())
        }
        Layer::Input(_) => panic!("an input computes nothing"),
    }
}

fn convolution(node: &Node, input: &Map, NodeWeights { weights, biases }: &NodeWeights) -> Map {
    let Layer::Conv(conv) = node.layer else { panic!("{} is no convolution", node.layer) };
    let [[high, wide], [down, right], [rows, columns]] =
        [conv.kernel, conv.stride, conv.dilation].map(|sides| sides.map(i64::from));
    let (per_group_in, per_group_out) = (node.input.channels / conv.groups, conv.out_channels / conv.groups);
    Map::fill(node.output, |out, y, x| {
        let mut sum = f64::from(biases[out as usize]);
        for channel in 0..per_group_in {
            for i in 0..high {
                for j in 0..wide {
                    let place = ((i64::from(out * per_group_in + channel)) * high + i) * wide + j;
                    let (row, column) =
                        (y * down + (i - high / 2) * rows, x * right + (j - wide / 2) * columns);
                    let from = out / per_group_out * per_group_in + channel;
                    sum += f64::from(weights[place as usize]) * input.at(from, row, column).unwrap_or(0.0);
                }
            }
        }
        sum
    })
}

fn pooled(pool: Pool, input: &Map, shape: FeatureMap, of: impl Fn(&[f64]) -> f64) -> Map {
    let [[high, wide], [down, right]] = [pool.kernel, pool.stride].map(|sides| sides.map(i64::from));
    Map::fill(shape, |c, y, x| {
        let (top, left) = (y * down - (high - 1) / 2, x * right - (wide - 1) / 2);
        let (rows, columns) = (top..top + high, || left..left + wide);
        let window: Vec<f64> =
            rows.flat_map(|row| columns().filter_map(move |column| input.at(c, row, column))).collect();
        of(&window)
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn bilinear(input: &Map, shape: FeatureMap, factor: u32) -> Map {
    // Two neighbours of a new position's centre along one side, and the share of the second.
    let between = |position: i64, length: u32| {
        let centre = (position as f64 + 0.5) / f64::from(factor) - 0.5;
        let centre = centre.clamp(0.0, f64::from(length - 1));
        let low = centre.floor() as i64;
        (low, (low + 1).min(i64::from(length) - 1), centre - centre.floor())
    };
    Map::fill(shape, |c, y, x| {
        let ((top, bottom, down), (left, right, across)) =
            (between(y, input.shape.height), between(x, input.shape.width));
        let row = |row| {
            input.at(c, row, left).unwrap() * (1.0 - across) + input.at(c, row, right).unwrap() * across
        };
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

fn activate(activation: Activation, x: f64) -> f64 {
    let gate = ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Hswish => x * gate,
        Activation::Hsigmoid => gate,
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Swish => x / (1.0 + (-x).exp()),
    }
}
