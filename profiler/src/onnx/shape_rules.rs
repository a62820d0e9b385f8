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
            // Its unit and zero point are single numbers.
            "DynamicQuantizeLinear" => vec![self.dims(0)?.to_vec(), vec![], vec![]],
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

    pub(super) fn tensor(&self, input: usize) -> Result<&Tensor, String> {
        self.inputs.get(input).copied().flatten().ok_or_else(|| format!("its input {input} is missing"))
    }

    /// The values of an input that must be known beforehand.
    fn values(&self, input: usize) -> Result<Vec<i64>, String> {
        let values = self.tensor(input)?.values.as_ref();
        let values =
            values.ok_or_else(|| format!("its input {input} is not known before the network runs"))?;
        Ok(values.iter().map(|value| *value as i64).collect())
    }

    pub(super) fn sides(&self, input: usize) -> Result<Vec<u64>, String> {
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
    pub(super) fn listed(&self, name: &str, input: usize) -> Result<Option<Vec<i64>>, String> {
        match self.ints(name) {
            Some(values) => Ok(Some(values.to_vec())),
            None if self.inputs.get(input).copied().flatten().is_some() => self.values(input).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, String> {
        let from_start = if axis < 0 { axis + rank as i64 } else { axis };
        let found = usize::try_from(from_start).ok().filter(|axis| *axis < rank.max(1));
        found.ok_or_else(|| format!("axis {axis} of {rank}"))
    }

    pub(super) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, String> {
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
