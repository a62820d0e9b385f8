use serde::{Deserialize, Serialize};

use crate::data::{Augmentation, ComputeDevice};
use crate::error::SearchError;
use crate::settings::{check_count, check_threads};
use crate::sgd::Sgd;

/// Settings of a training; two with equal settings, network and images end in the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// Key of the network.
    pub network: String,
    /// SHA-256 of the checkpoint of the search whose weights it begins with, in hexadecimal digits; none for random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Random seed.
    pub seed: u64,
    /// Threads of libtorch; sums are rounded otherwise with another number.
    pub threads: usize,
    /// Where it is trained.
    #[serde(default)]
    pub device: ComputeDevice,
    /// Training images kept out, to be tested on in place of the test images; 0 for none.
    pub held_out: usize,
    /// Times that every training image is shown.
    pub epochs: u64,
    /// Images of a step.
    pub batch: usize,
    /// How training images are changed.
    pub augmentation: Augmentation,
    /// How weights learn.
    pub weights: Sgd,
}

impl TrainSettings {
    pub(crate) const FORMAT: &'static str = "tailor-training-settings";
    pub(crate) const VERSION: u32 = 1;

    pub(crate) fn check(&self) -> Result<(), SearchError> {
        check_threads(self.threads)?;
        check_count("batch", self.batch as u64, 1)?;
        check_count("number of epochs", self.epochs, 1)?;
        self.augmentation.check()?;
        self.weights.check()
    }
}
