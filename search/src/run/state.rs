use std::path::Path;

use tch::Device;

use super::SearchSettings;
use crate::error::SearchError;
use crate::module::{insert_module, load_module};
use crate::seed::{Purpose, generator};
use crate::strategy::Strategy;
use crate::supernet::Supernet;
use crate::tensor_file::TensorFile;

const FORMAT: &str = "tailor-search-checkpoint";
const VERSION: u32 = 2;

/// Sum and number of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mean {
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    pub(crate) fn value(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[derive(Debug)]
pub(crate) struct SearchState {
    pub(crate) step: u64,
    pub(crate) supernet: Supernet,
    /// What has been learned of architectures, and how.
    pub(crate) strategy: Box<dyn Strategy>,
    /// Training loss since the last line of the log.
    pub(crate) loss: Mean,
    /// Held-out loss since the last line of the log.
    pub(crate) held_out_loss: Mean,
    /// Mean held-out accuracy of the networks looked at since the last line of the log.
    pub(crate) accuracy: Mean,
}

impl SearchState {
    pub(crate) fn new(settings: &SearchSettings, device: Device) -> Result<Self, SearchError> {
        let space = settings.space.resolve()?;
        let mut rng = generator(settings.seed, Purpose::Weights, 0);
        Ok(Self {
            step: 0,
            supernet: Supernet::new(&space, &mut rng, device)?,
            strategy: settings.strategy.start(&settings.plan()),
            loss: Mean::default(),
            held_out_loss: Mean::default(),
            accuracy: Mean::default(),
        })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), SearchError> {
        let mut file = TensorFile::new(FORMAT, VERSION);
        for (name, module) in self.supernet.modules() {
            insert_module(&mut file, &name, module)?;
        }
        self.strategy.write(&mut file);
        let means = [self.loss, self.held_out_loss, self.accuracy];
        let numbers: Vec<f64> = means.iter().flat_map(|mean| [mean.sum, mean.count]).collect();
        file.insert_numbers("log", &numbers);
        file.insert_counts("step", &[self.step]);
        file.write(path)
    }

    /// Takes up a checkpoint of a search with the same settings.
    pub(crate) fn read(&mut self, path: &Path) -> Result<(), SearchError> {
        let file = TensorFile::read(path, FORMAT, VERSION)?;
        self.take(&file).map_err(|error| error.in_file(path))
    }

    fn take(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        for (name, module) in self.supernet.modules() {
            load_module(file, &name, module)?;
        }
        self.strategy.read(file)?;
        let (log, step) = (file.numbers("log")?, file.counts("step")?);
        let (&[loss, losses, held_out, held_outs, accuracy, accuracies], &[step]) =
            (log.as_slice(), step.as_slice())
        else {
            return Err(SearchError::Checkpoint("`log` or `step` is of another length".to_owned()));
        };
        self.loss = Mean { sum: loss, count: losses };
        self.held_out_loss = Mean { sum: held_out, count: held_outs };
        self.accuracy = Mean { sum: accuracy, count: accuracies };
        self.step = step;
        Ok(())
    }
}
