use profiler::record::{read_architecture, read_document, write_document};
use profiler::spec::Architecture;
use serde::{Deserialize, Serialize};

use super::TrainSettings;
use crate::{data::Normalization, error::SearchError, folder::RunFolder};

/// What a training ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Key of the network.
    pub network: String,
    /// Share of test images that it gets right; they were looked at this once. `None` when training images were held
    /// out to choose settings with: the test images are then not looked at.
    pub test_accuracy: Option<f64>,
    /// Share of held-out training images that it gets right, where some were held out.
    pub held_out_accuracy: Option<f64>,
    /// Number of images that it was tested on.
    pub tested_images: usize,
    /// Number of training images.
    pub train_images: usize,
    /// Mean training loss of the last epoch.
    pub train_loss: f64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Parameters as trained.
    pub parameters: u64,
    /// What pixels (0 to 255) must be changed by before the network sees them.
    pub normalization: Normalization,
    /// How it was trained.
    pub settings: TrainSettings,
}

impl Metrics {
    const FORMAT: &'static str = "tailor-metrics";
    const VERSION: u32 = 1;

    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), SearchError> {
        Ok(write_document(&folder.metrics(), Self::FORMAT, Self::VERSION, self)?)
    }

    pub(crate) fn read(folder: &RunFolder) -> Result<Self, SearchError> {
        Ok(read_document(&folder.metrics(), Self::FORMAT, Self::VERSION)?)
    }
}

/// The network and the metrics of a finished training.
pub(crate) fn read_trained(folder: &RunFolder) -> Result<(Architecture, Metrics), SearchError> {
    let network = read_architecture(&folder.architecture())?;
    let metrics = Metrics::read(folder)?;
    if network.key() == metrics.network {
        return Ok((network, metrics));
    }
    let (path, found, expected) = (folder.path().display(), &metrics.network, network.key());
    Err(SearchError::Checkpoint(format!(
        "{path}: metrics.json is of `{found}`, architecture.json of `{expected}`"
    )))
}
