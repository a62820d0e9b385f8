use datasets::images::{ImageDataset, ImageSet};
use serde::{Deserialize, Serialize};

use crate::{error::SearchError, folder::RunFolder, settings::keep_settings};

/// What distinguishes two data sets; kept in a run's folder, so that it is not resumed on other images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImagesIdentity {
    training_images: String,
    test_images: String,
}

impl ImagesIdentity {
    const FORMAT: &'static str = "tailor-images";
    const VERSION: u32 = 1;

    pub(crate) fn of(images: &ImageDataset) -> Self {
        let identity = |set: &ImageSet| {
            let ImageSet { height, width, channels, classes, .. } = set;
            format!(
                "{} of {height}x{width}x{channels} in {classes} classes, {}",
                set.len(),
                set.fingerprint()
            )
        };
        Self { training_images: identity(&images.train), test_images: identity(&images.test) }
    }

    /// Writes it into a run's folder, or checks that the run is of these images.
    pub(crate) fn keep(&self, folder: &RunFolder) -> Result<(), SearchError> {
        keep_settings(&folder.images(), Self::FORMAT, Self::VERSION, self)
    }
}
