//! Values for ONNX Runtime's inputs, and what its outputs hold.

use std::collections::HashMap;

use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::{DynValueTypeMarker, Outlet, Tensor, TensorElementType, Value, ValueType};

use crate::backend::input::{Meaning, filled, split, whole};

/// What an input takes.
pub(super) struct Slot {
    shape: Vec<usize>,
    element: TensorElementType,
    /// Values that are given for it, whatever it is run on.
    given: Option<Vec<f64>>,
}

impl Slot {
    /// With the values that are given for inputs by name.
    pub(super) fn of(input: &Outlet, given: &HashMap<String, Vec<f64>>) -> Result<Self, String> {
        let name = input.name();
        let (element, shape) = match input.dtype() {
            ValueType::Tensor { ty, shape, .. } if meaning(*ty).is_some() => (*ty, shape),
            other => return Err(format!("input `{name}` is {other}, not a tensor of numbers")),
        };
        let side = |side: &i64| usize::try_from(*side);
        let shape: Result<Vec<usize>, _> = shape.iter().map(side).collect();
        let shape = shape.map_err(|_| format!("input `{name}` has sides that are left open"))?;
        let count = shape.iter().product();
        let given = given.get(name).map(|values| filled(name, values, count, ends(element))).transpose()?;
        Ok(Self { shape, element, given })
    }
}

/// Values that inputs take besides given ones.
pub(super) fn lengths(slots: &[Slot]) -> Vec<usize> {
    let length = |slot: &Slot| if slot.given.is_some() { 0 } else { slot.shape.iter().product() };
    slots.iter().map(length).collect()
}

/// The ends of whole numbers; `None` for floats.
fn ends(element: TensorElementType) -> Option<(f64, f64)> {
    use TensorElementType as E;
    match element {
        E::Bool => Some((0.0, 1.0)),
        E::Int8 => Some(whole(8, true)),
        E::Int16 => Some(whole(16, true)),
        E::Int32 => Some(whole(32, true)),
        E::Int64 => Some(whole(64, true)),
        E::Uint8 => Some(whole(8, false)),
        E::Uint16 => Some(whole(16, false)),
        E::Uint32 => Some(whole(32, false)),
        E::Uint64 => Some(whole(64, false)),
        _ => None,
    }
}

/// `None` for what is no number.
fn meaning(element: TensorElementType) -> Option<Meaning> {
    use TensorElementType as E;
    match element {
        E::Float16 | E::Bfloat16 | E::Float32 | E::Float64 => Some(Meaning::Real),
        E::Uint8 => Some(Meaning::Level),
        E::Bool | E::Int8 | E::Int16 | E::Int32 | E::Int64 | E::Uint16 | E::Uint32 | E::Uint64 => {
            Some(Meaning::Index)
        }
        _ => None,
    }
}

/// `None` if the values do not fill the shapes exactly.
pub(super) fn tensors(
    values: &[f32],
    slots: &[Slot],
) -> Option<ort::Result<Vec<SessionInputValue<'static>>>> {
    let pieces = split(values, &lengths(slots))?;
    Some(pieces.iter().zip(slots).map(|(piece, slot)| tensor(piece, slot)).collect())
}

fn tensor(piece: &[f32], slot: &Slot) -> ort::Result<SessionInputValue<'static>> {
    use TensorElementType as E;
    let meaning = meaning(slot.element).unwrap_or(Meaning::Real);
    let seeded = piece.iter().map(|value| f64::from(meaning.of(*value)));
    let values = seeded.chain(slot.given.iter().flatten().copied());
    let shape = slot.shape.clone();
    // Whole numbers that the format holds, where they are integers.
    macro_rules! of {
        ($convert:expr) => {
            Tensor::from_array((shape, values.map($convert).collect::<Vec<_>>()))?.into()
        };
    }
    Ok(match slot.element {
        E::Float16 => of!(f16::from_f64),
        E::Bfloat16 => of!(bf16::from_f64),
        E::Float64 => of!(|value| value),
        E::Bool => of!(|value| value != 0.0),
        E::Int8 => of!(|value| value as i8),
        E::Int16 => of!(|value| value as i16),
        E::Int32 => of!(|value| value as i32),
        E::Int64 => of!(|value| value as i64),
        E::Uint8 => of!(|value| value as u8),
        E::Uint16 => of!(|value| value as u16),
        E::Uint32 => of!(|value| value as u32),
        E::Uint64 => of!(|value| value as u64),
        _ => of!(|value| value as f32),
    })
}

/// An output's elements.
pub(super) fn elements(output: &Value<DynValueTypeMarker>) -> ort::Result<Vec<f32>> {
    use TensorElementType as E;
    macro_rules! of {
        ($element:ty, $convert:expr) => {
            output.try_extract_tensor::<$element>()?.1.iter().copied().map($convert).collect()
        };
    }
    let ValueType::Tensor { ty, .. } = output.dtype() else {
        return Ok(output.try_extract_tensor::<f32>()?.1.to_vec());
    };
    Ok(match ty {
        E::Float16 => of!(f16, f16::to_f32),
        E::Bfloat16 => of!(bf16, bf16::to_f32),
        E::Float64 => of!(f64, |value| value as f32),
        E::Bool => of!(bool, |value| f32::from(u8::from(value))),
        E::Int8 => of!(i8, f32::from),
        E::Int16 => of!(i16, f32::from),
        E::Int32 => of!(i32, |value| value as f32),
        E::Int64 => of!(i64, |value| value as f32),
        E::Uint8 => of!(u8, f32::from),
        E::Uint16 => of!(u16, f32::from),
        E::Uint32 => of!(u32, |value| value as f32),
        E::Uint64 => of!(u64, |value| value as f32),
        _ => of!(f32, |value| value),
    })
}
