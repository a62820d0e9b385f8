//! Small files for tests.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, UOffsetT, VOffsetT, WIPOffset};

use super::builtin::Builtin;
use super::schema::{self, tensor_type::FLOAT32};

type Offset = WIPOffset<UOffsetT>;

/// A number in an options table.
#[derive(Clone, Copy)]
pub(super) enum Option_ {
    I8(VOffsetT, i8),
    I32(VOffsetT, i32),
    Bool(VOffsetT),
}

#[derive(Clone, Default)]
pub(super) struct SampleTensor {
    pub(super) dims: Vec<i32>,
    pub(super) data_type: i8,
    pub(super) data: Vec<u8>,
    pub(super) scales: Vec<f32>,
    pub(super) zeros: Vec<i64>,
    pub(super) axis: i32,
    /// -1 for what is open.
    pub(super) signature: Vec<i32>,
}

struct SampleNode {
    code: i32,
    custom: &'static str,
    inputs: Vec<i32>,
    outputs: Vec<i32>,
    tag: u8,
    options: Vec<Option_>,
}

/// A file that is being written; its tensors are called `t0`, `t1`, ..
#[derive(Default)]
pub(super) struct Sample {
    pub(super) tensors: Vec<SampleTensor>,
    nodes: Vec<SampleNode>,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
}

impl Sample {
    pub(super) fn tensor(&mut self, tensor: SampleTensor) -> i32 {
        self.tensors.push(tensor);
        self.tensors.len() as i32 - 1
    }

    /// Of floats that are computed.
    pub(super) fn value(&mut self, dims: &[i32]) -> i32 {
        self.tensor(SampleTensor { dims: dims.to_vec(), data_type: FLOAT32, ..SampleTensor::default() })
    }

    pub(super) fn floats(&mut self, dims: &[i32], values: &[f32]) -> i32 {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(SampleTensor { dims: dims.to_vec(), data, ..SampleTensor::default() })
    }

    pub(super) fn integers(&mut self, dims: &[i32], values: &[i32]) -> i32 {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let data_type = schema::tensor_type::INT32;
        self.tensor(SampleTensor { dims: dims.to_vec(), data_type, data, ..SampleTensor::default() })
    }

    /// A node that gives floats of these sides.
    pub(super) fn node(
        &mut self,
        builtin: Builtin,
        inputs: &[i32],
        dims: &[i32],
        (tag, options): (u8, &[Option_]),
    ) -> i32 {
        let output = self.value(dims);
        self.give(builtin.code(), "", inputs, &[output], (tag, options));
        output
    }

    pub(super) fn give(
        &mut self,
        code: i32,
        custom: &'static str,
        inputs: &[i32],
        outputs: &[i32],
        (tag, options): (u8, &[Option_]),
    ) {
        let (inputs, outputs, options) = (inputs.to_vec(), outputs.to_vec(), options.to_vec());
        self.nodes.push(SampleNode { code, custom, inputs, outputs, tag, options });
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        let mut buffers = vec![table(&mut fbb, |_| ())];
        let mut tensors = Vec::new();
        for (index, tensor) in self.tensors.iter().enumerate() {
            let mut buffer = 0_u32;
            if !tensor.data.is_empty() {
                let data = fbb.create_vector(&tensor.data);
                buffer = buffers.len() as u32;
                buffers.push(table(&mut fbb, |fbb| fbb.push_slot_always(schema::buffer::DATA, data)));
            }
            let (shape, name) = (fbb.create_vector(&tensor.dims), fbb.create_string(&format!("t{index}")));
            let signature = fbb.create_vector(&tensor.signature);
            let quantization = (!tensor.scales.is_empty()).then(|| {
                let (scales, zeros) = (fbb.create_vector(&tensor.scales), fbb.create_vector(&tensor.zeros));
                table(&mut fbb, |fbb| {
                    fbb.push_slot_always(schema::quantization::SCALE, scales);
                    fbb.push_slot_always(schema::quantization::ZERO_POINT, zeros);
                    fbb.push_slot(schema::quantization::DIMENSION.slot, tensor.axis, 0);
                })
            });
            tensors.push(table(&mut fbb, |fbb| {
                fbb.push_slot_always(schema::tensor::SHAPE, shape);
                fbb.push_slot(schema::tensor::TYPE.slot, tensor.data_type, 0);
                fbb.push_slot(schema::tensor::BUFFER.slot, buffer, 0);
                fbb.push_slot_always(schema::tensor::NAME, name);
                fbb.push_slot_always(schema::tensor::SHAPE_SIGNATURE, signature);
                if let Some(quantization) = quantization {
                    fbb.push_slot_always(schema::tensor::QUANTIZATION, quantization);
                }
            }));
        }
        let (mut codes, mut operators) = (Vec::new(), Vec::new());
        for (index, node) in self.nodes.iter().enumerate() {
            let custom = fbb.create_string(node.custom);
            codes.push(table(&mut fbb, |fbb| {
                fbb.push_slot(schema::operator_code::DEPRECATED_CODE.slot, node.code.min(127) as i8, 0);
                fbb.push_slot(schema::operator_code::CODE.slot, node.code, 0);
                if !node.custom.is_empty() {
                    fbb.push_slot_always(schema::operator_code::CUSTOM_CODE, custom);
                }
            }));
            let (inputs, outputs) = (fbb.create_vector(&node.inputs), fbb.create_vector(&node.outputs));
            let options = table(&mut fbb, |fbb| {
                for option in &node.options {
                    match *option {
                        Option_::I8(slot, value) => fbb.push_slot(slot, value, 0),
                        Option_::I32(slot, value) => fbb.push_slot(slot, value, 0),
                        Option_::Bool(slot) => fbb.push_slot(slot, true, false),
                    }
                }
            });
            operators.push(table(&mut fbb, |fbb| {
                fbb.push_slot(schema::operator::CODE_INDEX.slot, index as u32, 0);
                fbb.push_slot_always(schema::operator::INPUTS, inputs);
                fbb.push_slot_always(schema::operator::OUTPUTS, outputs);
                fbb.push_slot(schema::operator::OPTIONS_TAG.slot, node.tag, 0);
                fbb.push_slot_always(schema::operator::OPTIONS, options);
            }));
        }
        let (tensors, operators) = (fbb.create_vector(&tensors), fbb.create_vector(&operators));
        let (inputs, outputs) = (fbb.create_vector(&self.inputs), fbb.create_vector(&self.outputs));
        let subgraph = table(&mut fbb, |fbb| {
            fbb.push_slot_always(schema::subgraph::TENSORS, tensors);
            fbb.push_slot_always(schema::subgraph::INPUTS, inputs);
            fbb.push_slot_always(schema::subgraph::OUTPUTS, outputs);
            fbb.push_slot_always(schema::subgraph::OPERATORS, operators);
        });
        let (codes, subgraphs) = (fbb.create_vector(&codes), fbb.create_vector(&[subgraph]));
        let buffers = fbb.create_vector(&buffers);
        let model = table(&mut fbb, |fbb| {
            fbb.push_slot(schema::model::VERSION.slot, schema::VERSION, 0);
            fbb.push_slot_always(schema::model::OPERATOR_CODES, codes);
            fbb.push_slot_always(schema::model::SUBGRAPHS, subgraphs);
            fbb.push_slot_always(schema::model::BUFFERS, buffers);
        });
        fbb.finish(model, Some(schema::IDENTIFIER));
        fbb.finished_data().to_vec()
    }
}

fn table(fbb: &mut FlatBufferBuilder<'_>, fill: impl FnOnce(&mut FlatBufferBuilder<'_>)) -> Offset {
    let start = fbb.start_table();
    fill(fbb);
    let table: WIPOffset<TableFinishedWIPOffset> = fbb.end_table(start);
    WIPOffset::new(table.value())
}
