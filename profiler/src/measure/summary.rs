//! From a history to latencies.

use serde::{Deserialize, Serialize};

use super::MeasureError;
use super::drift::{CorrectedNs, Drift, RawNs};
use super::history::{Burst, History, Samples};
use super::interval::{Interval, median, quantile};
use super::midmean::{midmean, midmean_interval};
use super::protocol::Protocol;
use super::tempo::{Moment, Tempo, calmest, middle_ns};

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
}

/// One subject's latency in one cache state.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// [`midmean`] of the calm turns' medians, corrected for the machine's tempo.
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

/// One subject's latencies; `None` where it was not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectSummary {
    /// Back to back.
    pub hot: Option<Summary>,
    /// After other subjects evicted the caches.
    pub cold: Option<Summary>,
}

/// Summarises every subject of a history, in the order of their indices.
///
/// # Errors
/// [`MeasureError::ForeignHistory`] if the history names other subjects, [`MeasureError::NoReference`] if
/// drift cannot be corrected, [`MeasureError::TooFast`] if a median is not positive.
pub fn summarise(
    history: &History,
    subjects: usize,
    protocol: &Protocol,
) -> Result<Vec<SubjectSummary>, MeasureError> {
    let turns = Turns::of(history, subjects)?;
    let all = turns.by_subject.iter().enumerate();
    all.map(|(subject, turns)| summarise_turns_of(subject, turns, protocol)).collect()
}

/// One subject's latencies.
pub(super) fn summarise_turns_of(
    subject: usize,
    turns: &SubjectTurns,
    protocol: &Protocol,
) -> Result<SubjectSummary, MeasureError> {
    let too_fast = |median_ns| MeasureError::TooFast { subject, median_ns };
    Ok(SubjectSummary {
        hot: summarise_turns(&turns.hot, protocol).map_err(too_fast)?,
        cold: summarise_turns(&turns.cold, protocol).map_err(too_fast)?,
    })
}

/// One turn's samples in one cache state.
pub(super) struct Turn {
    kept: Vec<(RawNs, CorrectedNs)>,
    dropped: Vec<(RawNs, CorrectedNs)>,
    repeats: u64,
    /// The tempo at the time.
    moment: Moment,
}

/// All turns of one subject.
#[derive(Default)]
pub(super) struct SubjectTurns {
    pub(super) hot: Vec<Turn>,
    pub(super) cold: Vec<Turn>,
    pub(super) bursts: u32,
    pub(super) took_ns: u64,
}

/// A history sorted by subject, the machine's tempo divided out: by what all subjects tell where there are enough, else by
/// the reference block.
pub(super) struct Turns {
    pub(super) by_subject: Vec<SubjectTurns>,
}

impl Turns {
    pub(super) fn of(history: &History, subjects: usize) -> Result<Self, MeasureError> {
        let mut by_subject: Vec<SubjectTurns> = (0..subjects).map(|_| SubjectTurns::default()).collect();
        let Some(drift) = Drift::of(history)? else { return Ok(Self { by_subject }) };
        if let Some(subject) = history.bursts().map(|burst| burst.subject).find(|s| *s >= subjects) {
            return Err(MeasureError::ForeignHistory { subject, subjects });
        }
        let tempo = Tempo::of(history);
        for (segment, recorded) in history.segments().iter().enumerate() {
            for burst in &recorded.bursts {
                let at_ns = middle_ns(burst) as f64;
                let moment = tempo.as_ref().map(|tempo| tempo.during(segment, burst));
                by_subject[burst.subject].add(
                    burst,
                    moment.unwrap_or(Moment::UNKNOWN),
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
    fn add(&mut self, burst: &Burst, moment: Moment, correct: &dyn Fn(RawNs) -> CorrectedNs) {
        self.bursts += 1;
        self.took_ns += burst.took_ns;
        let turn = |samples: &Samples, repeats: u64| Turn {
            kept: samples.kept.iter().map(|raw| (*raw, correct(*raw))).collect(),
            dropped: samples.dropped.iter().map(|d| (d.estimate(), correct(d.estimate()))).collect(),
            repeats,
            moment,
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

/// Whether pre-empted samples are left aside or, for want of others, used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Undisturbed,
    All,
}

impl Turn {
    fn chosen(&self, choice: Choice) -> impl Iterator<Item = &(RawNs, CorrectedNs)> {
        let disturbed: &[_] = if choice == Choice::All { &self.dropped } else { &[] };
        self.kept.iter().chain(disturbed)
    }
}

/// The calm turns' medians, their middle and its interval: what the stopping rule looks at.
pub(super) struct Centre {
    corrected: Vec<f64>,
    pub(super) latency: f64,
    pub(super) interval: Option<Interval>,
    /// Whether the interval is within the target, pre-empted or not.
    pub(super) within_target: bool,
    status: Status,
    choice: Choice,
}

impl Centre {
    /// `None` if there is no turn with samples.
    pub(super) fn of(turns: &[Turn], protocol: &Protocol) -> Option<Self> {
        const FEWEST: usize = 6;
        let medians = |choice: Choice| -> Vec<f64> {
            let of_turn = |turn: &Turn| {
                let middle = median(&turn.chosen(choice).map(|(_, c)| c.0).collect::<Vec<_>>())?;
                Some((turn.moment, middle))
            };
            calmest(turns.iter().filter_map(of_turn))
        };
        let mut choice = Choice::Undisturbed;
        let mut corrected = medians(choice);
        if corrected.len() < FEWEST && corrected.len() < turns.len() {
            choice = Choice::All;
            corrected = medians(choice);
        }
        let latency = midmean(&corrected)?;
        let interval = midmean_interval(&corrected);
        let width = interval.map(|interval| interval.relative_half_width(latency));
        let within_target = width.is_some_and(|width| width <= protocol.target_half_width);
        let status = match width {
            _ if choice == Choice::All => Status::Preempted,
            None => Status::TooFew,
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
    let all: u64 = turns.iter().map(|t| (t.kept.len() + t.dropped.len()) as u64 * t.repeats).sum();
    Ok(Some(Summary {
        latency: CorrectedNs(centre.latency),
        raw_median: RawNs(of(&raw, 0.5)),
        min: RawNs(of(&samples, 0.0)),
        p90: RawNs(of(&samples, 0.9)),
        interval: centre.interval,
        spread: (of(&centre.corrected, 0.9) - of(&centre.corrected, 0.1)) / centre.latency,
        turns: centre.corrected.len(),
        runs: used,
        dropped_runs: all - used,
        status: centre.status,
    }))
}

#[cfg(test)]
mod tests;
