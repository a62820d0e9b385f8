//! Any ONNX network as steps: what its nodes compute, as runtimes fuse them.
//!
//! Nodes become steps ([`translate()`]), and steps that runtimes compute in one go are joined ([`fuse()`]). [`in_place()`] joins
//! a little more, to what is measured as one inside of a running network; [`step_key`] gives the key of such a step.

mod attributes;
mod fuse;
mod in_place;
mod key;
mod needed;
mod recognize;
mod step;
mod translate;

pub use fuse::fuse;
pub use in_place::in_place;
pub use key::step_key;
pub use step::{Arithmetic, Operation, Read, Source, Step, StepNode, Steps, Unfused};
pub use translate::{FreeNode, Translated, translate};

#[cfg(test)]
mod tests;
