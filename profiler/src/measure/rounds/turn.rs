//! One subject's turn in a round.

use super::{Session, at_subject};
use crate::measure::stopping::Need;
use crate::measure::timing::time;
use crate::measure::warm_up::TurnPlan;
use crate::measure::{Entry, MeasureError, Samples, Subject, Turn};

impl<S: Subject> Session<'_, S> {
    /// Makes the caches cold; how long that took.
    pub(super) fn evict(&mut self) -> Result<u64, MeasureError> {
        let before_ns = self.now_ns();
        let named = |source| MeasureError::Instrument { instrument: "cache evictor", source };
        self.instruments.evictor.run().map_err(named)?;
        Ok(self.now_ns() - before_ns)
    }

    /// Gives a subject its turn in a round, after the caches were evicted for so long, and records it.
    pub(super) fn turn(
        &mut self,
        subject: usize,
        round: u32,
        need: Need,
        evicting_ns: u64,
    ) -> Result<(), MeasureError> {
        let at_ns = self.now_ns();
        let mut cold = Samples::default();
        self.sample(subject, 1, &mut cold)?;
        let mut hot = Samples::default();
        let TurnPlan { repeats, settle_runs } = self.plans[subject];
        let mut settling_ns = 0;
        if need == Need::ColdAndHot {
            settling_ns = self.settle(subject, settle_runs)?;
            for taken in 0..self.protocol.hot_samples {
                if taken > 0 && self.now_ns() - at_ns - settling_ns >= self.protocol.turn_ns {
                    break;
                }
                self.sample(subject, repeats, &mut hot)?;
            }
        }
        let took_ns = self.now_ns() - at_ns;
        let turn = Turn { subject, round, at_ns, took_ns, repeats, evicting_ns, cold, settling_ns, hot };
        self.record(Entry::Turn(turn))
    }

    /// Runs a subject until its caches have settled; how long that took.
    fn settle(&mut self, subject: usize, runs: u32) -> Result<u64, MeasureError> {
        let before_ns = self.now_ns();
        let mut took_ns = 0;
        for _ in 0..runs {
            self.subjects[subject].run().map_err(at_subject(subject))?;
            took_ns = self.now_ns() - before_ns;
            if took_ns >= self.protocol.settle_ns {
                break;
            }
        }
        Ok(took_ns)
    }

    fn sample(&mut self, subject: usize, repeats: u32, into: &mut Samples) -> Result<(), MeasureError> {
        let runnable = &mut self.subjects[subject];
        time(runnable, repeats, into, self.instruments, &self.quality, at_subject(subject))
    }
}
