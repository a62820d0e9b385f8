//! From image sets to batches of tensors.

mod augmentation;
mod batches;
mod device;
mod feeder;
mod identity;
mod normalization;
mod shape;

pub use augmentation::{Augmentation, Flip, Placement};
pub use batches::{Batch, Batches, whole_batches};
pub use device::{ComputeDevice, UnknownDevice};
pub use identity::ImagesIdentity;
pub use normalization::Normalization;
pub use shape::check_images;
