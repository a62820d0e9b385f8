//! Whether a network's interval is of use.

use super::predict::{LayerPrediction, NetworkReport};
use crate::error::PredictorError;

/// How many times its lower end an interval's upper end may be.
pub(crate) const WIDEST: f64 = 3.0;
/// Share of all that is not known of a network's layers that those named make up.
const MOST_OF_IT: f64 = 0.8;

/// Which intervals of networks are answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Those up to a factor of three.
    Useful,
    /// All of them.
    Any,
}

impl NetworkReport {
    /// The report, unless its interval is too wide for an answer.
    ///
    /// # Errors
    /// [`PredictorError::TooWide`] naming the layers that are known least.
    pub fn within(self, width: Width, device: &str) -> Result<Self, PredictorError> {
        let (low, high) = (self.prediction.low.ms(), self.prediction.high.ms());
        if width == Width::Any || high <= WIDEST * low {
            return Ok(self);
        }
        let network = self.name.clone();
        let flags = self.prediction.flags.iter().map(ToString::to_string).collect();
        Err(PredictorError::TooWide {
            network,
            device: device.to_owned(),
            factor: high / low,
            parts: self.least_known(),
            notes: flags,
        })
    }

    /// The layers that make up most of what is not known, those with most of it first, each once, with their share of it.
    fn least_known(&self) -> Vec<(String, f64)> {
        let unknown_ms =
            |layer: &LayerPrediction| layer.in_network_ms * layer.estimate.combined.log_half_width.exp_m1();
        let all: f64 = self.layers.iter().map(unknown_ms).sum();
        let mut parts: Vec<(String, f64)> = Vec::new();
        for layer in &self.layers {
            let share = unknown_ms(layer) / all;
            match parts.iter_mut().find(|(op, _)| *op == layer.op) {
                Some((_, sum)) => *sum += share,
                None => parts.push((layer.op.clone(), share)),
            }
        }
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut sum = 0.0;
        parts.retain(|(_, share)| {
            let is_needed = sum < MOST_OF_IT;
            sum += share;
            is_needed
        });
        parts
    }
}
