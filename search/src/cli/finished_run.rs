//! A finished search and its held-out images, for commands that ask it again.

use std::path::{Path, PathBuf};

use datasets::images::{HoldOut, ImageSet, open_images};

use tch::Device;

use super::{UsageError, config::SearchConfig};
use crate::data::{ImagesIdentity, Normalization, check_images};
use crate::folder::RunFolder;
use crate::run::{SearchSettings, SearchState, SetOracle, read_finished};

pub(super) struct FinishedRun {
    pub(super) folder: RunFolder,
    pub(super) settings: SearchSettings,
    pub(super) state: SearchState,
}

pub(super) struct HeldOut {
    images: ImageSet,
    training: ImageSet,
    normalization: Normalization,
}

impl FinishedRun {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let folder = RunFolder::new(folder);
        let (settings, state) = read_finished(&folder)?;
        if settings.emulated {
            let path = folder.path().display();
            profiler::note!("note: the latencies of {path} are of emulated figures, which are no timings");
        }
        Ok(Self { folder, settings, state })
    }

    /// The same with another largest probability of missing the target, if one is given.
    pub(super) fn with_risk(mut self, risk: Option<f64>) -> anyhow::Result<Self> {
        self.settings.risk = risk.or(self.settings.risk);
        self.settings.check()?;
        Ok(self)
    }

    /// Its held-out images, from `data` or else from where the search had them.
    pub(super) fn held_out(&self, data: Option<PathBuf>) -> anyhow::Result<HeldOut> {
        let data = match data {
            Some(data) => data,
            None => SearchConfig::read(&self.folder.config())?.data.ok_or_else(|| {
                UsageError("--data is needed: the search has not written down where".to_owned())
            })?,
        };
        let space = self.settings.space.resolve()?;
        let images = open_images(&data, space.input())?;
        check_images(&images.train, space.input(), space.classes())?;
        // A search of an older release does not say which images it is of.
        if self.folder.images().exists() {
            ImagesIdentity::of(&images).keep(&self.folder)?;
        }
        let hold_out = HoldOut { count: self.settings.held_out, seed: self.settings.seed };
        let (training, images) = images.train.hold_out(hold_out)?;
        Ok(HeldOut { normalization: Normalization::of(&training), images, training })
    }

    /// What is asked about paths with its weights, over `count` held-out images (all for `None`).
    pub(super) fn oracle<'a>(&'a mut self, held_out: &'a HeldOut, count: Option<usize>) -> SetOracle<'a> {
        let HeldOut { images, training, normalization } = held_out;
        let (supernet, batch) = (&mut self.state.supernet, self.settings.batch);
        let count = count.unwrap_or(images.len());
        SetOracle { supernet, images, device: Device::Cpu, count, normalization, batch, training }
    }
}
