//! The round loop.

mod assessment;
mod cooling;
mod patience;
mod turn;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::stopping::Convergence;
use super::timing::time_reference;
use super::warm_up::{Steadiness, TurnPlan, at_subject, warm_up};
use super::{
    ClockQuality, Entry, History, Instruments, MeasureError, Observer, Outcome, Progress, Protocol, Subject,
    SubjectFailure,
};

/// Measures every subject until it is known well enough, and adds everything to `history`.
///
/// A round gives every open subject one turn: a cold run, ones that settle the caches, then hot samples. In rounds
/// of few subjects the caches are evicted before each turn; the order is shuffled every round; the reference block is timed in
/// between. A subject closes when the confidence intervals of both its
/// cache states are within the target, or when it had all its rounds. Where the machine was slower all the time than it is known
/// to be, all are measured for as long again, in case it gets there. `history` may hold what earlier calls
/// measured of the same subjects: it is continued, and nothing in it is measured again. `stop` is checked
/// between turns.
///
/// # Errors
/// [`MeasureError`] if a subject, an instrument or the observer fails, or the protocol or history make no
/// sense; `history` then still holds all that was finished before.
pub fn measure<S: Subject>(
    subjects: &mut [S],
    protocol: &Protocol,
    instruments: &mut Instruments,
    history: &mut History,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Outcome, MeasureError> {
    protocol.check()?;
    if subjects.is_empty() {
        return Err(MeasureError::NoSubjects);
    }
    let convergence = Convergence::of(history, subjects.len(), protocol)?;
    if let Some(outcome) = settled(&convergence) {
        return Ok(outcome);
    }
    if history.spent_ns() >= protocol.budget_ns {
        return Ok(Outcome::BudgetSpent);
    }
    let quality = ClockQuality::of(instruments.clock.as_ref())?;
    let session = Session {
        start_ns: instruments.clock.now_ns(),
        spent_before_ns: history.spent_ns(),
        last_reading_ns: 0,
        readings: 0,
        assessment: assessment::Assessment::default(),
        heat_watch: cooling::HeatWatch::default(),
        patience: patience::Patience::default(),
        plans: vec![TurnPlan { repeats: 1, settle_runs: 0 }; subjects.len()],
        subjects,
        protocol,
        instruments,
        history,
        observer,
        stop,
        quality,
    };
    session.run()
}

fn settled(convergence: &Convergence) -> Option<Outcome> {
    if !convergence.open().is_empty() {
        None
    } else if convergence.all_within_target() {
        Some(Outcome::Converged)
    } else {
        Some(Outcome::RoundsSpent)
    }
}

struct Session<'a, S> {
    subjects: &'a mut [S],
    protocol: &'a Protocol,
    instruments: &'a mut Instruments,
    history: &'a mut History,
    observer: &'a mut dyn Observer,
    stop: &'a AtomicBool,
    quality: ClockQuality,
    start_ns: u64,
    spent_before_ns: u64,
    last_reading_ns: u64,
    /// Taken by this process.
    readings: usize,
    assessment: assessment::Assessment,
    heat_watch: cooling::HeatWatch,
    patience: patience::Patience,
    /// By subject.
    plans: Vec<TurnPlan>,
}

impl<S: Subject> Session<'_, S> {
    fn run(mut self) -> Result<Outcome, MeasureError> {
        self.record(Entry::Start { clock: self.quality })?;
        let known_ns = self.instruments.known_ns.clone();
        if !known_ns.is_empty() {
            self.record(Entry::KnownSpeed(known_ns))?;
        }
        let mut convergence = self.assess()?;
        if let Some(outcome) = self.warm_up()? {
            return Ok(outcome);
        }
        self.read_reference()?;
        // A round cut short is finished first, without those who had their turn.
        let mut round = self.history.latest_round().unwrap_or(0);
        let mut had_turn: BTreeSet<usize> =
            self.history.turns().filter(|turn| turn.round == round).map(|turn| turn.subject).collect();
        loop {
            let mut members = convergence.open();
            members.retain(|subject| !had_turn.contains(subject));
            members.shuffle(&mut self.random(round));
            let interrupted = self.round(round, &members, &convergence)?;
            // Closes the bracket around the last turn.
            self.read_reference()?;
            if let Some(outcome) = interrupted {
                if outcome == Outcome::BudgetSpent {
                    self.close_all()?;
                }
                return Ok(outcome);
            }
            if self.assessment.is_due(self.now_ns()) {
                convergence = self.assess()?;
                if let Some(outcome) = settled(&convergence) {
                    match self.patience.left_ns(&convergence, self.spent_ns()) {
                        0 => return Ok(outcome),
                        left_ns => convergence = convergence.reopened(left_ns),
                    }
                }
            }
            round += 1;
            had_turn.clear();
        }
    }

    fn warm_up(&mut self) -> Result<Option<Outcome>, MeasureError> {
        self.warm_up_reference()?;
        let shortest_ns = self.quality.shortest_sample_ns(self.protocol.shortest_sample_ns);
        for index in 0..self.subjects.len() {
            self.watch_heat()?;
            if let Some(outcome) = self.interrupted() {
                return Ok(Some(outcome));
            }
            self.observer.warming_up(index);
            let clock = self.instruments.clock.as_ref();
            let warm = warm_up(&mut self.subjects[index], Steadiness::SUBJECT, clock, &self.quality)
                .map_err(at_subject(index))?;
            self.plans[index] =
                TurnPlan::of(warm.run_ns, self.subjects[index].kept_bytes(), shortest_ns, self.protocol);
        }
        Ok(None)
    }

    fn warm_up_reference(&mut self) -> Result<(), MeasureError> {
        let Instruments { clock, reference, references, .. } = &mut *self.instruments;
        let failed = |source| MeasureError::Instrument { instrument: "reference", source };
        warm_up(reference.as_mut(), Steadiness::REFERENCE, clock.as_ref(), &self.quality).map_err(failed)?;
        for reference in references {
            warm_up(reference.as_mut(), Steadiness::SUBJECT, clock.as_ref(), &self.quality)
                .map_err(failed)?;
        }
        Ok(())
    }

    /// Depends on the round only, not on what a process drew before: a resumed session draws the same.
    fn random(&self, round: u32) -> Pcg64 {
        Pcg64::new(u128::from(self.protocol.seed) << 64 | u128::from(round), 0x5eed)
    }

    fn round(
        &mut self,
        round: u32,
        members: &[usize],
        convergence: &Convergence,
    ) -> Result<Option<Outcome>, MeasureError> {
        let round_start_ns = self.now_ns();
        let evict = convergence.are_evicted(members, self.protocol);
        for (done, &subject) in members.iter().enumerate() {
            self.watch_heat()?;
            if let Some(outcome) = self.interrupted() {
                return Ok(Some(outcome));
            }
            if self.now_ns() - self.last_reading_ns >= self.protocol.reference_every_ns {
                self.read_reference()?;
            }
            let evicting_ns = if evict { self.evict()? } else { 0 };
            self.turn(subject, round, convergence.needs[subject], evicting_ns)?;
            let left_ns = convergence.left_ns.map(|left| {
                let budget = self.protocol.budget_ns.saturating_sub(self.spent_ns());
                left.saturating_sub(self.now_ns() - round_start_ns).min(budget)
            });
            self.observer.progress(&Progress {
                round,
                finished: convergence.finished().len(),
                subjects: self.subjects.len(),
                turns_done: done + 1,
                turns_planned: members.len(),
                spent_ns: self.spent_ns(),
                left_ns,
            });
        }
        Ok(None)
    }

    fn read_reference(&mut self) -> Result<(), MeasureError> {
        let at_ns = self.now_ns();
        let runs = self.protocol.reference_runs;
        let reading = time_reference(runs, at_ns, self.readings, self.instruments, &self.quality)?;
        self.readings += 1;
        self.last_reading_ns = self.now_ns();
        self.record(Entry::Reading(reading))
    }

    fn interrupted(&self) -> Option<Outcome> {
        if self.stop.load(Ordering::Relaxed) {
            Some(Outcome::Stopped)
        } else if self.spent_ns() >= self.protocol.budget_ns {
            Some(Outcome::BudgetSpent)
        } else {
            None
        }
    }

    fn record(&mut self, entry: Entry) -> Result<(), MeasureError> {
        let named = |source: SubjectFailure| MeasureError::Record { source };
        self.observer.record(&entry).map_err(named)?;
        Ok(self.history.push(entry)?)
    }

    fn now_ns(&self) -> u64 {
        self.instruments.clock.now_ns() - self.start_ns
    }

    fn spent_ns(&self) -> u64 {
        self.spent_before_ns + self.now_ns()
    }
}

#[cfg(test)]
mod tests;
