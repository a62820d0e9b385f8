//! The part of TensorFlow Lite's schema that Tailor reads and writes: fields of tables, and what numbers stand for.
//!
//! Source: `tensorflow/lite/schema/schema.fbs` of TensorFlow 2.18 (schema version 3c).

use flatbuffers::VOffsetT;

/// The identifier, four bytes after the root's offset.
pub(crate) const IDENTIFIER: &str = "TFL3";
/// [`model::VERSION`] of every file.
pub(crate) const VERSION: u32 = 3;
/// Bytes of a buffer begin at multiples of it.
pub(crate) const ALIGNMENT: usize = 16;
/// The tensor index of an input that is left out.
pub(crate) const LEFT_OUT: i32 = -1;

/// A field of a table that holds a number or a truth value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<T> {
    /// Where the table's layout has it.
    pub(crate) slot: VOffsetT,
    /// Its value where a file leaves it out.
    pub(crate) default: T,
}

const fn field<T: Copy>(index: VOffsetT, default: T) -> Field<T> {
    Field { slot: slot(index), default }
}

/// Where a table's layout has its field of this index.
pub(crate) const fn slot(index: VOffsetT) -> VOffsetT {
    4 + 2 * index
}

/// Tables: a constant of type [`Field`] for numbers, a slot for strings, vectors, tables and unions.
pub(crate) mod model {
    use super::{Field, VOffsetT, field, slot};
    pub(crate) const VERSION: Field<u32> = field(0, 0);
    pub(crate) const OPERATOR_CODES: VOffsetT = slot(1);
    pub(crate) const SUBGRAPHS: VOffsetT = slot(2);
    pub(crate) const DESCRIPTION: VOffsetT = slot(3);
    pub(crate) const BUFFERS: VOffsetT = slot(4);
}

pub(crate) mod operator_code {
    use super::{Field, VOffsetT, field, slot};
    /// For readers before 2020, and at most 127; the code is the larger one of both.
    pub(crate) const DEPRECATED_CODE: Field<i8> = field(0, 0);
    pub(crate) const CUSTOM_CODE: VOffsetT = slot(1);
    pub(crate) const VERSION: Field<i32> = field(2, 1);
    pub(crate) const CODE: Field<i32> = field(3, 0);
}

pub(crate) mod subgraph {
    use super::{VOffsetT, slot};
    pub(crate) const TENSORS: VOffsetT = slot(0);
    pub(crate) const INPUTS: VOffsetT = slot(1);
    pub(crate) const OUTPUTS: VOffsetT = slot(2);
    pub(crate) const OPERATORS: VOffsetT = slot(3);
    pub(crate) const NAME: VOffsetT = slot(4);
}

pub(crate) mod tensor {
    use super::{Field, VOffsetT, field, slot};
    pub(crate) const SHAPE: VOffsetT = slot(0);
    /// One of [`tensor_type`](super::tensor_type).
    pub(crate) const TYPE: Field<i8> = field(1, 0);
    /// 0: not constant.
    pub(crate) const BUFFER: Field<u32> = field(2, 0);
    pub(crate) const NAME: VOffsetT = slot(3);
    pub(crate) const QUANTIZATION: VOffsetT = slot(4);
    pub(crate) const IS_VARIABLE: Field<bool> = field(5, false);
    pub(crate) const SPARSITY: VOffsetT = slot(6);
    /// As the shape, with -1 for what is open.
    pub(crate) const SHAPE_SIGNATURE: VOffsetT = slot(7);
}

pub(crate) mod quantization {
    use super::{Field, VOffsetT, field, slot};
    /// f32, one or one per side of the quantized dimension.
    pub(crate) const SCALE: VOffsetT = slot(2);
    /// i64, as many.
    pub(crate) const ZERO_POINT: VOffsetT = slot(3);
    pub(crate) const DIMENSION: Field<i32> = field(6, 0);
}

/// A tensor of mostly zeros: which elements there are, level by level.
pub(crate) mod sparsity {
    use super::{Field, VOffsetT, field, slot};
    /// i32: the sides level by level, those of blocks behind the tensor's own.
    pub(crate) const TRAVERSAL_ORDER: VOffsetT = slot(0);
    /// i32: of which side the blocks are parts.
    pub(crate) const BLOCK_MAP: VOffsetT = slot(1);
    /// A table per level, whose fields follow.
    pub(crate) const LEVELS: VOffsetT = slot(2);
    pub(crate) const FORMAT: Field<i8> = field(0, DENSE);
    pub(crate) const DENSE_SIZE: Field<i32> = field(1, 0);
    /// Numbers of one of three kinds, each a table of a vector in slot 0.
    pub(crate) const SEGMENTS_TAG: Field<u8> = field(2, 0);
    pub(crate) const SEGMENTS: VOffsetT = slot(3);
    pub(crate) const INDICES_TAG: Field<u8> = field(4, 0);
    pub(crate) const INDICES: VOffsetT = slot(5);
    pub(crate) const DENSE: i8 = 0;
    pub(crate) const I32: u8 = 1;
    pub(crate) const U16: u8 = 2;
    pub(crate) const U8: u8 = 3;
}

pub(crate) mod buffer {
    use super::{Field, VOffsetT, field, slot};
    pub(crate) const DATA: VOffsetT = slot(0);
    /// Above 1: the bytes stand here in the file, outside of the tables, as in those of 2 GB and more.
    pub(crate) const OFFSET: Field<u64> = field(1, 0);
    pub(crate) const SIZE: Field<u64> = field(2, 0);
}

pub(crate) mod operator {
    use super::{Field, VOffsetT, field, slot};
    /// Position among the model's operator codes.
    pub(crate) const CODE_INDEX: Field<u32> = field(0, 0);
    pub(crate) const INPUTS: VOffsetT = slot(1);
    pub(crate) const OUTPUTS: VOffsetT = slot(2);
    /// The `TAG` of the options' table.
    pub(crate) const OPTIONS_TAG: Field<u8> = field(3, 0);
    pub(crate) const OPTIONS: VOffsetT = slot(4);
    /// Of operators that are not the schema's.
    pub(crate) const CUSTOM_OPTIONS: VOffsetT = slot(5);
}

/// Options of operators: `TAG` is the table's number in the union `BuiltinOptions`. Operators that are not here have no options that
/// Tailor reads, and are written with none.
macro_rules! options {
    ($($table:ident $tag:literal { $($name:ident: $type:ty = $index:literal, $default:expr;)* })*) => {
        $(pub(crate) mod $table {
            use super::{Field, field};
            pub(crate) const TAG: u8 = $tag;
            $(pub(crate) const $name: Field<$type> = field($index, $default);)*
        })*
    };
}

options! {
    conv_2d 1 {
        PADDING: i8 = 0, 0;
        STRIDE_W: i32 = 1, 0;
        STRIDE_H: i32 = 2, 0;
        ACTIVATION: i8 = 3, 0;
        DILATION_W: i32 = 4, 1;
        DILATION_H: i32 = 5, 1;
    }
    depthwise_conv_2d 2 {
        PADDING: i8 = 0, 0;
        STRIDE_W: i32 = 1, 0;
        STRIDE_H: i32 = 2, 0;
        DEPTH_MULTIPLIER: i32 = 3, 0;
        ACTIVATION: i8 = 4, 0;
        DILATION_W: i32 = 5, 1;
        DILATION_H: i32 = 6, 1;
    }
    pool_2d 5 {
        PADDING: i8 = 0, 0;
        STRIDE_W: i32 = 1, 0;
        STRIDE_H: i32 = 2, 0;
        FILTER_W: i32 = 3, 0;
        FILTER_H: i32 = 4, 0;
        ACTIVATION: i8 = 5, 0;
    }
    fully_connected 8 {
        ACTIVATION: i8 = 0, 0;
        WEIGHTS_FORMAT: i8 = 1, 0;
        KEEP_NUM_DIMS: bool = 2, false;
    }
    softmax 9 { BETA: f32 = 0, 0.0; }
    concatenation 10 { AXIS: i32 = 0, 0; ACTIVATION: i8 = 1, 0; }
    add 11 { ACTIVATION: i8 = 0, 0; }
    resize_bilinear 15 { ALIGN_CORNERS: bool = 2, false; HALF_PIXEL_CENTERS: bool = 3, false; }
    space_to_depth 19 { BLOCK_SIZE: i32 = 0, 0; }
    mul 21 { ACTIVATION: i8 = 0, 0; }
    gather 23 { AXIS: i32 = 0, 0; BATCH_DIMS: i32 = 1, 0; }
    reducer 27 { KEEP_DIMS: bool = 0, false; }
    sub 28 { ACTIVATION: i8 = 0, 0; }
    div 29 { ACTIVATION: i8 = 0, 0; }
    strided_slice 32 {
        BEGIN_MASK: i32 = 0, 0;
        END_MASK: i32 = 1, 0;
        ELLIPSIS_MASK: i32 = 2, 0;
        NEW_AXIS_MASK: i32 = 3, 0;
        SHRINK_AXIS_MASK: i32 = 4, 0;
    }
    transpose_conv 49 {
        PADDING: i8 = 0, 0;
        STRIDE_W: i32 = 1, 0;
        STRIDE_H: i32 = 2, 0;
        ACTIVATION: i8 = 3, 0;
    }
    pack 59 { AXIS: i32 = 1, 0; }
    unpack 64 { AXIS: i32 = 1, 0; }
    resize_nearest_neighbor 74 { ALIGN_CORNERS: bool = 0, false; HALF_PIXEL_CENTERS: bool = 1, false; }
    leaky_relu 75 { ALPHA: f32 = 0, 0.0; }
    mirror_pad 77 { MODE: i8 = 0, 0; }
    depth_to_space 94 { BLOCK_SIZE: i32 = 0, 0; }
    batch_matmul 101 { ADJOINT_X: bool = 0, false; ADJOINT_Y: bool = 1, false; }
    gelu 116 { APPROXIMATE: bool = 0, false; }
}

/// `Padding`: SAME pads what a window needs beyond the input, the odd one at the end; VALID nothing.
pub(crate) mod padding {
    pub(crate) const SAME: i8 = 0;
    pub(crate) const VALID: i8 = 1;
}

/// `ActivationFunctionType`.
pub(crate) mod activation {
    pub(crate) const NONE: i8 = 0;
    pub(crate) const RELU: i8 = 1;
    pub(crate) const RELU_N1_TO_1: i8 = 2;
    pub(crate) const RELU6: i8 = 3;
    pub(crate) const TANH: i8 = 4;
    pub(crate) const SIGN_BIT: i8 = 5;
}

/// `TensorType`, in order.
pub(crate) mod tensor_type {
    pub(crate) const FLOAT32: i8 = 0;
    pub(crate) const INT32: i8 = 2;
    pub(crate) const UINT8: i8 = 3;
    pub(crate) const INT16: i8 = 7;
    pub(crate) const INT8: i8 = 9;
    pub(crate) const INT4: i8 = 17;
    pub(crate) const NAMES: [&str; 19] = [
        "FLOAT32",
        "FLOAT16",
        "INT32",
        "UINT8",
        "INT64",
        "STRING",
        "BOOL",
        "INT16",
        "COMPLEX64",
        "INT8",
        "FLOAT64",
        "COMPLEX128",
        "UINT64",
        "RESOURCE",
        "VARIANT",
        "UINT32",
        "UINT16",
        "INT4",
        "BFLOAT16",
    ];
}
