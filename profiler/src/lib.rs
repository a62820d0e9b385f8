//! Measures the latency of candidate ops and whole networks on one device.
//!
//! Modules, each importing only from those before it:
//! [`spec`] (the vocabulary) → [`onnx`] (op or network to model bytes), [`device`] (the machine), [`measure`] (the
//! protocol) → [`backend`] (the runtimes) → [`layers`] (a network's time layer by layer), [`record`] (the files) →
//! [`sweep`] (what to measure, resumably),
//! [`compare`] (what changed between two tables), [`doctor`] (what would spoil measurements here) →
//! [`bench`](mod@bench) (the protocol against plain benchmarking) → `cli`.

pub mod backend;
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compare;
pub mod device;
pub mod doctor;
mod explain;
pub mod layers;
pub mod measure;
pub mod onnx;
pub mod record;
pub mod spec;
pub mod sweep;
pub mod terminal;

pub use explain::explain;
