//! The number format an op computes in.

use std::fmt;

/// The number format of weights and activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// 32-bit floats; not written in keys.
    #[default]
    F32,
    /// 8-bit integers, as an ONNX model with QuantizeLinear and DequantizeLinear around its layers (QDQ).
    Int8,
}

impl Precision {
    /// Last word of the key of an int8 op.
    pub const INT8: &'static str = "int8";

    /// Its suffix in keys and kinds: nothing for f32, `-int8`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::F32 => "",
            Self::Int8 => "-int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Int8 => Self::INT8,
        })
    }
}
