//! From image sets to batches of tensors.

mod augmentation;
mod batches;
mod normalization;
mod shape;

pub use augmentation::{Augmentation, Flip, Placement};
pub use batches::{Batch, Batches, whole_batches};
pub use normalization::Normalization;
pub use shape::check_images;
