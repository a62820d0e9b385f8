//! The nodes of the model: those of the file, and what a file says without a node (activations, integers, orders of sides).

use super::TfliteError;
use super::constants::{FLOAT, INT32, INT64, onnx_type};
use super::file::{Node, Quantized};
use super::order::{Order, TO_CHANNELS};
use super::schema::activation;
use super::translation::Translation;
use crate::onnx::{AttributeValue, Attributes};

/// How an output is made.
#[derive(Clone, Copy)]
pub(super) struct Made {
    /// In which order its sides are; nothing for the model's own.
    pub(super) order: Option<Order>,
    /// The activation behind it.
    pub(super) active: i8,
}

/// A node that follows on one of the file's.
struct Stage {
    /// What it is called behind the name of the file's.
    suffix: &'static str,
    operator: &'static str,
    /// What it reads behind the value before it.
    inputs: Vec<String>,
    attributes: Attributes,
}

impl Translation<'_> {
    /// Adds a node that gives a value of its own: a part of one of the file's.
    pub(super) fn step(
        &mut self,
        node: &Node<'_>,
        suffix: &str,
        operator: &str,
        inputs: Vec<String>,
        attributes: Attributes,
    ) -> String {
        let name = self.node_name(format!("{}/{suffix}", node.name));
        let value = self.fresh(&name);
        self.model.node(&name, operator, inputs, vec![value.clone()], attributes);
        value
    }

    /// Adds the node that gives a file's node's output, its sides in the model's own order.
    pub(super) fn give(
        &mut self,
        node: &Node<'_>,
        operator: &str,
        inputs: Vec<String>,
        attributes: Attributes,
    ) -> Result<(), TfliteError> {
        self.give_active(node, operator, inputs, attributes, activation::NONE)
    }

    /// The same with an activation behind it.
    pub(super) fn give_active(
        &mut self,
        node: &Node<'_>,
        operator: &str,
        inputs: Vec<String>,
        attributes: Attributes,
        active: i8,
    ) -> Result<(), TfliteError> {
        let made = Made { order: None, active };
        self.give_outputs(node, &node.outputs, (operator, inputs, attributes), made)
    }

    /// The same with its sides in the file's order.
    pub(super) fn give_in_file_order(
        &mut self,
        node: &Node<'_>,
        operator: &str,
        inputs: Vec<String>,
        attributes: Attributes,
        active: i8,
    ) -> Result<(), TfliteError> {
        let made = Made { order: Some(Order::File), active };
        self.give_outputs(node, &node.outputs, (operator, inputs, attributes), made)
    }

    /// Adds a node that gives some of the outputs of a file's node.
    pub(super) fn give_outputs(
        &mut self,
        node: &Node<'_>,
        outputs: &[usize],
        (operator, inputs, attributes): (&str, Vec<String>, Attributes),
        made: Made,
    ) -> Result<(), TfliteError> {
        node.output()?;
        let mut chains = Vec::with_capacity(outputs.len());
        for &output in outputs {
            chains.push((output, self.stages(node, output, made)?));
        }
        let raw = |this: &mut Self, (output, stages): &(usize, Vec<Stage>)| match stages.is_empty() {
            true => this.names[*output].clone(),
            false => this.fresh(&node.name),
        };
        let values: Vec<String> = chains.iter().map(|chain| raw(self, chain)).collect();
        let name = self.node_name(node.name.clone());
        self.model.node(&name, operator, inputs, values.clone(), attributes);
        for ((output, stages), mut value) in chains.into_iter().zip(values) {
            let last = stages.len();
            for (index, stage) in stages.into_iter().enumerate() {
                let name = self.node_name(format!("{}/{}", node.name, stage.suffix));
                let gives = if index + 1 == last { self.names[output].clone() } else { self.fresh(&name) };
                let before = value.clone();
                let inputs = std::iter::once(value).chain(stage.inputs).collect();
                self.model.node(&name, stage.operator, inputs, vec![gives.clone()], stage.attributes);
                if stage.suffix == LAYOUT {
                    self.model.only_layout(&name);
                    if index + 1 == last {
                        self.know(output, Order::File, before);
                    }
                }
                value = gives;
            }
            if std::mem::replace(&mut self.is_given[output], true) || self.is_constant(output) {
                return Err(node.wrong(&format!("it gives `{}`, which is given already", self.names[output])));
            }
        }
        Ok(())
    }

    /// What follows before an output is as the model has it.
    fn stages(&mut self, node: &Node<'_>, output: usize, made: Made) -> Result<Vec<Stage>, TfliteError> {
        let tensor = self.tensor(output);
        let mut stages = Vec::from_iter(self.active(node, made.active)?);
        if made.order == Some(Order::File) && tensor.rank() == 4 {
            let attributes = order_attribute(&TO_CHANNELS);
            stages.push(Stage { suffix: LAYOUT, operator: "Transpose", inputs: Vec::new(), attributes });
        }
        if let Some(quantized) = tensor.quantized.as_ref().filter(|_| self.is_quantized(output)) {
            let axis = Order::of_rank(tensor.rank()).place(quantized.axis);
            let (inputs, attributes) = self.units(&node.name, onnx_type(tensor.data_type), quantized, axis);
            stages.push(Stage { suffix: "quantize", operator: "QuantizeLinear", inputs, attributes });
        }
        Ok(stages)
    }

    fn active(&mut self, node: &Node<'_>, active: i8) -> Result<Option<Stage>, TfliteError> {
        let stage = |operator, inputs| {
            let suffix = operator;
            Some(Stage { suffix, operator, inputs, attributes: Vec::new() })
        };
        Ok(match active {
            activation::NONE => None,
            activation::RELU => stage("Relu", Vec::new()),
            activation::RELU6 => stage("Clip", self.bounds(0.0, 6.0)),
            activation::RELU_N1_TO_1 => stage("Clip", self.bounds(-1.0, 1.0)),
            activation::TANH => stage("Tanh", Vec::new()),
            activation::SIGN_BIT => stage("tflite.SIGN_BIT", Vec::new()),
            other => return Err(node.wrong(&format!("its activation is {other}, expected 0 to 5"))),
        })
    }

    /// What Clip reads.
    pub(super) fn bounds(&mut self, low: f32, high: f32) -> Vec<String> {
        vec![self.floats("low", &[], &[low]), self.floats("high", &[], &[high])]
    }

    /// As the floats that integers stand for.
    pub(super) fn dequantize(
        &mut self,
        node: &Node<'_>,
        value: &str,
        data_type: i32,
        quantized: &Quantized,
        axis: usize,
    ) -> String {
        let (units, attributes) = self.units(&node.name, data_type, quantized, axis);
        let inputs = std::iter::once(value.to_owned()).chain(units).collect();
        self.step(node, "dequantize", "DequantizeLinear", inputs, attributes)
    }

    /// What QuantizeLinear and DequantizeLinear read behind their first input.
    pub(super) fn units(
        &mut self,
        like: &str,
        data_type: i32,
        quantized: &Quantized,
        axis: usize,
    ) -> (Vec<String>, Attributes) {
        let is_single = quantized.scales.len() == 1;
        let dims = if is_single { vec![] } else { vec![quantized.scales.len() as u64] };
        let scales = self.floats(&format!("{like}/scale"), &dims, &quantized.scales);
        let axis = ("axis", AttributeValue::Int(axis as i64));
        let attributes = if is_single { Vec::new() } else { vec![axis] };
        // Biases have no zero point.
        if data_type == INT32 {
            return (vec![scales], attributes);
        }
        let width = if data_type == onnx_type(super::schema::tensor_type::INT16) { 2 } else { 1 };
        let bytes = quantized.zeros.iter().flat_map(|zero| zero.to_le_bytes()[..width].to_vec()).collect();
        let zeros = self.fresh(&format!("{like}/zero"));
        self.model.constant(&zeros, data_type, &dims, bytes);
        (vec![scales, zeros], attributes)
    }

    /// With its sides in another order, in which the runtime has them anyway.
    pub(super) fn reorder(&mut self, node: &Node<'_>, value: &str, order: &[usize]) -> String {
        let name = self.node_name(format!("{}/{LAYOUT}", node.name));
        let given = self.fresh(&name);
        let attributes = order_attribute(order);
        self.model.node(&name, "Transpose", vec![value.to_owned()], vec![given.clone()], attributes);
        self.model.only_layout(&name);
        given
    }

    /// With other sides.
    pub(super) fn reshape(&mut self, node: &Node<'_>, value: &str, dims: &[u64]) -> String {
        let sides = self.sides(dims);
        self.step(node, "shape", "Reshape", vec![value.to_owned(), sides], Vec::new())
    }

    /// A list of sides as a constant.
    pub(super) fn sides(&mut self, dims: &[u64]) -> String {
        let dims: Vec<i64> = dims.iter().map(|&side| side as i64).collect();
        self.longs("sides", &dims)
    }

    /// A list of integers.
    pub(super) fn longs(&mut self, like: &str, values: &[i64]) -> String {
        let name = self.fresh(like);
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.model.constant(&name, INT64, &[values.len() as u64], bytes);
        name
    }

    /// Floats with these sides.
    pub(super) fn floats(&mut self, like: &str, dims: &[u64], values: &[f32]) -> String {
        let name = self.fresh(like);
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.model.constant(&name, FLOAT, dims, bytes);
        name
    }
}

const LAYOUT: &str = "layout";

fn order_attribute(order: &[usize]) -> Attributes {
    vec![("perm", AttributeValue::Ints(order.iter().map(|&side| side as i64).collect()))]
}
