//! A model's tensors and operators, and the bytes of its file.

use flatbuffers::{FlatBufferBuilder, UOffsetT, WIPOffset};

use crate::tflite::builtin::Builtin;
use crate::tflite::nodes::FileNode;
use crate::tflite::schema::{
    ALIGNMENT, Field, IDENTIFIER, VERSION, buffer, model, operator, operator_code, quantization, subgraph,
    tensor,
};

type Table = WIPOffset<UOffsetT>;

/// A tensor of the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<i32>,
    /// One of `schema::tensor_type`.
    pub(super) element: i8,
    /// Its elements, where they are constant.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) integers: Option<Integers>,
}

/// What a tensor's integers stand for: `real = unit · (integer − zero)`, for all or by the sides of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Integers {
    pub(super) units: Vec<f32>,
    pub(super) zero: i64,
    pub(super) dimension: i32,
}

/// Options of an operator: the tag of their table, and its fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) tag: u8,
    pub(super) fields: Vec<Set>,
    /// The operator's oldest version that has them.
    pub(super) since: i32,
}

impl Options {
    pub(super) fn of(tag: u8, fields: Vec<Set>) -> Self {
        Self { tag, fields, since: 1 }
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Set {
    Byte(Field<i8>, i8),
    Int(Field<i32>, i32),
    Flag(Field<bool>, bool),
    Real(Field<f32>, f32),
}

/// An operator in its place.
#[derive(Clone, Debug)]
pub(super) struct Operator {
    pub(super) builtin: Builtin,
    pub(super) version: i32,
    pub(super) options: Options,
    pub(super) inputs: Vec<i32>,
    pub(super) output: i32,
}

/// A model with one output.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) tensors: Vec<Tensor>,
    pub(super) operators: Vec<Operator>,
    pub(super) inputs: Vec<i32>,
    pub(super) output: i32,
}

impl File {
    pub(super) fn push(&mut self, tensor: Tensor) -> i32 {
        self.tensors.push(tensor);
        self.tensors.len() as i32 - 1
    }

    /// The bytes. Buffers begin at multiples of 16, as the schema demands.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        let fbb = &mut fbb;
        // The first buffer is the empty one of all tensors that are not constant.
        let mut buffers = vec![table(fbb, |_| ())];
        let mut tensors = Vec::new();
        for tensor in &self.tensors {
            let index = tensor.bytes.as_ref().map_or(0, |bytes| {
                let bytes = aligned(fbb, bytes);
                buffers.push(table(fbb, |fbb| fbb.push_slot_always(buffer::DATA, bytes)));
                buffers.len() as u32 - 1
            });
            tensors.push(tensor.write(fbb, index));
        }
        let mut codes: Vec<(Builtin, i32)> = Vec::new();
        let operators: Vec<Table> = self.operators.iter().map(|op| op.write(fbb, &mut codes)).collect();
        let write_code = |(builtin, version): &(Builtin, i32)| {
            table(fbb, |fbb| {
                // Readers of before 2020 know this field only.
                set(fbb, operator_code::DEPRECATED_CODE, builtin.code().min(127) as i8);
                set(fbb, operator_code::VERSION, *version);
                set(fbb, operator_code::CODE, builtin.code());
            })
        };
        let codes: Vec<Table> = codes.iter().map(write_code).collect();
        let (tensors, operators) = (fbb.create_vector(&tensors), fbb.create_vector(&operators));
        let (inputs, outputs) = (fbb.create_vector(&self.inputs), fbb.create_vector(&[self.output]));
        let name = fbb.create_string(&self.name);
        let graph = table(fbb, |fbb| {
            fbb.push_slot_always(subgraph::TENSORS, tensors);
            fbb.push_slot_always(subgraph::INPUTS, inputs);
            fbb.push_slot_always(subgraph::OUTPUTS, outputs);
            fbb.push_slot_always(subgraph::OPERATORS, operators);
            fbb.push_slot_always(subgraph::NAME, name);
        });
        let (codes, graphs) = (fbb.create_vector(&codes), fbb.create_vector(&[graph]));
        let buffers = fbb.create_vector(&buffers);
        let description = fbb.create_string(&format!("tailor {}", env!("CARGO_PKG_VERSION")));
        let root = table(fbb, |fbb| {
            set(fbb, model::VERSION, VERSION);
            fbb.push_slot_always(model::OPERATOR_CODES, codes);
            fbb.push_slot_always(model::SUBGRAPHS, graphs);
            fbb.push_slot_always(model::DESCRIPTION, description);
            fbb.push_slot_always(model::BUFFERS, buffers);
        });
        // The root's offset and the identifier come before it.
        pad(fbb, 8);
        fbb.finish(root, Some(IDENTIFIER));
        fbb.finished_data().to_vec()
    }
}

impl File {
    /// What is known of its operators without their weights.
    pub(super) fn nodes(&self) -> Vec<FileNode> {
        let node = |operator: &Operator| {
            let weights = operator.inputs.get(1).map(|input| &self.tensors[*input as usize].shape[..]);
            let steps = |set: &Set| match set {
                Set::Int(_, steps) => *steps == 1,
                Set::Byte(..) | Set::Flag(..) | Set::Real(..) => true,
            };
            let is_pointwise = operator.builtin == Builtin::CONV_2D
                && matches!(weights, Some([_, 1, 1, _]))
                && operator.options.fields.iter().all(steps);
            let name = self.tensors[operator.output as usize].name.clone();
            FileNode { name, builtin: operator.builtin, is_pointwise }
        };
        self.operators.iter().map(node).collect()
    }
}

impl Tensor {
    fn write(&self, fbb: &mut FlatBufferBuilder, buffer: u32) -> Table {
        let (shape, name) = (fbb.create_vector(&self.shape), fbb.create_string(&self.name));
        let integers = self.integers.as_ref().map(|integers| {
            let units = fbb.create_vector(&integers.units);
            let zeros = fbb.create_vector(&vec![integers.zero; integers.units.len()]);
            table(fbb, |fbb| {
                fbb.push_slot_always(quantization::SCALE, units);
                fbb.push_slot_always(quantization::ZERO_POINT, zeros);
                set(fbb, quantization::DIMENSION, integers.dimension);
            })
        });
        table(fbb, |fbb| {
            fbb.push_slot_always(tensor::SHAPE, shape);
            set(fbb, tensor::TYPE, self.element);
            set(fbb, tensor::BUFFER, buffer);
            fbb.push_slot_always(tensor::NAME, name);
            if let Some(integers) = integers {
                fbb.push_slot_always(tensor::QUANTIZATION, integers);
            }
        })
    }
}

impl Operator {
    fn write(&self, fbb: &mut FlatBufferBuilder, codes: &mut Vec<(Builtin, i32)>) -> Table {
        let code = (self.builtin, self.version);
        let index = codes.iter().position(|known| *known == code).unwrap_or_else(|| {
            codes.push(code);
            codes.len() - 1
        });
        let (inputs, outputs) = (fbb.create_vector(&self.inputs), fbb.create_vector(&[self.output]));
        let Options { tag, fields, .. } = &self.options;
        let options = (*tag != 0).then(|| {
            table(fbb, |fbb| {
                for field in fields {
                    match *field {
                        Set::Byte(field, value) => set(fbb, field, value),
                        Set::Int(field, value) => set(fbb, field, value),
                        Set::Flag(field, value) => set(fbb, field, value),
                        Set::Real(field, value) => set(fbb, field, value),
                    }
                }
            })
        });
        table(fbb, |fbb| {
            set(fbb, operator::CODE_INDEX, index as u32);
            fbb.push_slot_always(operator::INPUTS, inputs);
            fbb.push_slot_always(operator::OUTPUTS, outputs);
            if let Some(options) = options {
                set(fbb, operator::OPTIONS_TAG, *tag);
                fbb.push_slot_always(operator::OPTIONS, options);
            }
        })
    }
}

fn set<T: flatbuffers::Push + PartialEq>(fbb: &mut FlatBufferBuilder, field: Field<T>, value: T) {
    fbb.push_slot(field.slot, value, field.default);
}

fn table(fbb: &mut FlatBufferBuilder, fill: impl FnOnce(&mut FlatBufferBuilder)) -> Table {
    let start = fbb.start_table();
    fill(fbb);
    WIPOffset::new(fbb.end_table(start).value())
}

/// Bytes whose first one stands at a multiple of 16 from the file's end.
fn aligned<'b>(fbb: &mut FlatBufferBuilder<'b>, bytes: &[u8]) -> WIPOffset<flatbuffers::Vector<'b, u8>> {
    pad(fbb, bytes.len());
    fbb.create_vector(bytes)
}

/// Fills up so that what has so many bytes and is written next begins at a multiple of 16.
fn pad(fbb: &mut FlatBufferBuilder, bytes: usize) {
    while !(fbb.unfinished_data().len() + bytes).is_multiple_of(ALIGNMENT) {
        fbb.push(0_u8);
    }
}
