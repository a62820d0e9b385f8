//! Labelled images: reading them, and splitting them for search.

mod cifar;
mod class_folders;
mod hold_out;
mod idx;
mod image_set;
mod mnist;
mod open;
mod photo;
mod read_ahead;
mod sample;

pub use hold_out::{HoldOut, Split};
pub use idx::read_idx_pair;
pub use image_set::{ImageSet, Pixels};
pub use open::{ImageDataset, open_images};
pub use photo::{Framing, Photos};
pub use read_ahead::{PhotoRequest, ReadAhead};
pub use sample::draw_photos;
