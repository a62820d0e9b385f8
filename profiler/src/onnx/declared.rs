//! Values as a model declares them: their names, types and sides, some of which it may leave open.

use std::collections::HashMap;

use super::proto::{Dimension, FLOAT, ValueInfo};

/// One side of a value as the model declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Of this size.
    Fixed(u64),
    /// Open, but the same wherever the name stands.
    Named(String),
    /// Open.
    Open,
}

impl Side {
    pub(super) fn read(dim: Dimension) -> Self {
        match (u64::try_from(dim.dim_value), dim.dim_param) {
            (Ok(size @ 1..), _) => Self::Fixed(size),
            // Some exporters call every open side `?`.
            (_, name) if name.contains(char::is_alphabetic) => Self::Named(name),
            _ => Self::Open,
        }
    }

    /// Its size, where names have these; a batch that is left open is 1.
    fn size(&self, place: usize, named: &HashMap<String, u64>) -> Option<u64> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Named(name) => named.get(name).copied().or_else(|| is_batch(name, place).then_some(1)),
            Self::Open => (place == 0).then_some(1),
        }
    }
}

/// Whether an open side is the batch: by its name anywhere; else the first one is, unless it is called a length.
fn is_batch(name: &str, place: usize) -> bool {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    says(&["batch"]) || place == 0 && !says(&["seq", "len", "time", "step", "frame", "token"])
}

/// A value with its sides as the model declares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// `TensorProto.data_type`, 0 where it is not said.
    pub data_type: i32,
    /// Its sides, none for a single number; nothing where the model does not even say how many there are.
    pub sides: Option<Vec<Side>>,
}

impl Declared {
    /// A value of 32-bit floats with sides of these sizes.
    pub fn floats(name: &str, sizes: &[u64]) -> Self {
        let sides = sizes.iter().copied().map(Side::Fixed).collect();
        Self { name: name.to_owned(), data_type: FLOAT, sides: Some(sides) }
    }

    pub(super) fn read(info: ValueInfo) -> Self {
        let tensor = info.r#type.and_then(|of| of.tensor_type).unwrap_or_default();
        let sides = tensor.shape.map(|shape| shape.dim.into_iter().map(Side::read).collect());
        Self { name: info.name, data_type: tensor.elem_type, sides }
    }

    /// Its own name, and those of its open sides.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.sides.iter().flatten().filter_map(|side| match side {
            Side::Named(name) => Some(name.as_str()),
            Side::Fixed(_) | Side::Open => None,
        });
        std::iter::once(self.name.as_str()).chain(named)
    }

    /// Its sizes, where names have these; nothing if a side stays open.
    pub(super) fn sizes(&self, named: &HashMap<String, u64>) -> Option<Vec<u64>> {
        self.sides.as_ref()?.iter().enumerate().map(|(place, side)| side.size(place, named)).collect()
    }
}

/// A model of nothing but inputs with these names and sides.
#[cfg(test)]
pub(crate) fn model_of_inputs(inputs: &[(&str, &[&str])]) -> Vec<u8> {
    use super::proto::{Graph, Model, Shape, TensorType, Type};
    use prost::Message;
    let side = |text: &&str| Dimension {
        dim_value: text.parse().unwrap_or(0),
        dim_param: if text.parse::<u64>().is_ok() { String::new() } else { (*text).to_owned() },
    };
    let info = |(name, sides): &(&str, &[&str])| {
        let shape = Some(Shape { dim: sides.iter().map(side).collect() });
        let tensor_type = Some(TensorType { elem_type: FLOAT, shape });
        ValueInfo { name: (*name).to_owned(), r#type: Some(Type { tensor_type }) }
    };
    let graph = Graph { input: inputs.iter().map(info).collect(), ..Graph::default() };
    Model { graph: Some(graph), ..Model::default() }.encode_to_vec()
}
