//! Which shapes an ONNX operator gives, for those that networks of images are made of.
//!
//! Source: ONNX's Operators.md (operator set 13 and later; older forms where they differ in shape).

use super::{
    AttributeValue, ModelNode, Tensor,
    window_shapes::{conv, conv_transpose, pool},
};

/// A node with its inputs.
pub(super) struct Rule<'a> {
    pub(super) node: &'a ModelNode,
    pub(super) opset: i64,
    pub(super) inputs: Vec<Option<&'a Tensor>>,
}

impl Rule<'_> {
    /// The sides of each output.
    pub(super) fn outputs(&self) -> Result<Vec<Vec<u64>>, String> {
        let one = |dims: Vec<u64>| vec![dims; self.node.outputs.len().max(1)];
        Ok(match self.node.operator.as_str() {
            "Conv" | "com.microsoft.FusedConv" => one(conv(self)?),
            "ConvTranspose" => one(conv_transpose(self)?),
            "MaxPool" | "AveragePool" | "LpPool" => one(pool(self)?),
            "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => {
                let dims = self.dims(0)?;
                one(dims.iter().enumerate().map(|(axis, side)| if axis < 2 { *side } else { 1 }).collect())
            }
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Sum" | "Mean" | "PRelu" | "Equal"
            | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" | "Where"
            | "Mod" => one(self.broadcast()?),
            "Concat" => one(self.concat()?),
            "Flatten" => {
                let dims = self.dims(0)?;
                let axis = self.axis(self.int("axis").unwrap_or(1), dims.len() + 1)?;
                one(vec![dims[..axis].iter().product(), dims[axis..].iter().product()])
            }
            "Reshape" => one(self.reshape()?),
            "Squeeze" => one(self.squeeze()?),
            "Unsqueeze" => one(self.unsqueeze()?),
            "Transpose" => one(self.transpose()?),
            "Gemm" => one(self.gemm()?),
            "MatMul" => one(self.matmul()?),
            "Pad" => one(self.pad()?),
            "Resize" | "Upsample" => one(self.resize()?),
            "Split" => self.split()?,
            "Slice" => one(self.slice()?),
            "Gather" => one(self.gather()?),
            "Shape" => one(vec![self.dims(0)?.len() as u64]),
            "ConstantOfShape" => one(self.sides(0)?),
            "Expand" => {
                let (dims, wanted) = (self.dims(0)?.to_vec(), self.sides(1)?);
                one(broadcast(&dims, &wanted)?)
            }
            "DepthToSpace" | "SpaceToDepth" => one(self.blocks()?),
            name if name.starts_with("Reduce") || name.starts_with("Arg") => one(self.reduce()?),
            name if KEEPS_SHAPE.contains(&name) => one(self.dims(0)?.to_vec()),
            _ => {
                return Err(
                    "its output's shape is not known; run ONNX's own shape inference on the model".to_owned()
                );
            }
        })
    }

    pub(super) fn dims(&self, input: usize) -> Result<&[u64], String> {
        self.tensor(input).map(|tensor| tensor.dims.as_slice())
    }

    fn tensor(&self, input: usize) -> Result<&Tensor, String> {
        self.inputs.get(input).copied().flatten().ok_or_else(|| format!("its input {input} is missing"))
    }

    /// The values of an input that must be known beforehand.
    fn values(&self, input: usize) -> Result<Vec<i64>, String> {
        let values = self.tensor(input)?.values.as_ref();
        let values =
            values.ok_or_else(|| format!("its input {input} is not known before the network runs"))?;
        Ok(values.iter().map(|value| *value as i64).collect())
    }

    fn sides(&self, input: usize) -> Result<Vec<u64>, String> {
        let side = |side: i64| u64::try_from(side).map_err(|_| format!("a side of {side}"));
        self.values(input)?.into_iter().map(side).collect()
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.node.attributes.get(name) {
            Some(AttributeValue::Int(value)) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.node.attributes.get(name) {
            Some(AttributeValue::Ints(values)) => Some(values),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.node.attributes.get(name) {
            Some(AttributeValue::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// Integers that older operator sets have as an attribute and newer ones as an input.
    fn listed(&self, name: &str, input: usize) -> Result<Option<Vec<i64>>, String> {
        match self.ints(name) {
            Some(values) => Ok(Some(values.to_vec())),
            None if self.inputs.get(input).copied().flatten().is_some() => self.values(input).map(Some),
            None => Ok(None),
        }
    }

    fn axis(&self, axis: i64, rank: usize) -> Result<usize, String> {
        let from_start = if axis < 0 { axis + rank as i64 } else { axis };
        let found = usize::try_from(from_start).ok().filter(|axis| *axis < rank.max(1));
        found.ok_or_else(|| format!("axis {axis} of {rank}"))
    }

    fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, String> {
        axes.iter().map(|&axis| self.axis(axis, rank)).collect()
    }

    fn broadcast(&self) -> Result<Vec<u64>, String> {
        let mut inputs = self.inputs.iter().flatten();
        let first = inputs.next().ok_or("it has no input")?.dims.clone();
        inputs.try_fold(first, |dims, tensor| broadcast(&dims, &tensor.dims))
    }

    fn concat(&self) -> Result<Vec<u64>, String> {
        let mut dims = self.dims(0)?.to_vec();
        let axis = self.axis(self.int("axis").unwrap_or(1), dims.len())?;
        for input in 1..self.inputs.len() {
            let other = self.dims(input)?;
            if other.len() != dims.len() {
                return Err(format!("it joins {dims:?} and {other:?}"));
            }
            dims[axis] += other[axis];
        }
        Ok(dims)
    }

    fn reshape(&self) -> Result<Vec<u64>, String> {
        let (dims, wanted) = (self.dims(0)?, self.listed("shape", 1)?.ok_or("it has no shape")?);
        let keeps_zero = self.int("allowzero") != Some(1);
        let mut sides = Vec::with_capacity(wanted.len());
        for (place, &side) in wanted.iter().enumerate() {
            sides.push(match side {
                0 if keeps_zero => dims.get(place).copied().ok_or("a 0 beyond its input's sides")?,
                -1 => 0,
                side => u64::try_from(side).map_err(|_| format!("a side of {side}"))?,
            });
        }
        let elements: u64 = dims.iter().product();
        if let Some(open) = wanted.iter().position(|side| *side == -1) {
            let others: u64 = sides.iter().enumerate().filter(|(i, _)| *i != open).map(|(_, s)| s).product();
            sides[open] = elements.checked_div(others).unwrap_or(0);
        }
        if sides.iter().product::<u64>() != elements {
            return Err(format!("{dims:?} does not fit into {wanted:?}"));
        }
        Ok(sides)
    }

    fn squeeze(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        let axes = match self.listed("axes", 1)? {
            Some(axes) => self.axes(&axes, dims.len())?,
            None => (0..dims.len()).filter(|&axis| dims[axis] == 1).collect(),
        };
        Ok(dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, side)| *side).collect())
    }

    fn unsqueeze(&self) -> Result<Vec<u64>, String> {
        let (dims, axes) = (self.dims(0)?, self.listed("axes", 1)?.ok_or("it has no axes")?);
        let rank = dims.len() + axes.len();
        let axes = self.axes(&axes, rank)?;
        let mut rest = dims.iter().copied();
        Ok((0..rank).map(|axis| if axes.contains(&axis) { 1 } else { rest.next().unwrap_or(1) }).collect())
    }

    fn transpose(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        let order = self.ints("perm").map_or_else(|| (0..dims.len() as i64).rev().collect(), <[i64]>::to_vec);
        if order.len() != dims.len() {
            return Err(format!("order {order:?} of {dims:?}"));
        }
        Ok(self.axes(&order, dims.len())?.into_iter().map(|axis| dims[axis]).collect())
    }

    fn gemm(&self) -> Result<Vec<u64>, String> {
        let side = |input: usize, name: &str, straight: usize| {
            let dims = self.dims(input)?;
            let transposed = self.int(name) == Some(1);
            let place = if transposed { 1 - straight } else { straight };
            dims.get(place)
                .copied()
                .filter(|_| dims.len() == 2)
                .ok_or(format!("its input {input} is {dims:?}"))
        };
        if side(0, "transA", 1)? != side(1, "transB", 0)? {
            return Err(format!("{:?} times {:?}", self.dims(0)?, self.dims(1)?));
        }
        Ok(vec![side(0, "transA", 0)?, side(1, "transB", 1)?])
    }

    fn matmul(&self) -> Result<Vec<u64>, String> {
        let (left, right) = (self.dims(0)?, self.dims(1)?);
        let wrong = || format!("{left:?} times {right:?}");
        let ([left_rest @ .., rows, inner], [right_rest @ .., depth, columns]) = (left, right) else {
            return Err(wrong());
        };
        if inner != depth {
            return Err(wrong());
        }
        let mut dims = broadcast(left_rest, right_rest)?;
        dims.extend([*rows, *columns]);
        Ok(dims)
    }

    fn pad(&self) -> Result<Vec<u64>, String> {
        let (dims, pads) = (self.dims(0)?, self.listed("pads", 1)?.ok_or("it has no pads")?);
        if pads.len() != 2 * dims.len() {
            return Err(format!("{} pads for {dims:?}", pads.len()));
        }
        let padded = |(axis, side): (usize, &u64)| *side as i64 + pads[axis] + pads[axis + dims.len()];
        let sides = dims.iter().enumerate().map(padded);
        sides.map(|side| u64::try_from(side).map_err(|_| format!("a side of {side}"))).collect()
    }

    fn resize(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        if self.inputs.get(3).copied().flatten().is_some() {
            return self.sides(3);
        }
        let place = if self.inputs.len() == 2 { 1 } else { 2 };
        let scales = match self.node.attributes.get("scales") {
            Some(AttributeValue::Floats(scales)) => scales.iter().copied().map(f64::from).collect(),
            _ => self
                .tensor(place)?
                .values
                .clone()
                .ok_or("its scales are not known before the network runs")?,
        };
        if scales.len() != dims.len() {
            return Err(format!("{} scales for {dims:?}", scales.len()));
        }
        Ok(dims
            .iter()
            .zip(scales)
            .map(|(side, scale)| (*side as f64 * scale + 1e-6).floor() as u64)
            .collect())
    }

    fn split(&self) -> Result<Vec<Vec<u64>>, String> {
        let dims = self.dims(0)?;
        let axis = self.axis(self.int("axis").unwrap_or(0), dims.len())?;
        let count = self.node.outputs.len().max(1) as u64;
        let even = || {
            let part = dims[axis].div_ceil(count);
            (0..count).map(|i| part.min(dims[axis].saturating_sub(i * part)) as i64).collect()
        };
        let parts = self.listed("split", 1)?.unwrap_or_else(even);
        let with = |part: &i64| {
            let side = u64::try_from(*part).map_err(|_| format!("a part of {part}"))?;
            Ok(dims.iter().enumerate().map(|(i, old)| if i == axis { side } else { *old }).collect())
        };
        parts.iter().map(with).collect()
    }

    fn slice(&self) -> Result<Vec<u64>, String> {
        let mut dims = self.dims(0)?.to_vec();
        let starts = self.listed("starts", 1)?.ok_or("it has no starts")?;
        let ends = self.listed("ends", 2)?.ok_or("it has no ends")?;
        let axes = self.listed("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.listed("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
        let axes = self.axes(&axes, dims.len())?;
        for (((axis, start), end), step) in axes.into_iter().zip(&starts).zip(&ends).zip(&steps) {
            let side = dims[axis] as i64;
            let place = |at: i64| if at < 0 { at.saturating_add(side) } else { at };
            let taken = match *step {
                1.. => place(*end).clamp(0, side) - place(*start).clamp(0, side),
                0 => return Err("a step of 0".to_owned()),
                _ => place(*start).clamp(-1, side - 1) - place(*end).clamp(-1, side - 1),
            };
            dims[axis] = (taken.max(0) as u64).div_ceil(step.unsigned_abs());
        }
        Ok(dims)
    }

    fn gather(&self) -> Result<Vec<u64>, String> {
        let (dims, indices) = (self.dims(0)?, self.dims(1)?);
        let axis = self.axis(self.int("axis").unwrap_or(0), dims.len())?;
        Ok([&dims[..axis], indices, &dims[axis + 1..]].concat())
    }

    fn blocks(&self) -> Result<Vec<u64>, String> {
        let size = self.int("blocksize").and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        match (self.dims(0)?, size) {
            (&[n, c, h, w], Some(size)) if self.node.operator == "DepthToSpace" => {
                Ok(vec![n, c / (size * size), h * size, w * size])
            }
            (&[n, c, h, w], Some(size)) => Ok(vec![n, c * size * size, h / size, w / size]),
            (dims, _) => Err(format!("{dims:?} in blocks of {size:?}")),
        }
    }

    fn reduce(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        let listed = match self.int("axis") {
            Some(axis) => Some(vec![axis]),
            None => self.listed("axes", 1)?,
        };
        let none_is_all = self.int("noop_with_empty_axes") != Some(1) || self.opset < 13;
        let axes = match listed.filter(|axes| !axes.is_empty()) {
            Some(axes) => self.axes(&axes, dims.len())?,
            None if none_is_all => (0..dims.len()).collect(),
            None => Vec::new(),
        };
        let keeps = self.int("keepdims") != Some(0);
        let side = |(axis, side): (usize, &u64)| match axes.contains(&axis) {
            true => keeps.then_some(1),
            false => Some(*side),
        };
        Ok(dims.iter().enumerate().filter_map(side).collect())
    }
}

/// Sides that two tensors have together. Source: ONNX's Broadcasting.md (multidirectional).
fn broadcast(a: &[u64], b: &[u64]) -> Result<Vec<u64>, String> {
    let rank = a.len().max(b.len());
    let side =
        |dims: &[u64], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |place| dims[place]);
    let both = |axis: usize| match (side(a, axis), side(b, axis)) {
        (a, b) if a == b || b == 1 => Ok(a),
        (1, b) => Ok(b),
        _ => Err(format!("{a:?} and {b:?} do not go together")),
    };
    (0..rank).map(both).collect()
}

/// Operators whose outputs have the shape of their first input.
const KEEPS_SHAPE: [&str; 48] = [
    "Abs",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "DequantizeLinear",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LRN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "Mish",
    "Neg",
    "Not",
    "QuantizeLinear",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
    "com.microsoft.Gelu",
    "com.microsoft.QuickGelu",
    "com.microsoft.QuantizeLinear",
    "com.microsoft.DequantizeLinear",
];
