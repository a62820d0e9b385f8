//! Many predictions at once.

use std::collections::HashMap;

use profiler::spec::OpSpec;

use crate::{LatencyModel, PredictorError};

/// Answers of a model, each op worked out once: what a search asks for again and again.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    model: &'a LatencyModel,
    /// Latency by itself, and what the op adds to a network; milliseconds.
    known: HashMap<OpSpec, (f64, f64)>,
}

impl LatencyModel {
    /// Starts a batch.
    #[must_use]
    pub fn batch(&self) -> Batch<'_> {
        Batch { model: self, known: HashMap::new() }
    }
}

impl Batch<'_> {
    /// The latency of each op by itself, in milliseconds; bit for bit that of [`LatencyModel::predict_op`].
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for the first op that nothing measured says anything of.
    pub fn predict_ops(&mut self, ops: &[OpSpec]) -> Result<Vec<f64>, PredictorError> {
        ops.iter().map(|op| self.answer(op).map(|(ms, _)| ms)).collect()
    }

    /// The latency of a network of these ops, in milliseconds; bit for bit that of [`LatencyModel::predict_network`].
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for the first op that nothing measured says anything of.
    pub fn predict_network(&mut self, ops: &[OpSpec]) -> Result<f64, PredictorError> {
        let constant_ms = self.model.additive().constant_ms();
        ops.iter().try_fold(constant_ms, |ms, op| self.answer(op).map(|(_, inside)| ms + inside))
    }

    fn answer(&mut self, op: &OpSpec) -> Result<(f64, f64), PredictorError> {
        if let Some(known) = self.known.get(op) {
            return Ok(*known);
        }
        let answer = (self.model.estimate(op)?.combined.ms, self.model.additive().op_ms(op)?);
        self.known.insert(*op, answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::test_rows::{fitted, small_space};

    #[test]
    fn a_batch_answers_as_the_model_does() {
        let model = fitted(0.02, 12);
        let (mut batch, space) = (model.batch(), small_space());
        let ops = space.distinct_ops();
        for _ in 0..2 {
            for (op, ms) in ops.iter().zip(batch.predict_ops(&ops).unwrap()) {
                assert_eq!(ms.to_bits(), model.predict_op(op).unwrap().latency.ms().to_bits());
            }
        }
        let network = space.baseline().unwrap();
        let expected = model.predict_architecture(&network).unwrap().latency.ms();
        assert_eq!(batch.predict_network(network.ops()).unwrap().to_bits(), expected.to_bits());
        assert!(batch.predict_ops(&["mbconv-7x7x64-o64-e6-k3-s1-hswish".parse().unwrap()]).is_err());
    }
}
