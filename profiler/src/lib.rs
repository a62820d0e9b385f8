//! Measures the latency of candidate ops and whole networks on one device.
//!
//! Modules, each importing only from those before it:
//! [`spec`] (the vocabulary) → [`onnx`] (op or network to model bytes), [`device`] (the machine), [`measure`] (the
//! protocol) → [`backend`] (the runtimes) → [`record`] (the files) → [`sweep`] (what to measure, resumably) →
//! [`bench`](mod@bench) (the protocol against plain benchmarking) → `cli`.

pub mod backend;
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
pub mod device;
mod explain;
pub mod measure;
pub mod onnx;
pub mod record;
pub mod spec;
pub mod sweep;

pub use explain::explain;
