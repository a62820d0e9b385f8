//! Values for ONNX Runtime's inputs, and what its outputs hold.

use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::{DynValueTypeMarker, Outlet, Tensor, TensorElementType, Value, ValueType};

use crate::backend::input::{Meaning, split};

/// What an input takes.
pub(super) struct Slot {
    shape: Vec<usize>,
    element: TensorElementType,
}

impl Slot {
    pub(super) fn of(input: &Outlet) -> Result<Self, String> {
        let name = input.name();
        let (element, shape) = match input.dtype() {
            ValueType::Tensor { ty, shape, .. } if meaning(*ty).is_some() => (*ty, shape),
            other => return Err(format!("input `{name}` is {other}, not a tensor of numbers")),
        };
        let side = |side: &i64| usize::try_from(*side);
        let shape: Result<Vec<usize>, _> = shape.iter().map(side).collect();
        let shape = shape.map_err(|_| format!("input `{name}` has sides that are left open"))?;
        Ok(Self { shape, element })
    }
}

pub(super) fn lengths(slots: &[Slot]) -> Vec<usize> {
    slots.iter().map(|slot| slot.shape.iter().product()).collect()
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
    let values = piece.iter().map(|value| meaning.of(*value));
    let shape = slot.shape.clone();
    // Whole numbers from 0 to 255, where they are integers: every format holds them.
    macro_rules! of {
        ($convert:expr) => {
            Tensor::from_array((shape, values.map($convert).collect::<Vec<_>>()))?.into()
        };
    }
    Ok(match slot.element {
        E::Float16 => of!(f16::from_f32),
        E::Bfloat16 => of!(bf16::from_f32),
        E::Float64 => of!(f64::from),
        E::Bool => of!(|value| value > 0.0),
        E::Int8 => of!(|value| value as i8),
        E::Int16 => of!(|value| value as i16),
        E::Int32 => of!(|value| value as i32),
        E::Int64 => of!(|value| value as i64),
        E::Uint8 => of!(|value| value as u8),
        E::Uint16 => of!(|value| value as u16),
        E::Uint32 => of!(|value| value as u32),
        E::Uint64 => of!(|value| value as u64),
        _ => of!(|value: f32| value),
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
