//! Searches for the network that fits a device: ProxylessNAS (arXiv:1812.00332) with libtorch.
//!
//! A search whose accuracies are made up, to see how it goes (`cargo run --release --example mock_search`):
//!
#![doc = "```no_run"]
#![doc = include_str!("../examples/mock_search.rs")]
#![doc = "```"]
//!
//! With images, [`run::search()`] does the same, trains the weights meanwhile, and keeps all in a folder.
//!
//! A [`SearchSpace`](profiler::spec::SearchSpace) becomes a [`supernet`] of which one path runs at a time. Weight steps
//! ([`sgd`]) train sampled paths; a [`strategy`] learns which of them are good. That by gradients compares two candidates
//! per block ([`gates`]) and moves the architecture parameters ([`alpha`]) by an [`objective`] of accuracy and expected
//! [`latency`]. [`run`] is the loop
//! with its folder, [`train`] trains what came out of it (or any other network), and [`export`] writes it as ONNX.
//!
//! Every random choice is a function of seed, purpose and step ([`seed`]): a run that was stopped ends as an
//! undisturbed one.

mod bench;
mod error;
mod folder;
mod front;
mod full_size;
mod json_lines;
mod named_space;
mod programs;
mod proxyless;
mod report;
mod rescale;
mod settings;
mod study;
mod tensor_file;
mod verify;

pub mod alpha;
pub mod cli;
pub mod data;
pub mod export;
pub mod gates;
pub mod latency;
pub mod module;
pub mod objective;
pub mod run;
pub mod seed;
pub mod sgd;
pub mod strategy;
pub mod supernet;
pub mod train;
pub mod watch;

pub use error::SearchError;
pub use folder::RunFolder;
