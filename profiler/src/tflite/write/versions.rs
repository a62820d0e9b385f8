//! Versions of operators: the oldest that has what is written.
//!
//! Source: `tensorflow/lite/tools/versioning/op_version.cc` of TensorFlow 2.18.

use crate::tflite::builtin::Builtin;

/// The version that first took signed 8-bit integers; 1 for operators that always did, and for those that Tailor does not write.
pub(super) fn of_int8(builtin: Builtin) -> i32 {
    match builtin {
        Builtin::CONV_2D | Builtin::DEPTHWISE_CONV_2D => 3,
        Builtin::FULLY_CONNECTED => 4,
        Builtin::ADD
        | Builtin::AVERAGE_POOL_2D
        | Builtin::CONCATENATION
        | Builtin::LOGISTIC
        | Builtin::MAX_POOL_2D
        | Builtin::MEAN
        | Builtin::MUL
        | Builtin::PAD
        | Builtin::PADV2
        | Builtin::QUANTIZE
        | Builtin::RELU
        | Builtin::RELU6
        | Builtin::RESIZE_BILINEAR
        | Builtin::RESIZE_NEAREST_NEIGHBOR
        | Builtin::SOFTMAX => 2,
        _ => 1,
    }
}

/// The version that first took convolutions of groups.
pub(super) const GROUPED_CONVOLUTION: i32 = 6;
/// The version that first took dilated depthwise convolutions.
pub(super) const DILATED_DEPTHWISE: i32 = 2;
/// The version of fully connected layers that first kept its input's dimensions.
pub(super) const KEEPS_DIMENSIONS: i32 = 5;
/// The version that first resized between the centres of positions.
pub(super) const HALF_PIXEL: i32 = 3;
