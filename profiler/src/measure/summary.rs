//! From a history to latencies.

mod centre;

use centre::Choice;
use serde::{Deserialize, Serialize};

use super::slowdown::{Moment, Slowdown, middle_ns};
use super::{
    Contention, CorrectedNs, Drift, History, Interval, MeasureError, Protocol, RawNs, Samples, Speed, Turn,
    median, quantile,
};

pub(super) use centre::Centre;

/// How far a summary can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The interval's half width is within the target.
    WithinTarget,
    /// The interval is wider than the target.
    Wide,
    /// Fewer than six turns: there is no interval.
    TooFew,
    /// Fewer than six turns had an undisturbed sample, so that pre-empted ones had to be used: the time the thread had
    /// the processor, where that is known.
    Preempted,
    /// Fewer than six turns were at the speed that was asked for: the figure is of turns at other speeds, divided by how much
    /// slower those are on average over all subjects.
    Scaled,
    /// The machine was never as fast as it is known to be.
    Slow,
    /// Most of its turns were taken while others used the same cores or their siblings.
    Contended,
}

/// One subject's latency in one cache state.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// [`midmean`](super::midmean::midmean) of the calm turns' medians at the chosen speed, corrected for the machine's slowness.
    pub latency: CorrectedNs,
    /// Median of the turns' medians, as measured.
    pub raw_median: RawNs,
    /// Shortest sample, as measured.
    pub min: RawNs,
    /// 90 % quantile of the samples, as measured.
    pub p90: RawNs,
    /// 95 % confidence interval of the latency.
    pub interval: Option<Interval>,
    /// Repeat-to-repeat spread: the 10-90 % range of the calm turns' corrected medians over the latency.
    pub spread: f64,
    /// Calm turns behind it.
    pub turns: usize,
    /// Timed runs used.
    pub runs: u64,
    /// Timed runs set aside because the thread was pre-empted meanwhile.
    pub dropped_runs: u64,
    /// How far to trust it.
    pub status: Status,
}

/// One subject's latencies at one of the machine's speeds; `None` where it was not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectSummary {
    /// The speed.
    pub speed: Speed,
    /// Back to back.
    pub hot: Option<Summary>,
    /// After other subjects evicted the caches.
    pub cold: Option<Summary>,
}

/// Summarises every subject of a history at the first speed that its protocol asks for, in the order of their indices.
///
/// # Errors
/// As [`summarise_at`].
pub fn summarise(
    history: &History,
    subjects: usize,
    protocol: &Protocol,
) -> Result<Vec<SubjectSummary>, MeasureError> {
    summarise_at(history, subjects, protocol, protocol.speeds.first().copied().unwrap_or_default())
}

/// Summarises every subject of a history at a speed, in the order of their indices.
///
/// # Errors
/// [`MeasureError::ForeignHistory`] if the history names other subjects, [`MeasureError::NoReference`] if
/// drift cannot be corrected, [`MeasureError::TooFast`] if a median is not positive.
pub fn summarise_at(
    history: &History,
    subjects: usize,
    protocol: &Protocol,
    speed: Speed,
) -> Result<Vec<SubjectSummary>, MeasureError> {
    let turns = Turns::of(history, subjects, speed)?;
    let all = turns.by_subject.iter().enumerate();
    all.map(|(subject, subject_turns)| summarise_turns_of(subject, subject_turns, protocol, speed)).collect()
}

/// One subject's latencies.
pub(super) fn summarise_turns_of(
    subject: usize,
    turns: &SubjectTurns,
    protocol: &Protocol,
    speed: Speed,
) -> Result<SubjectSummary, MeasureError> {
    let too_fast = |median_ns| MeasureError::TooFast { subject, median_ns };
    Ok(SubjectSummary {
        speed,
        hot: summarise_turns(&turns.hot, turns.is_slow, protocol).map_err(too_fast)?,
        cold: summarise_turns(&turns.cold, turns.is_slow, protocol).map_err(too_fast)?,
    })
}

/// One turn's samples in one cache state.
pub(super) struct TimedTurn {
    kept: Vec<(RawNs, CorrectedNs)>,
    dropped: Vec<(RawNs, CorrectedNs)>,
    repeats: u64,
    /// The machine's speed at the time.
    moment: Moment,
    /// Whether others used the same cores or their siblings.
    is_contended: bool,
}

/// All turns of one subject.
#[derive(Default)]
pub(super) struct SubjectTurns {
    pub(super) hot: Vec<TimedTurn>,
    pub(super) cold: Vec<TimedTurn>,
    pub(super) count: u32,
    pub(super) took_ns: u64,
    /// Whether the machine was slower all the time than it is known to be.
    pub(super) is_slow: bool,
}

/// A history sorted by subject, the machine's slowness divided out: by what all subjects and references say where there are enough,
/// else by the reference block.
pub(super) struct Turns {
    pub(super) by_subject: Vec<SubjectTurns>,
}

impl Turns {
    pub(super) fn of(history: &History, subjects: usize, speed: Speed) -> Result<Self, MeasureError> {
        let mut by_subject: Vec<SubjectTurns> = (0..subjects).map(|_| SubjectTurns::default()).collect();
        let Some(drift) = Drift::of(history)? else { return Ok(Self { by_subject }) };
        if let Some(subject) = history.turns().map(|turn| turn.subject).find(|s| *s >= subjects) {
            return Err(MeasureError::ForeignHistory { subject, subjects });
        }
        let slowdown = Slowdown::of(history, speed);
        let is_slow = slowdown.as_ref().is_some_and(|slowdown| slowdown.is_slow(history, speed));
        by_subject.iter_mut().for_each(|turns| turns.is_slow = is_slow);
        let contention = Contention::of(history);
        for (segment, recorded) in history.segments().iter().enumerate() {
            for turn in &recorded.turns {
                let at_ns = middle_ns(turn) as f64;
                let moment = slowdown.as_ref().map(|slowdown| slowdown.during(segment, turn));
                by_subject[turn.subject].add(
                    turn,
                    moment.unwrap_or(Moment::UNKNOWN),
                    contention.is_contended(segment, middle_ns(turn)),
                    &|raw| match moment {
                        Some(moment) => CorrectedNs(raw.0 / moment.slowness),
                        None => drift.correct(raw, segment, at_ns),
                    },
                );
            }
        }
        Ok(Self { by_subject })
    }
}

impl SubjectTurns {
    fn add(
        &mut self,
        turn: &Turn,
        moment: Moment,
        is_contended: bool,
        correct: &dyn Fn(RawNs) -> CorrectedNs,
    ) {
        self.count += 1;
        self.took_ns += turn.took_ns;
        let timed = |samples: &Samples, repeats: u64| TimedTurn {
            kept: samples.kept.iter().map(|raw| (*raw, correct(*raw))).collect(),
            dropped: samples.dropped.iter().map(|d| (d.estimate(), correct(d.estimate()))).collect(),
            repeats,
            moment,
            is_contended,
        };
        for (turns, samples, repeats) in
            [(&mut self.hot, &turn.hot, u64::from(turn.repeats)), (&mut self.cold, &turn.cold, 1)]
        {
            if !(samples.kept.is_empty() && samples.dropped.is_empty()) {
                turns.push(timed(samples, repeats));
            }
        }
    }
}

fn summarise_turns(turns: &[TimedTurn], is_slow: bool, protocol: &Protocol) -> Result<Option<Summary>, f64> {
    let Some(centre) = Centre::of(turns, is_slow, protocol) else { return Ok(None) };
    if centre.latency <= 0.0 {
        return Err(centre.latency);
    }
    let samples: Vec<f64> = turns.iter().flat_map(|t| t.chosen(centre.choice)).map(|(r, _)| r.0).collect();
    let raw: Vec<f64> = turns
        .iter()
        .filter_map(|t| median(&t.chosen(centre.choice).map(|(raw, _)| raw.0).collect::<Vec<_>>()))
        .collect();
    let of = |values: &[f64], q| quantile(values, q).unwrap_or(centre.latency);
    let used = turns.iter().map(|t| t.chosen(centre.choice).count() as u64 * t.repeats).sum();
    let preempted: u64 = match centre.choice {
        Choice::Undisturbed | Choice::Scaled => {
            turns.iter().map(|t| t.dropped.len() as u64 * t.repeats).sum()
        }
        Choice::Preempted | Choice::All => 0,
    };
    Ok(Some(Summary {
        latency: CorrectedNs(centre.latency),
        raw_median: RawNs(of(&raw, 0.5)),
        min: RawNs(of(&samples, 0.0)),
        p90: RawNs(of(&samples, 0.9)),
        interval: centre.interval,
        spread: (of(&centre.corrected, 0.9) - of(&centre.corrected, 0.1)) / centre.latency,
        turns: centre.corrected.len(),
        runs: used,
        dropped_runs: preempted,
        status: centre.status,
    }))
}

#[cfg(test)]
mod tests;
