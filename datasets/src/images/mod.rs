//! Labelled images: reading them, and splitting them for search.

mod folder;
mod hold_out;
mod idx;
mod image_set;

pub use folder::{ImageDataset, open_images};
pub use hold_out::{HoldOut, Split};
pub use idx::read_idx_pair;
pub use image_set::ImageSet;
