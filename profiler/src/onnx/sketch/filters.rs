//! What has weights or windows: convolutions, linear layers, pooling.

use super::{Attribute, Operand, Sketch, Sketched, int, ints};

/// The filters of a convolution with same padding and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filters {
    /// Channels out.
    pub out: u32,
    /// Sides of the kernel, down and to the right; odd.
    pub kernel: [u32; 2],
    /// Step in both directions.
    pub stride: u32,
    /// Groups; both numbers of channels are multiples of it.
    pub groups: u32,
    /// Distance between neighbouring taps of the kernel in both directions.
    pub dilation: u32,
}

impl Filters {
    /// Over all channels of one position.
    pub fn pointwise(out: u32) -> Self {
        Self::square(out, 1, 1)
    }

    /// Over all channels of a square.
    pub fn square(out: u32, kernel: u32, stride: u32) -> Self {
        Self { out, kernel: [kernel; 2], stride, groups: 1, dilation: 1 }
    }

    /// One filter per channel.
    pub fn depthwise(channels: u32, kernel: u32, stride: u32) -> Self {
        Self { groups: channels, ..Self::square(channels, kernel, stride) }
    }
}

/// A side behind windows with same padding.
fn after(side: u64, stride: u32) -> u64 {
    side.div_ceil(u64::from(stride.max(1)))
}

/// What a convolution gives, the sides of its weights, inputs per output, and its attributes.
pub(super) struct Convolved {
    pub(super) dims: Vec<u64>,
    pub(super) weights: Vec<u64>,
    pub(super) fan_in: u64,
    pub(super) attributes: Vec<Attribute>,
}

pub(super) fn convolved(x: &Sketched, filters: Filters) -> Convolved {
    let Filters { out, kernel, stride, groups, dilation } = filters;
    let groups = groups.max(1);
    let sides = &x.dims[2..];
    let kernel = &kernel[kernel.len().saturating_sub(sides.len())..];
    let per_group = u64::from(x.channels() / groups);
    let fan_in = kernel.iter().fold(per_group, |product, &side| product * u64::from(side));
    let behind = sides.iter().map(|&side| after(side, stride));
    let dims = [1, out.into()].into_iter().chain(behind).collect();
    let taps = kernel.iter().copied().map(u64::from);
    let weights = [out.into(), per_group].into_iter().chain(taps).collect();
    let kernel: Vec<i64> = kernel.iter().copied().map(i64::from).collect();
    let pads: Vec<i64> = kernel.iter().map(|side| side / 2 * i64::from(dilation)).collect();
    let mut attributes = vec![
        ints("kernel_shape", &kernel),
        ints("strides", &vec![stride.into(); kernel.len()]),
        ints("pads", &[&pads[..], &pads].concat()),
        int("group", groups.into()),
    ];
    if dilation > 1 {
        attributes.push(ints("dilations", &vec![dilation.into(); kernel.len()]));
    }
    Convolved { dims, weights, fan_in, attributes }
}

impl Sketch {
    /// A convolution; over sound the filters' last side counts alone.
    pub fn conv(&mut self, x: &Sketched, filters: Filters) -> Sketched {
        let Convolved { dims, weights, fan_in, attributes } = convolved(x, filters);
        let weights = self.weights(&weights, fan_in);
        let biases = self.biases(filters.out, fan_in);
        self.macs += dims.iter().product::<u64>() * fan_in;
        self.node("Conv", &[&x.name, &weights, &biases], dims, attributes)
    }

    /// A convolution with a kernel and step of `factor` and no padding, as vision transformers begin.
    pub fn patches(&mut self, x: &Sketched, out: u32, factor: u32) -> Sketched {
        let side = |axis: usize| u64::from(x.side(axis) / factor.max(1));
        let dims = vec![1, out.into(), side(2), side(3)];
        let fan_in = u64::from(x.channels()) * u64::from(factor).pow(2);
        let shape = [out.into(), x.channels().into(), factor.into(), factor.into()];
        let weights = self.weights(&shape, fan_in);
        let biases = self.biases(out, fan_in);
        self.macs += dims.iter().product::<u64>() * fan_in;
        let factor = [i64::from(factor); 2];
        let attributes = vec![ints("kernel_shape", &factor), ints("strides", &factor)];
        self.node("Conv", &[&x.name, &weights, &biases], dims, attributes)
    }

    /// A transposed convolution that doubles height and width, with an even kernel.
    pub fn conv_transpose(&mut self, x: &Sketched, out: u32, kernel: u32) -> Sketched {
        let dims = vec![1, out.into(), 2 * u64::from(x.side(2)), 2 * u64::from(x.side(3))];
        let (side, taps) = (u64::from(kernel), u64::from(kernel).pow(2));
        let fan_in = u64::from(x.channels()) * taps / 4;
        let weights = self.weights(&[x.channels().into(), out.into(), side, side], fan_in);
        let biases = self.biases(out, fan_in);
        self.macs += x.elements() * u64::from(out) * taps;
        let pad = i64::from(kernel / 2) - 1;
        let attributes = vec![
            ints("kernel_shape", &[kernel.into(); 2]),
            ints("strides", &[2, 2]),
            ints("pads", &[pad; 4]),
        ];
        self.node("ConvTranspose", &[&x.name, &weights, &biases], dims, attributes)
    }

    /// Batch normalization that was not folded into anything.
    pub fn batch_norm(&mut self, x: &Sketched) -> Sketched {
        let channels = [u64::from(x.channels())];
        let (scale, shift) = (self.random(&channels, 0.8, 1.2), self.random(&channels, -0.1, 0.1));
        let (mean, variance) = (self.random(&channels, -0.1, 0.1), self.random(&channels, 0.8, 1.2));
        let inputs = [x.name.as_str(), &scale, &shift, &mean, &variance];
        self.node("BatchNormalization", &inputs, x.dims.clone(), vec![])
    }

    /// Normalization of each channel by its own values.
    pub fn instance_norm(&mut self, x: &Sketched) -> Sketched {
        let channels = [u64::from(x.channels())];
        let (scale, shift) = (self.random(&channels, 0.8, 1.2), self.random(&channels, -0.1, 0.1));
        self.node("InstanceNormalization", &[&x.name, &scale, &shift], x.dims.clone(), vec![])
    }

    /// Normalization of a map's channels in groups, in five nodes, as exporters write it.
    pub fn group_norm(&mut self, x: &Sketched, groups: u32) -> Sketched {
        let split = self.reshape(x, &[1, groups.into(), x.elements() / u64::from(groups.max(1))]);
        let normal = self.instance_norm(&split);
        let normal = self.reshape(&normal, &x.dims);
        let scaled = self.combine("Mul", &normal, Operand::PerChannel);
        self.combine("Add", &scaled, Operand::PerChannel)
    }

    /// Largest value of each window, with same padding.
    pub fn max_pool(&mut self, x: &Sketched, kernel: u32, stride: u32) -> Sketched {
        self.pool("MaxPool", x, kernel, stride)
    }

    /// Mean of each window, with same padding.
    pub fn average_pool(&mut self, x: &Sketched, kernel: u32, stride: u32) -> Sketched {
        self.pool("AveragePool", x, kernel, stride)
    }

    fn pool(&mut self, operator: &str, x: &Sketched, kernel: u32, stride: u32) -> Sketched {
        // An even window that steps as far as it is wide needs no padding on even sides; elsewhere it loses the last row.
        let is_even = kernel.is_multiple_of(2);
        let behind = |side: u64| match u64::from(stride.max(1)) {
            step if is_even => (side.saturating_sub(kernel.into()) / step) + 1,
            step => side.div_ceil(step),
        };
        let mut dims = x.dims.clone();
        dims[2..].iter_mut().for_each(|side| *side = behind(*side));
        let (pad, sides) = (if is_even { 0 } else { i64::from(kernel / 2) }, dims.len() - 2);
        let attributes = vec![
            ints("kernel_shape", &vec![kernel.into(); sides]),
            ints("strides", &vec![stride.into(); sides]),
            ints("pads", &vec![pad; 2 * sides]),
        ];
        self.node(operator, &[&x.name], dims, attributes)
    }

    /// Mean of all positions: `[1, c, 1, 1]`, of sound `[1, c, 1]`.
    pub fn global_pool(&mut self, x: &Sketched) -> Sketched {
        self.pool_all("GlobalAveragePool", x)
    }

    /// The largest of all positions.
    pub fn global_max_pool(&mut self, x: &Sketched) -> Sketched {
        self.pool_all("GlobalMaxPool", x)
    }

    fn pool_all(&mut self, operator: &str, x: &Sketched) -> Sketched {
        let mut dims = x.dims.clone();
        dims[2..].fill(1);
        self.node(operator, &[&x.name], dims, vec![])
    }

    /// A linear layer with bias: `[1, c]` → `[1, out]`.
    pub fn linear(&mut self, x: &Sketched, out: u32) -> Sketched {
        let shape = [out.into(), x.channels().into()];
        let weights = self.weights(&shape, x.channels().into());
        let biases = self.biases(out, x.channels().into());
        let dims = vec![x.dims[0], out.into()];
        self.macs += x.dims[0] * shape.iter().product::<u64>();
        self.node("Gemm", &[&x.name, &weights, &biases], dims, vec![int("transB", 1)])
    }

    /// The product of each position of a sequence with weights, and a bias: `[.., c]` → `[.., out]`.
    pub fn matmul(&mut self, x: &Sketched, out: u32) -> Sketched {
        let inner = x.dims.last().copied().unwrap_or(1);
        let mut dims = x.dims.clone();
        if let Some(last) = dims.last_mut() {
            *last = out.into();
        }
        let weights = self.weights(&[inner, out.into()], inner);
        self.macs += dims.iter().product::<u64>() * inner;
        let product = self.node("MatMul", &[&x.name, &weights], dims.clone(), vec![]);
        let biases = match self.integers {
            Some(_) => self.integer_weights(&[out.into()], 0.1),
            None => self.random(&[out.into()], -0.1, 0.1),
        };
        self.node("Add", &[&biases, &product.name], dims, vec![])
    }

    /// The matrix product of two values of the same leading sides: `[.., m, k]` · `[.., k, n]`.
    pub fn product(&mut self, left: &Sketched, right: &Sketched) -> Sketched {
        let inner = left.dims.last().copied().unwrap_or(1);
        let mut dims = left.dims.clone();
        if let (Some(last), Some(columns)) = (dims.last_mut(), right.dims.last()) {
            *last = *columns;
        }
        self.macs += dims.iter().product::<u64>() * inner;
        self.node("MatMul", &[&left.name, &right.name], dims, vec![])
    }
}
