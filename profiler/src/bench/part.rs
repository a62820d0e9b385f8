//! The parts of a bench.

use serde::{Deserialize, Serialize};

use crate::spec::named;

/// One question a bench asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Does the protocol give what a plain loop gives?
    Fidelity,
    /// Do three tables of the same machine agree, in quiet?
    Steadiness,
    /// Do they under load, and with a table taken in quiet?
    Load,
    /// Do tables beside a neighbour that makes speeds of the machine agree with one taken in quiet?
    Modes,
    /// How long does a table take, and where does the time go?
    Cost,
    /// How much memory does a table take?
    Memory,
    /// How well does a + b·Σ ops give whole networks?
    Sums,
    /// Do the layers of a network add up to it?
    Layers,
}

impl Part {
    /// Whether it says anything of a backend that computes nothing, needs nothing, and repeats itself exactly.
    pub fn can_be_emulated(self) -> bool {
        !matches!(self, Self::Steadiness | Self::Load | Self::Modes | Self::Memory | Self::Layers)
    }

    /// Whether its tables say nothing of the machine, as the part itself slows it.
    pub(super) fn loads_the_machine(self) -> bool {
        matches!(self, Self::Load | Self::Modes)
    }

    /// About how long it takes in a calm hour, in seconds: for the mobile space on a server, on average over tract and ONNX
    /// Runtime, tables under load cut as they are meant to be. By this the time of a bench is divided.
    pub(super) fn calm_s(self) -> f64 {
        match self {
            Self::Fidelity => 60.0,
            Self::Steadiness => 90.0,
            Self::Load => 110.0,
            Self::Modes => 60.0,
            Self::Cost => 35.0,
            // It reads what the part `cost` measured, where that was run.
            Self::Memory => 5.0,
            Self::Sums => 50.0,
            Self::Layers => 45.0,
        }
    }
}

named!(
    Part,
    "part of a bench",
    Fidelity = "fidelity",
    Steadiness = "steadiness",
    Load = "load",
    Modes = "modes",
    Cost = "cost",
    Memory = "memory",
    Sums = "sums",
    Layers = "layers",
);
