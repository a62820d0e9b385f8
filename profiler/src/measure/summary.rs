//! From a history to latencies.

use serde::{Deserialize, Serialize};

use super::MeasureError;
use super::contention::Contention;
use super::drift::{CorrectedNs, Drift, RawNs};
use super::history::{Burst, History, Samples};
use super::interval::{Interval, median, quantile};
use super::midmean::{midmean, midmean_interval};
use super::modes::Speed;
use super::protocol::Protocol;
use super::slowdown::{Moment, Slowdown, calmest, middle_ns};

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
    /// the processor, where that can be told.
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
    /// [`midmean`] of the calm turns' medians at the chosen speed, corrected for the machine's slowness.
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
        hot: summarise_turns(&turns.hot, protocol).map_err(too_fast)?,
        cold: summarise_turns(&turns.cold, protocol).map_err(too_fast)?,
    })
}

/// One turn's samples in one cache state.
pub(super) struct Turn {
    kept: Vec<(RawNs, CorrectedNs)>,
    dropped: Vec<(RawNs, CorrectedNs)>,
    repeats: u64,
    /// The machine's speed at the time.
    moment: Moment,
    /// Whether the machine was slower all the time than it is known to be.
    is_slow: bool,
    /// Whether others used the same cores or their siblings.
    is_contended: bool,
}

/// All turns of one subject.
#[derive(Default)]
pub(super) struct SubjectTurns {
    pub(super) hot: Vec<Turn>,
    pub(super) cold: Vec<Turn>,
    pub(super) bursts: u32,
    pub(super) took_ns: u64,
}

/// A history sorted by subject, the machine's slowness divided out: by what all subjects and references say where there are enough,
/// else by the reference block.
pub(super) struct Turns {
    pub(super) by_subject: Vec<SubjectTurns>,
    /// Whether the machine was slower all the time than it is known to be.
    pub(super) is_slow: bool,
}

impl Turns {
    pub(super) fn of(history: &History, subjects: usize, speed: Speed) -> Result<Self, MeasureError> {
        let mut by_subject: Vec<SubjectTurns> = (0..subjects).map(|_| SubjectTurns::default()).collect();
        let Some(drift) = Drift::of(history)? else { return Ok(Self { by_subject, is_slow: false }) };
        if let Some(subject) = history.bursts().map(|burst| burst.subject).find(|s| *s >= subjects) {
            return Err(MeasureError::ForeignHistory { subject, subjects });
        }
        let slowdown = Slowdown::of(history, speed);
        let is_slow = slowdown.as_ref().is_some_and(|slowdown| slowdown.is_slow(history, speed));
        let contention = Contention::of(history);
        for (segment, recorded) in history.segments().iter().enumerate() {
            for burst in &recorded.bursts {
                let at_ns = middle_ns(burst) as f64;
                let moment = slowdown.as_ref().map(|slowdown| slowdown.during(segment, burst));
                by_subject[burst.subject].add(
                    burst,
                    moment.unwrap_or(Moment::UNKNOWN),
                    (is_slow, contention.is_contended(segment, middle_ns(burst))),
                    &|raw| match moment {
                        Some(moment) => CorrectedNs(raw.0 / moment.slowness),
                        None => drift.correct(raw, segment, at_ns),
                    },
                );
            }
        }
        Ok(Self { by_subject, is_slow })
    }
}

impl SubjectTurns {
    fn add(
        &mut self,
        burst: &Burst,
        moment: Moment,
        (is_slow, is_contended): (bool, bool),
        correct: &dyn Fn(RawNs) -> CorrectedNs,
    ) {
        self.bursts += 1;
        self.took_ns += burst.took_ns;
        let turn = |samples: &Samples, repeats: u64| Turn {
            kept: samples.kept.iter().map(|raw| (*raw, correct(*raw))).collect(),
            dropped: samples.dropped.iter().map(|d| (d.estimate(), correct(d.estimate()))).collect(),
            repeats,
            moment,
            is_slow,
            is_contended,
        };
        for (turns, samples, repeats) in
            [(&mut self.hot, &burst.hot, u64::from(burst.repeats)), (&mut self.cold, &burst.cold, 1)]
        {
            if !(samples.kept.is_empty() && samples.dropped.is_empty()) {
                turns.push(turn(samples, repeats));
            }
        }
    }
}

/// Whether pre-empted samples, and turns at other speeds, are left aside or, for want of others, used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Undisturbed,
    Preempted,
    /// Undisturbed turns at any speed.
    Scaled,
    All,
}

impl Turn {
    fn chosen(&self, choice: Choice) -> impl Iterator<Item = &(RawNs, CorrectedNs)> {
        let is_known = self.moment.beyond_calm.is_finite();
        let is_taken = matches!(choice, Choice::Scaled) && is_known || choice == Choice::All;
        let is_left_aside = !(self.moment.is_chosen || is_taken);
        let (kept, disturbed): (&[_], &[_]) = match choice {
            _ if is_left_aside => (&[], &[]),
            Choice::Undisturbed | Choice::Scaled => (&self.kept, &[]),
            Choice::Preempted | Choice::All => (&self.kept, &self.dropped),
        };
        kept.iter().chain(disturbed)
    }
}

/// The calm turns' medians, their middle and its interval: what the stopping rule looks at.
pub(super) struct Centre {
    pub(super) corrected: Vec<f64>,
    pub(super) latency: f64,
    pub(super) interval: Option<Interval>,
    /// Whether the interval is within the target and of the chosen speed, pre-empted or not.
    pub(super) within_target: bool,
    status: Status,
    choice: Choice,
}

impl Centre {
    /// `None` if there is no turn with samples.
    pub(super) fn of(turns: &[Turn], protocol: &Protocol) -> Option<Self> {
        const FEWEST: usize = 6;
        let medians = |choice: Choice| -> Vec<(f64, bool)> {
            let of_turn = |turn: &Turn| {
                let middle = median(&turn.chosen(choice).map(|(_, c)| c.0).collect::<Vec<_>>())?;
                Some((turn.moment, (middle, turn.is_contended)))
            };
            calmest(turns.iter().filter_map(of_turn))
        };
        let choices = [Choice::Undisturbed, Choice::Preempted, Choice::Scaled, Choice::All];
        let found = choices.map(|choice| (choice, medians(choice)));
        let most = found.iter().map(|(_, medians)| medians.len()).max().unwrap_or(0);
        let enough = |(_, medians): &(Choice, Vec<_>)| medians.len() >= FEWEST.min(most);
        let is_slow = turns.iter().any(|turn| turn.is_slow);
        let (choice, turns) = found.into_iter().find(enough)?;
        let (corrected, contended): (Vec<f64>, Vec<bool>) = turns.into_iter().unzip();
        let is_contended = 2 * contended.iter().filter(|is| **is).count() > contended.len();
        let latency = midmean(&corrected)?;
        let interval = midmean_interval(&corrected);
        let width = interval.map(|interval| interval.relative_half_width(latency));
        let is_scaled = matches!(choice, Choice::Scaled | Choice::All);
        let within_target = !is_scaled && width.is_some_and(|width| width <= protocol.target_half_width);
        let status = match width {
            _ if is_scaled => Status::Scaled,
            _ if choice == Choice::Preempted => Status::Preempted,
            None => Status::TooFew,
            Some(_) if is_slow => Status::Slow,
            Some(_) if is_contended => Status::Contended,
            Some(_) if within_target => Status::WithinTarget,
            Some(_) => Status::Wide,
        };
        Some(Self { corrected, latency, interval, within_target, status, choice })
    }
}

fn summarise_turns(turns: &[Turn], protocol: &Protocol) -> Result<Option<Summary>, f64> {
    let Some(centre) = Centre::of(turns, protocol) else { return Ok(None) };
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
