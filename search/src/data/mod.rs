//! From image sets to batches of tensors.

mod augmentation;
mod batches;
mod device;
mod feeder;
mod identity;
mod normalization;
mod shape;

pub(crate) use augmentation::Placement;
pub use augmentation::{Augmentation, Flip};
pub use batches::{Batch, Batches, whole_batches};
pub use device::{ComputeDevice, UnknownDevice};
pub(crate) use identity::ImagesIdentity;
pub use normalization::Normalization;
pub(crate) use shape::check_images;
