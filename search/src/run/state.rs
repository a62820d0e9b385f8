//! All that changes during a search, and its checkpoint.

use std::path::Path;

use tch::Device;

use super::SearchSettings;
use crate::{
    SearchError,
    alpha::{AlphaAdam, Alphas, Moments, Sharpener},
    module::{insert_module, load_module},
    objective::Objective,
    seed::{Purpose, generator},
    supernet::Supernet,
    tensor_file::TensorFile,
};

const FORMAT: &str = "tailor-search-checkpoint";
const VERSION: u32 = 1;

/// Sum and number of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    /// Their sum.
    pub sum: f64,
    /// Their number.
    pub count: f64,
}

impl Mean {
    /// Takes one more in.
    pub fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    /// Their mean; `None` for none.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// The state of a search between two steps.
#[derive(Debug)]
pub struct SearchState {
    /// Weight steps done.
    pub step: u64,
    /// The weights.
    pub supernet: Supernet,
    /// The architecture parameters.
    pub alphas: Alphas,
    /// Their optimizer.
    pub adam: AlphaAdam,
    /// What makes the search decide.
    pub sharpener: Sharpener,
    /// The objective.
    pub objective: Box<dyn Objective>,
    /// Training loss since the last line of the log.
    pub loss: Mean,
    /// Held-out loss since the last line of the log.
    pub held_out_loss: Mean,
}

impl SearchState {
    /// The state before the first step.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn new(settings: &SearchSettings, device: Device) -> Result<Self, SearchError> {
        let space = settings.space.resolve()?;
        let counts: Vec<_> = space.blocks().iter().map(|block| block.candidates.len()).collect();
        let mut rng = generator(settings.seed, Purpose::Weights, 0);
        Ok(Self {
            step: 0,
            supernet: Supernet::new(&space, &mut rng, device)?,
            alphas: Alphas::new(&counts),
            adam: AlphaAdam::new(&counts, settings.alpha_learning_rate),
            sharpener: Sharpener::new(settings.sharpness),
            objective: settings.latency_loss.objective(settings.target_ms),
            loss: Mean::default(),
            held_out_loss: Mean::default(),
        })
    }

    /// Writes all of it into one file.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn write(&self, path: &Path) -> Result<(), SearchError> {
        let mut file = TensorFile::new(FORMAT, VERSION);
        for (name, module) in self.supernet.modules() {
            insert_module(&mut file, &name, module)?;
        }
        for (block, (alphas, moments)) in self.alphas.blocks().iter().zip(self.adam.moments()).enumerate() {
            let of = |pick: fn(&Moments) -> f64| moments.iter().map(pick).collect::<Vec<_>>();
            file.insert_numbers(&format!("alpha.{block}"), alphas);
            file.insert_numbers(&format!("alpha.{block}.first"), &of(|m| m.first));
            file.insert_numbers(&format!("alpha.{block}.second"), &of(|m| m.second));
            let steps: Vec<_> = moments.iter().map(|m| m.steps).collect();
            file.insert_counts(&format!("alpha.{block}.steps"), &steps);
        }
        file.insert_numbers("objective", &self.objective.state());
        file.insert_numbers("sharpener", &[self.sharpener.state()]);
        let (loss, held_out) = (self.loss, self.held_out_loss);
        file.insert_numbers("log", &[loss.sum, loss.count, held_out.sum, held_out.count]);
        file.insert_counts("step", &[self.step]);
        file.write(path)
    }

    /// Takes up a checkpoint of a search with the same settings.
    ///
    /// # Errors
    /// [`SearchError::Read`] or [`SearchError::Checkpoint`] for a file that is broken or of another search.
    pub fn read(&mut self, path: &Path) -> Result<(), SearchError> {
        let file = TensorFile::read(path, FORMAT, VERSION)?;
        for (name, module) in self.supernet.modules() {
            load_module(&file, &name, module)?;
        }
        let (mut blocks, mut all_moments) = (Vec::new(), Vec::new());
        for (block, old) in self.alphas.blocks().iter().enumerate() {
            let alphas = file.numbers(&format!("alpha.{block}"))?;
            let first = file.numbers(&format!("alpha.{block}.first"))?;
            let second = file.numbers(&format!("alpha.{block}.second"))?;
            let steps = file.counts(&format!("alpha.{block}.steps"))?;
            if [alphas.len(), first.len(), second.len(), steps.len()] != [old.len(); 4] {
                let expected = old.len();
                return Err(SearchError::Checkpoint(format!(
                    "`alpha.{block}` is not for {expected} candidates"
                )));
            }
            let moments = first.into_iter().zip(second).zip(steps);
            all_moments
                .push(moments.map(|((first, second), steps)| Moments { first, second, steps }).collect());
            blocks.push(alphas);
        }
        self.alphas = Alphas::from_blocks(blocks);
        self.adam = self.adam.clone().with_moments(all_moments);
        self.objective.restore(&file.numbers("objective")?)?;
        let (log, step, square) = (file.numbers("log")?, file.counts("step")?, file.numbers("sharpener")?);
        let (&[sum, count, held_out_sum, held_out_count], &[step], &[square]) =
            (log.as_slice(), step.as_slice(), square.as_slice())
        else {
            return Err(SearchError::Checkpoint(
                "`log`, `step` or `sharpener` is of another length".to_owned(),
            ));
        };
        self.loss = Mean { sum, count };
        self.held_out_loss = Mean { sum: held_out_sum, count: held_out_count };
        self.step = step;
        self.sharpener = self.sharpener.with_state(square);
        Ok(())
    }
}
