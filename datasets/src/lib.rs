//! Data to begin with: [latency tables](latency) that Tailor measured, and readers of labelled images to search and train on.
//!
//! Readers check everything a file claims about itself (magic number, counts, sizes) before they believe it, and
//! their errors name the file and the offending value. Image readers stand behind the feature `images`, so that
//! crates that need no images pull in no decompressor.
//!
//! ```no_run
//! # #[cfg(feature = "images")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use datasets::images::{HoldOut, open_images};
//! use profiler::spec::FeatureMap;
//!
//! let dataset = open_images("images".as_ref(), FeatureMap::new(28, 28, 1)?)?;
//! let split = HoldOut { count: 10_000, seed: 0 }.split(dataset.train.len())?;
//! assert_eq!(split.train.len() + split.validation.len(), dataset.train.len());
//! # Ok(()) }
//! # #[cfg(not(feature = "images"))]
//! # fn main() {}
//! ```

mod error;
#[cfg(feature = "images")]
pub mod images;
pub mod latency;

pub use error::DatasetsError;
