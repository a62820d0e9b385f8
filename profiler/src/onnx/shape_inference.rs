//! The shape of every value inside a model, from the shapes of its inputs.

use std::collections::HashMap;

use super::{
    Constant, Declared, InputShapes, ModelGraph, ModelNode,
    input_shapes::{Input, Side, resolve},
    shape_rules::Rule,
    shape_values::small_values,
};

/// Largest number of dimensions and of elements of a tensor that are believed.
const MOST_DIMS: usize = 8;
const MOST_ELEMENTS: u64 = 1 << 32;

/// A tensor whose shape is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Its sides.
    pub dims: Vec<u64>,
    /// Its elements, where they are few and known beforehand.
    pub values: Option<Vec<f64>>,
    /// Whether it does not depend on what the network reads, so that it is computed before the network runs.
    pub is_constant: bool,
    /// Whether it holds weights in a number format other than f32 and integers: f16 or bfloat16.
    pub is_half: bool,
}

impl Tensor {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.dims.iter().fold(1_u64, |product, side| product.saturating_mul(*side))
    }

    fn of(constant: &Constant) -> Self {
        const FLOAT16: i32 = 10;
        const BFLOAT16: i32 = 16;
        Self {
            dims: constant.dims.clone(),
            values: constant.values.clone(),
            is_constant: true,
            is_half: [FLOAT16, BFLOAT16].contains(&constant.data_type),
        }
    }
}

/// Why a shape is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// An input with a side that the model leaves open.
    #[error("input `{input}` is {declared}: its size is left open; give one, such as {input}={example}")]
    OpenInput {
        /// Its name.
        input: String,
        /// Its sides as declared.
        declared: String,
        /// Sizes that would do.
        example: String,
    },
    /// Text that is no list of sizes.
    #[error(
        "input shape `{text}`: expected sizes such as 1x3x224x224, perhaps with the input's name: x=1x3x224x224"
    )]
    Given {
        /// The text.
        text: String,
    },
    /// Two shapes for one input.
    #[error("two shapes are given for input {input}")]
    Twice {
        /// Its name.
        input: String,
    },
    /// Sizes that contradict the model.
    #[error("shape {input}={given}: input `{input}` is {declared}: {reason}")]
    Contradiction {
        /// Its name.
        input: String,
        /// Its sides as declared.
        declared: String,
        /// The sizes given.
        given: String,
        /// Where they contradict it.
        reason: String,
    },
    /// A shape for an input that there is not.
    #[error("a shape is given for `{input}`, but the model's inputs are {inputs}")]
    NoSuchInput {
        /// The name given.
        input: String,
        /// Those there are.
        inputs: String,
    },
    /// A node whose output would fit into no memory.
    #[error("node `{node}` ({operator}): its output would be {dims:?}, too large for memory")]
    TooLarge {
        /// Its name.
        node: String,
        /// Its operator.
        operator: String,
        /// Its output's sides.
        dims: Vec<u64>,
    },
    /// A node whose output's shape cannot be told.
    #[error("node `{node}` ({operator}): {reason}")]
    Node {
        /// Its name.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        reason: String,
    },
}

impl ModelGraph {
    /// The shape of every value by name. A batch that is left open is 1.
    ///
    /// # Errors
    /// [`ShapeError`] for an input or node whose shape cannot be told.
    pub fn shapes(&self, inputs: &InputShapes) -> Result<HashMap<String, Tensor>, ShapeError> {
        let mut known: HashMap<String, Tensor> =
            self.constants.iter().map(|(name, constant)| (name.clone(), Tensor::of(constant))).collect();
        let declared: Vec<Input> = self.inputs.iter().map(input_of).collect();
        for (input, dims) in declared.iter().zip(resolve(&declared, inputs)?.sizes) {
            let values = self.given_elements(&input.name, &dims);
            known.insert(input.name.clone(), Tensor { dims, values, ..Tensor::default() });
        }
        let declared: HashMap<&str, &Vec<Option<u64>>> =
            self.declared.iter().map(|value| (value.name.as_str(), &value.dims)).collect();
        for node in self.nodes.iter().filter(|node| node.operator != "Constant") {
            let outputs = infer(node, self.opset, &known).or_else(|reason| {
                let of_output = |name: &String| closed(declared.get(name.as_str())?);
                let sides = node.outputs.iter().map(of_output).collect::<Option<Vec<_>>>();
                sides
                    .ok_or_else(|| wrong(node, reason))
                    .map(|sides| sides.into_iter().map(|dims| Tensor { dims, ..Tensor::default() }).collect())
            })?;
            for (name, tensor) in node.outputs.iter().zip(outputs).filter(|(name, _)| !name.is_empty()) {
                if tensor.elements() > MOST_ELEMENTS {
                    let (node, operator) = (node.name.clone(), node.operator.clone());
                    return Err(ShapeError::TooLarge { node, operator, dims: tensor.dims });
                }
                if tensor.dims.len() > MOST_DIMS || tensor.elements() == 0 {
                    return Err(wrong(node, format!("its output would be {:?}", tensor.dims)));
                }
                known.insert(name.clone(), tensor);
            }
        }
        Ok(known)
    }
}

fn input_of(declared: &Declared) -> Input {
    let side = |side: &Option<u64>| side.map_or(Side::Open, Side::Fixed);
    let sides = (!declared.dims.is_empty()).then(|| declared.dims.iter().map(side).collect());
    Input { name: declared.name.clone(), sides }
}

/// Sides with an open batch taken for 1; nothing when another is open.
fn closed(dims: &[Option<u64>]) -> Option<Vec<u64>> {
    let side = |(place, side): (usize, &Option<u64>)| side.or((place == 0).then_some(1));
    let sides: Option<Vec<u64>> = dims.iter().enumerate().map(side).collect();
    sides.filter(|sides| !sides.is_empty())
}

fn wrong(node: &ModelNode, reason: String) -> ShapeError {
    ShapeError::Node { node: node.name.clone(), operator: node.operator.clone(), reason }
}

/// The tensors that a node gives.
fn infer(node: &ModelNode, opset: i64, known: &HashMap<String, Tensor>) -> Result<Vec<Tensor>, String> {
    let find = |name: &String| match (name.is_empty(), known.get(name)) {
        (true, _) => Ok(None),
        (false, None) => Err(format!("nothing before it gives `{name}`")),
        (false, found) => Ok(found),
    };
    let inputs = node.inputs.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let values = small_values(node, &inputs);
    let rule = Rule { node, opset, inputs };
    let is_constant =
        node.operator == "Shape" || rule.inputs.iter().flatten().all(|tensor| tensor.is_constant);
    let outputs = rule.outputs()?.into_iter().enumerate().map(|(place, dims)| {
        let count = dims.iter().product::<u64>();
        let values = values.clone().filter(|values| place == 0 && values.len() as u64 == count);
        Tensor { dims, values, is_constant, is_half: false }
    });
    Ok(outputs.collect())
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
