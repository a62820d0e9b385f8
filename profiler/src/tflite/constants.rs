//! The elements of constants: as they are, or as the floats they stand for.

use half::{bf16, f16};

use super::TfliteError;
use super::file::{Quantized, Tensor, product};
use super::schema::tensor_type as from;
use super::sparse::dense;
use super::table::{Number, Source};

/// `TensorProto.data_type` of ONNX.
pub(super) const FLOAT: i32 = 1;
const UINT8: i32 = 2;
pub(super) const INT8: i32 = 3;
const INT16: i32 = 5;
pub(super) const INT32: i32 = 6;
pub(super) const INT64: i32 = 7;
const FLOAT16: i32 = 10;
const BFLOAT16: i32 = 16;

/// ONNX's number for each of TensorFlow Lite's formats, and bytes of an element; 0 where ONNX has none, or sizes differ.
const FORMATS: [(i32, u64); 19] = [
    (FLOAT, 4),
    (FLOAT16, 2),
    (INT32, 4),
    (UINT8, 1),
    (INT64, 8),
    (8, 0),
    (9, 1),
    (INT16, 2),
    (14, 8),
    (INT8, 1),
    (11, 8),
    (15, 16),
    (13, 8),
    (0, 0),
    (0, 0),
    (12, 4),
    (4, 2),
    // 4-bit integers, two in a byte, become 8-bit ones.
    (INT8, 1),
    (BFLOAT16, 2),
];

fn format(data_type: i8) -> (i32, u64) {
    usize::try_from(data_type).ok().and_then(|number| FORMATS.get(number).copied()).unwrap_or((0, 0))
}

/// ONNX's number for a format; 0 where it has none.
pub(super) fn onnx_type(data_type: i8) -> i32 {
    format(data_type).0
}

/// A constant's elements, in little-endian order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Elements {
    /// ONNX's number.
    pub(super) data_type: i32,
    pub(super) dims: Vec<u64>,
    pub(super) bytes: Vec<u8>,
}

impl Elements {
    /// Of a constant; zeros that the file leaves out are put in.
    pub(super) fn of(tensor: &Tensor<'_>, source: &Source<'_>) -> Result<Option<Self>, TfliteError> {
        let Some(data) = tensor.data else { return Ok(None) };
        let wrong =
            |reason: String| TfliteError::Contradiction(format!("tensor `{}`: {reason}", tensor.name));
        let (data_type, width) = format(tensor.data_type);
        if width == 0 {
            let name = usize::try_from(tensor.data_type).ok().and_then(|number| from::NAMES.get(number));
            return Err(wrong(format!("constants of format {} are not read", name.unwrap_or(&"unknown"))));
        }
        let size = product(&tensor.dims).saturating_mul(width);
        source.unfold(size)?;
        let halves = tensor.data_type == from::INT4;
        let bytes = match tensor.sparsity {
            Some(_) if halves => return Err(wrong("sparse 4-bit integers are not read".to_owned())),
            Some(sparsity) => dense(sparsity, &tensor.dims, data, width as usize).map_err(|e| match e {
                TfliteError::Contradiction(reason) => wrong(reason),
                other => other,
            })?,
            None if halves => {
                let pairs = data.iter().flat_map(|&pair| [(pair as i8) << 4 >> 4, pair as i8 >> 4]);
                let whole: Vec<u8> = pairs.map(|half| half as u8).collect();
                // The last half byte may be empty.
                if data.len() as u64 != size.div_ceil(2) {
                    return Err(wrong(format!("it has {} bytes, expected {}", data.len(), size.div_ceil(2))));
                }
                whole[..size as usize].to_vec()
            }
            None => data.to_vec(),
        };
        if bytes.len() as u64 != size {
            return Err(wrong(format!("it has {} bytes, expected {size} of {:?}", bytes.len(), tensor.dims)));
        }
        Ok(Some(Self { data_type, dims: tensor.dims.clone(), bytes }))
    }

    fn width(&self) -> usize {
        let count = product(&self.dims).max(1) as usize;
        (self.bytes.len() / count).max(1)
    }

    /// Integers; nothing for floats.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        let all = |read: fn(&[u8]) -> i64| self.chunks().map(read).collect();
        match self.data_type {
            UINT8 => Some(all(|b| u8::read(b).into())),
            INT8 => Some(all(|b| i8::read(b).into())),
            INT16 => Some(all(|b| i16::read(b).into())),
            INT32 => Some(all(|b| i32::read(b).into())),
            INT64 => Some(all(i64::read)),
            _ => None,
        }
    }

    /// The same as floats of 32 bits: those of 16 widened, integers by what they stand for. Other numbers stay as they are.
    pub(super) fn floats(self, quantized: Option<&Quantized>) -> Self {
        let wide = |value: f32| value.to_le_bytes();
        let half = |bytes: &[u8]| u16::read(bytes);
        let bytes: Vec<u8> = match (self.data_type, quantized, self.integers()) {
            (FLOAT16, ..) => self.chunks().flat_map(|b| wide(f16::from_bits(half(b)).to_f32())).collect(),
            (BFLOAT16, ..) => self.chunks().flat_map(|b| wide(bf16::from_bits(half(b)).to_f32())).collect(),
            (_, Some(q), Some(integers)) => {
                let inner = product(self.dims.get(q.axis + 1..).unwrap_or_default()).max(1) as usize;
                let real = |(index, integer): (usize, i64)| {
                    let part = (index / inner) % q.scales.len();
                    wide(q.scales[part] * integer.saturating_sub(q.zeros[part]) as f32)
                };
                integers.into_iter().enumerate().flat_map(real).collect()
            }
            (_, None, _) | (_, Some(_), None) => return self,
        };
        Self { data_type: FLOAT, bytes, ..self }
    }

    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.width())
    }

    /// With these sides, as many elements in the same order.
    pub(super) fn shaped(self, dims: &[u64]) -> Self {
        Self { dims: dims.to_vec(), ..self }
    }

    /// With its sides in another order: side `i` is what side `order[i]` was.
    pub(super) fn ordered(self, order: &[usize]) -> Self {
        if order.is_sorted() || self.bytes.is_empty() {
            return self;
        }
        let width = self.width();
        let mut strides = vec![width; self.dims.len()];
        for side in (0..self.dims.len().saturating_sub(1)).rev() {
            strides[side] = strides[side + 1] * self.dims[side + 1] as usize;
        }
        let dims: Vec<u64> = order.iter().map(|&side| self.dims[side]).collect();
        let strides: Vec<usize> = order.iter().map(|&side| strides[side]).collect();
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut index = vec![0_u64; dims.len()];
        for _ in 0..self.bytes.len() / width {
            let start: usize = index.iter().zip(&strides).map(|(at, stride)| *at as usize * stride).sum();
            bytes.extend_from_slice(&self.bytes[start..start + width]);
            for side in (0..dims.len()).rev() {
                index[side] += 1;
                if index[side] < dims[side] {
                    break;
                }
                index[side] = 0;
            }
        }
        Self { dims, bytes, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_change_their_order() {
        // 2 × 3 of 16-bit numbers: rows 0 1 2 and 3 4 5.
        let bytes = [0_u16, 1, 2, 3, 4, 5].iter().flat_map(|value| value.to_le_bytes()).collect();
        let elements = Elements { data_type: FLOAT16, dims: vec![2, 3], bytes };
        let turned = elements.clone().ordered(&[1, 0]);
        let values: Vec<u16> = turned.chunks().map(u16::read).collect();
        assert_eq!((turned.dims.clone(), values), (vec![3, 2], vec![0, 3, 1, 4, 2, 5]));
        assert_eq!(turned.ordered(&[1, 0]), elements);
    }

    #[test]
    fn integers_stand_for_floats_along_their_axis() {
        let q = Quantized { scales: vec![0.5, 2.0], zeros: vec![0, 1], axis: 1 };
        let bytes = [1_i8, 1, -2, 3].iter().map(|value| *value as u8).collect();
        let floats = Elements { data_type: INT8, dims: vec![2, 2], bytes }.floats(Some(&q));
        let values: Vec<f32> = floats.chunks().map(f32::read).collect();
        // 1 · 0.5, (1 − 1) · 2, −2 · 0.5, (3 − 1) · 2.
        assert_eq!(values, [0.5, 0.0, -1.0, 4.0]);
    }
}
