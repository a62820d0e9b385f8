//! Many predictions at once.

use std::collections::{HashMap, hash_map::Entry};

use profiler::spec::OpSpec;

use super::model::LatencyModel;
use crate::{error::PredictorError, interval::Prediction};

/// Answers of a model, each op worked out once: what a search asks for again and again.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    model: &'a LatencyModel,
    known: HashMap<OpSpec, Answer>,
}

/// What is known of an op.
#[derive(Clone, Debug)]
struct Answer {
    /// By itself.
    alone: Prediction,
    /// Milliseconds that it adds to a network.
    inside_ms: f64,
}

impl LatencyModel {
    /// Starts a batch.
    pub fn batch(&self) -> Batch<'_> {
        Batch { model: self, known: HashMap::new() }
    }

    /// The latency of each op by itself, as [`Self::predict`] gives it; ops that are the same are worked out once.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for the first op that nothing measured says anything of.
    pub fn predict_batch(&self, ops: &[OpSpec]) -> Result<Vec<Prediction>, PredictorError> {
        let mut batch = self.batch();
        ops.iter().map(|op| batch.answer(op).map(|answer| answer.alone.clone())).collect()
    }
}

impl Batch<'_> {
    /// The latency of each op by itself, in milliseconds; bit for bit that of [`LatencyModel::predict`].
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for the first op that nothing measured says anything of.
    pub fn predict_ops(&mut self, ops: &[OpSpec]) -> Result<Vec<f64>, PredictorError> {
        ops.iter().map(|op| self.answer(op).map(|answer| answer.alone.latency.ms())).collect()
    }

    /// The latency of a network of these ops, in milliseconds; bit for bit that of [`LatencyModel::predict_network`].
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for the first op that nothing measured says anything of.
    pub fn predict_network(&mut self, ops: &[OpSpec]) -> Result<f64, PredictorError> {
        let constant_ms = self.model.additive().constant_ms();
        ops.iter().try_fold(constant_ms, |ms, op| self.answer(op).map(|answer| ms + answer.inside_ms))
    }

    fn answer(&mut self, op: &OpSpec) -> Result<&Answer, PredictorError> {
        match self.known.entry(*op) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let (alone, inside_ms) = (self.model.predict(op)?, self.model.additive().op_ms(op)?);
                Ok(new.insert(Answer { alone, inside_ms }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::device::test_rows::{fitted, small_space};

    #[test]
    fn a_batch_answers_as_the_model_does() {
        let model = fitted(0.02, 12);
        let (mut batch, space) = (model.batch(), small_space());
        let ops = space.distinct_ops();
        for _ in 0..2 {
            for (op, ms) in ops.iter().zip(batch.predict_ops(&ops).unwrap()) {
                assert_eq!(ms.to_bits(), model.predict(op).unwrap().latency.ms().to_bits());
            }
        }
        let each: Vec<_> = ops.iter().map(|op| model.predict(op).unwrap()).collect();
        let twice = model.predict_batch(&[&ops[..], &ops[..]].concat()).unwrap();
        assert_eq!(twice, [&each[..], &each[..]].concat());
        let network = space.baseline().unwrap();
        let expected = model.predict_architecture(&network).unwrap().latency.ms();
        assert_eq!(batch.predict_network(network.ops()).unwrap().to_bits(), expected.to_bits());
        assert!(batch.predict_ops(&["mbconv-7x7x64-o64-e6-k3-s1-hswish".parse().unwrap()]).is_err());
    }
}
