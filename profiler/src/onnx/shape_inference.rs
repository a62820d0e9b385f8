//! The shape of every value inside a model, from the shapes of its inputs; where an operator says nothing, as the file
//! declares it.

use std::collections::HashMap;

use super::input_shapes::{Resolved, resolve};
use super::proto::{BFLOAT16, FLOAT16};
use super::shape_rules::operator_outputs;
use super::subgraph_shapes::subgraph_outputs;
use super::{Constant, DataDependentInput, Declared, InputShapes, ModelGraph, ModelNode};

/// Largest number of elements of a tensor that is believed.
const MOST_ELEMENTS: u64 = 1 << 32;

/// A tensor whose shape is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Its sides.
    pub dims: Vec<u64>,
    /// `TensorProto.data_type`: 1 for f32, 7 for i64, 10 for f16; 0 where it is not known.
    pub data_type: i32,
    /// Its elements, where they are few and known beforehand.
    pub values: Option<Vec<f64>>,
    /// Whether it does not depend on what the network reads, so that it is computed before the network runs.
    pub is_constant: bool,
}

impl Tensor {
    /// Number of elements.
    pub fn elements(&self) -> u64 {
        self.dims.iter().fold(1_u64, |product, side| product.saturating_mul(*side))
    }

    /// Whether its elements are f16 or bfloat16.
    pub fn is_half(&self) -> bool {
        [FLOAT16, BFLOAT16].contains(&self.data_type)
    }

    fn of(constant: &Constant) -> Self {
        let Constant { dims, data_type, values } = constant.clone();
        Self { dims, data_type, values, is_constant: true }
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
    /// Several sizes for a single side.
    #[error("`{side}` is a side that the model leaves open: it takes one size, not {sizes}")]
    OneSide {
        /// Its name.
        side: String,
        /// How many are given.
        sizes: usize,
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
    /// A node whose output's shape depends on what an input holds.
    #[error(
        "node `{node}` ({operator}): its output's shape depends on the values of input `{input}`, which are not given"
    )]
    OpenValues {
        /// The input's name.
        input: String,
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
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
        let (known, unknown) = self.known_shapes(inputs)?;
        unknown.map_or(Ok(known), Err)
    }

    /// The shape of every value that can be told, and why the first that cannot be told is missing.
    ///
    /// # Errors
    /// [`ShapeError`] for an input whose shape cannot be told, and for a value that would fit into no memory.
    pub fn known_shapes(
        &self,
        inputs: &InputShapes,
    ) -> Result<(HashMap<String, Tensor>, Option<ShapeError>), ShapeError> {
        let Resolved { sizes, named } = resolve(&self.inputs, inputs)?;
        let given = self.inputs.iter().zip(sizes).map(|(input, dims)| {
            let (values, data_type) = (self.given_elements(&input.name, &dims), input.data_type);
            (input.name.clone(), Tensor { dims, data_type, values, ..Tensor::default() })
        });
        let mut known = given.collect();
        let unknown = self.walk(&mut known, &named)?.map(|error| match error {
            ShapeError::Node { node, operator, reason } => {
                let mut deciding = self.data_dependent_inputs(&known).into_iter();
                match deciding.find(|deciding| deciding.node == node) {
                    Some(DataDependentInput { input, .. }) => {
                        ShapeError::OpenValues { input, node, operator }
                    }
                    None => ShapeError::Node { node, operator, reason },
                }
            }
            other => other,
        });
        Ok((known, unknown))
    }

    /// Adds the shapes of what the nodes give to those that are known; the first that cannot be told.
    pub(super) fn walk(
        &self,
        known: &mut HashMap<String, Tensor>,
        named: &HashMap<String, u64>,
    ) -> Result<Option<ShapeError>, ShapeError> {
        known.extend(self.constants.iter().map(|(name, constant)| (name.clone(), Tensor::of(constant))));
        let declared: HashMap<&str, &Declared> =
            self.declared.iter().map(|value| (value.name.as_str(), value)).collect();
        let mut unknown = None;
        for node in &self.nodes {
            if node.operator == "Constant" && node.outputs.iter().all(|name| known.contains_key(name)) {
                continue;
            }
            let (mut outputs, reason) = match infer(node, self.opset, known, named) {
                Ok(outputs) => (outputs, why_not(node, known)),
                Err(Failure::Node(reason)) => (Vec::new(), reason),
                Err(Failure::Inside(error)) => return Err(error),
            };
            outputs.resize(node.outputs.len(), None);
            for (name, tensor) in node.outputs.iter().zip(outputs).filter(|(name, _)| !name.is_empty()) {
                let of_file = || {
                    let value = declared.get(name.as_str())?;
                    let (dims, data_type) = (value.sizes(named)?, value.data_type);
                    Some(Tensor { dims, data_type, ..Tensor::default() })
                };
                let Some(tensor) = tensor.or_else(of_file) else {
                    unknown.get_or_insert_with(|| wrong(node, reason.clone()));
                    continue;
                };
                if tensor.elements() > MOST_ELEMENTS {
                    let (node, operator) = (node.name.clone(), node.operator.clone());
                    return Err(ShapeError::TooLarge { node, operator, dims: tensor.dims });
                }
                known.insert(name.clone(), tensor);
            }
        }
        Ok(unknown)
    }
}

fn why_not(node: &ModelNode, known: &HashMap<String, Tensor>) -> String {
    match node.inputs.iter().find(|name| !name.is_empty() && !known.contains_key(*name)) {
        Some(name) => format!("nothing before it gives `{name}`"),
        None => "its output's shape is not known; run ONNX's own shape inference on the model".to_owned(),
    }
}

fn wrong(node: &ModelNode, reason: String) -> ShapeError {
    ShapeError::Node { node: node.name.clone(), operator: node.operator.clone(), reason }
}

/// Why a node's outputs are not known: of itself, or because nothing can be done with the model at all.
pub(super) enum Failure {
    Node(String),
    Inside(ShapeError),
}

/// The tensors that a node gives; nothing for those that cannot be told.
fn infer(
    node: &ModelNode,
    opset: i64,
    known: &HashMap<String, Tensor>,
    named: &HashMap<String, u64>,
) -> Result<Vec<Option<Tensor>>, Failure> {
    if let Some(outputs) = subgraph_outputs(node, known, named)? {
        return Ok(outputs);
    }
    let inputs: Vec<Option<&Tensor>> = node.inputs.iter().map(|name| known.get(name)).collect();
    let mut outputs = operator_outputs(node, opset, &inputs).map_err(Failure::Node)?;
    let is_constant = node.operator == "Shape"
        || !inputs.is_empty()
            && inputs.iter().zip(&node.inputs).all(|(tensor, name)| match tensor {
                Some(tensor) => tensor.is_constant,
                None => name.is_empty(),
            });
    for tensor in outputs.iter_mut().flatten() {
        tensor.is_constant = is_constant;
    }
    Ok(outputs)
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
