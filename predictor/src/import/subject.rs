//! What a foreign table measured.

use profiler::spec::OpSpec;

use crate::{OpFeatures, cell::Cell};

/// An op of a foreign table.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// Its key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// What regressors see of it.
    pub features: OpFeatures,
    /// The op.
    pub op: OpSpec,
}

impl From<OpSpec> for Foreign {
    fn from(op: OpSpec) -> Self {
        let (key, kind) = (op.key(), op.kind());
        Self { key, kind, features: OpFeatures::of(&op), op }
    }
}

/// What a foreign table measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// An op.
    Op(Box<Foreign>),
    /// A whole network of NAS-Bench-201.
    Cell(Cell),
    /// A whole network of which only the name is known.
    Network(String),
}

impl Subject {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Op(op) => op.key.clone(),
            Self::Cell(cell) => cell.to_string(),
            Self::Network(name) => name.clone(),
        }
    }
}
