//! Values for LiteRT's inputs, and what its outputs hold.

use half::f16;

use super::compiled::Buffer;
use crate::backend::input::Meaning;

/// Which ONNX model a file computes the same as: values are given and returned as that one has them, NCHW for maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    /// The one that Tailor exported, whose 8-bit integers are unsigned.
    Exported,
    /// The file's own translation.
    Translation,
}

/// The numbers of `LiteRtElementType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Float,
    Int32,
    Uint8,
    Int64,
    Bool,
    Int8,
    Half,
}

impl Element {
    fn of(buffer: &Buffer) -> Result<Self, String> {
        Ok(match buffer.element {
            1 => Self::Float,
            2 => Self::Int32,
            3 => Self::Uint8,
            4 => Self::Int64,
            6 => Self::Bool,
            9 => Self::Int8,
            10 => Self::Half,
            other => {
                return Err(format!("a tensor's elements are of LiteRT's type {other}, no plain numbers"));
            }
        })
    }
}

/// How many values a buffer holds.
pub(super) fn length(buffer: &Buffer) -> usize {
    buffer.shape.iter().product()
}

/// Fills an input with values from −1 to 1.
pub(super) fn fill(buffer: &Buffer, values: &[f32], same: Same) -> Result<(), String> {
    let values = channels_last(values, &buffer.shape);
    let all = |bytes: fn(f32) -> Vec<u8>| values.iter().copied().flat_map(bytes).collect::<Vec<u8>>();
    buffer.write(&match (Element::of(buffer)?, same) {
        (Element::Float, _) => all(|value| value.to_le_bytes().to_vec()),
        (Element::Half, _) => all(|value| f16::from_f32(value).to_le_bytes().to_vec()),
        (Element::Uint8, _) => all(|value| vec![Meaning::Level.of(value) as u8]),
        // The same levels, 128 lower.
        (Element::Int8, Same::Exported) => {
            all(|value| vec![(Meaning::Level.of(value) as u8).wrapping_sub(128)])
        }
        (Element::Bool, _) | (Element::Int8, Same::Translation) => {
            all(|value| vec![Meaning::Index.of(value) as u8])
        }
        (Element::Int32, _) => all(|value| (Meaning::Index.of(value) as i32).to_le_bytes().to_vec()),
        (Element::Int64, _) => all(|value| (Meaning::Index.of(value) as i64).to_le_bytes().to_vec()),
    })
}

/// An output's values; signed 8-bit integers as unsigned ones where the ONNX model's are.
pub(super) fn values(buffer: &Buffer, same: Same) -> Result<Vec<f32>, String> {
    fn all<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks().0.iter().copied().map(read).collect()
    }
    let bytes = buffer.read()?;
    let values = match (Element::of(buffer)?, same) {
        (Element::Float, _) => all(&bytes, f32::from_le_bytes),
        (Element::Half, _) => all(&bytes, |two| f16::from_le_bytes(two).to_f32()),
        (Element::Uint8 | Element::Bool, _) => all(&bytes, |[byte]| byte.into()),
        (Element::Int8, Same::Translation) => all(&bytes, |[byte]| (byte as i8).into()),
        (Element::Int8, Same::Exported) => all(&bytes, |[byte]| byte.wrapping_add(128).into()),
        (Element::Int32, _) => all(&bytes, |four| i32::from_le_bytes(four) as f32),
        (Element::Int64, _) => all(&bytes, |eight| i64::from_le_bytes(eight) as f32),
    };
    Ok(channels_first(&values, &buffer.shape))
}

/// From NCHW to NHWC; what is no map stays as it is.
fn channels_last(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let &[1, height, width, channels] = shape else { return values.to_vec() };
    let pixels = height * width;
    let of_pixel = |pixel: usize| (0..channels).map(move |channel| values[channel * pixels + pixel]);
    (0..pixels).flat_map(of_pixel).collect()
}

/// From NHWC to NCHW; what is no map stays as it is.
fn channels_first(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let &[1, _, _, channels] = shape else { return values.to_vec() };
    (0..channels).flat_map(|channel| values[channel..].iter().step_by(channels).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_turned_and_turned_back() {
        // Two channels of 1 × 3: channel in tens, column in ones.
        let first = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0];
        let last = channels_last(&first, &[1, 1, 3, 2]);
        assert_eq!(last, [0.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
        assert_eq!(channels_first(&last, &[1, 1, 3, 2]), first);
        assert_eq!(channels_first(&last, &[1, 6]), last);
    }
}
