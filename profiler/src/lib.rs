//! Measures the latency of candidate ops and whole networks on one device.
//!
//! Modules, each importing only from those before it:
//! [`spec`] (the vocabulary) → [`record`] (the files) → [`onnx`] (op or network to model bytes),
//! [`measure`] (the protocol), [`backend`] (the runtimes), [`device`] (the machine) → `sweep` (what to measure, in
//! what order) → `cli`.

pub mod backend;
pub mod device;
pub mod measure;
pub mod onnx;
pub mod record;
pub mod spec;
