//! What a foreign table measured.

use crate::{nasbench201::Cell, work::OpEntry};

/// What a foreign table measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// An op.
    Op(Box<OpEntry>),
    /// A whole network of NAS-Bench-201.
    Cell(Cell),
    /// A whole network of which only the name is known.
    Network(String),
    /// A whole network of ops that were traced in it.
    Traced {
        /// Its name.
        name: String,
        /// Keys of its ops.
        ops: Vec<String>,
    },
}

impl Subject {
    /// Its key.
    pub fn key(&self) -> String {
        match self {
            Self::Op(op) => op.key.clone(),
            Self::Cell(cell) => cell.to_string(),
            Self::Network(name) | Self::Traced { name, .. } => name.clone(),
        }
    }
}
