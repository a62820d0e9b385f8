//! Measures the latency of candidate ops and whole networks on one device.
//!
//! One op (`cargo run --release --example measure_op`):
//!
#![cfg_attr(feature = "tract", doc = "```no_run", doc = include_str!("../examples/measure_op.rs"), doc = "```")]
//!
//! All ops of a search space and some of its networks, into a table that `predictor` fits a latency model to
//! (`--example measure_space`):
//!
#![cfg_attr(feature = "tract", doc = "```no_run", doc = include_str!("../examples/measure_space.rs"), doc = "```")]
//!
//! [`Profiler`] takes another runtime, more threads, or another [`Protocol`](measure::Protocol); [`sweep`] is what it is made of.
//!
//! Modules, each importing only from those before it:
//! [`spec`] (the vocabulary) → [`onnx`] (op or network to model bytes), [`tflite`] (the same as TensorFlow Lite's files), [`device`] (the machine), [`measure`] (the
//! protocol) → [`backend`] (the runtimes), [`drawn`] (random networks) → [`layers`] (a network's time layer by layer), [`record`] (the files) →
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
pub mod drawn;
mod explain;
mod guard;
pub mod layers;
pub mod measure;
pub mod onnx;
pub mod record;
pub mod spec;
pub mod sweep;
pub mod terminal;
pub mod tflite;

pub use explain::explain;
pub use sweep::Profiler;
