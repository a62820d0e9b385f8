//! When others took more of the machine than figures bear, and how much over a whole session.

use serde::{Deserialize, Serialize};

use super::{History, Rival, Segment};
use crate::device::Others;

/// The moments of a history in which others were in the way.
///
/// A moment is the time between two readings, about a second, and is what the later one reports. What no reading reports,
/// such as the time after the last one, is not contended: nothing is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contention {
    /// By segment, in order.
    segments: Vec<Vec<Moment>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    from_ns: u64,
    until_ns: u64,
    others: Others,
    frequency_khz: Option<u64>,
}

impl Moment {
    fn is_contended(&self) -> bool {
        Rival::ALL.iter().any(|rival| rival.exceeds(&self.others))
    }
}

impl Contention {
    /// That of a history. Pauses to cool are left out.
    pub fn of(history: &History) -> Self {
        Self { segments: history.segments().iter().map(moments).collect() }
    }

    /// Whether others were in the way `at_ns` after a segment's start.
    pub fn is_contended(&self, segment: usize, at_ns: u64) -> bool {
        let Some(moments) = self.segments.get(segment) else { return false };
        let moment = moments.get(moments.partition_point(|moment| moment.until_ns <= at_ns));
        moment.is_some_and(|moment| moment.from_ns <= at_ns && moment.is_contended())
    }
}

fn moments(segment: &Segment) -> Vec<Moment> {
    let pairs = segment.temperatures.windows(2).map(|pair| Moment {
        from_ns: pair[0].at_ns,
        until_ns: pair[1].at_ns,
        others: pair[1].others.unwrap_or_default(),
        frequency_khz: pair[1].frequency_khz,
    });
    let in_pause = |moment: &Moment| {
        let within = |at_ns, until_ns| at_ns < moment.until_ns && moment.until_ns <= until_ns;
        segment.pauses.iter().any(|pause| within(pause.at_ns, pause.at_ns + pause.took_ns))
    };
    pairs.filter(|moment| !in_pause(moment)).collect()
}

/// What a session reports of the contention while it measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContentionReport {
    /// Whether others took more than figures bear, on average.
    pub contended: bool,
    /// Share of the time in which they did. A fraction.
    pub contended_share: f64,
    /// What they took on average.
    pub mean: Others,
    /// What each kind took in its worst moment.
    pub worst: Others,
    /// Lowest and highest of the frequencies read, in kHz; absent where none can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<[u64; 2]>,
}

impl ContentionReport {
    /// That of a history; `None` where the machine reported nothing of others.
    pub fn of(history: &History) -> Option<Self> {
        let moments: Vec<Moment> = Contention::of(history).segments.concat();
        let reported =
            |moment: &&Moment| Rival::ALL.iter().any(|rival| rival.share(&moment.others).is_some());
        let reported: Vec<&Moment> = moments.iter().filter(reported).collect();
        let length_ns = |moment: &Moment| (moment.until_ns - moment.from_ns) as f64;
        let sum_ns: f64 = reported.iter().map(|moment| length_ns(moment)).sum();
        if sum_ns <= 0.0 {
            return None;
        }
        let weighed = |rival: Rival| -> Vec<(f64, f64)> {
            reported
                .iter()
                .filter_map(|moment| Some((length_ns(moment), rival.share(&moment.others)?)))
                .collect()
        };
        let mean = Rival::each(|rival| {
            let shares = weighed(rival);
            let length: f64 = shares.iter().map(|(length, _)| length).sum();
            (length > 0.0).then(|| shares.iter().map(|(length, share)| length * share).sum::<f64>() / length)
        });
        let worst = |rival| weighed(rival).into_iter().map(|(_, share)| share).max_by(f64::total_cmp);
        let contended_ns: f64 = reported.iter().filter(|m| m.is_contended()).map(|m| length_ns(m)).sum();
        let frequencies = || moments.iter().filter_map(|moment| moment.frequency_khz);
        Some(Self {
            contended: Rival::ALL.iter().any(|rival| rival.exceeds(&mean)),
            contended_share: contended_ns / sum_ns,
            mean,
            worst: Rival::each(worst),
            frequency_khz: frequencies().min().zip(frequencies().max()).map(|(low, high)| [low, high]),
        })
    }

    /// What a reader of the table should know of a contended session.
    pub fn warning(&self) -> Option<String> {
        let exceeding = Rival::ALL.iter().filter(|rival| rival.exceeds(&self.mean));
        let reported = exceeding.filter_map(|rival| {
            let (limit, share) = (100.0 * rival.limit(), rival.share(&self.mean)?);
            Some(format!("{} (limit {limit:.0} %): {}", rival.described(share), rival.advice()))
        });
        let reported: Vec<String> = reported.collect();
        (!reported.is_empty()).then(|| format!("contended: {}", reported.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixtures::start;
    use crate::measure::{Entry, Pause, PauseEnd, Temperatures};

    const SECOND: u64 = 1_000_000_000;

    fn temperatures(at_s: u64, frequency_khz: u64, others: Option<Others>) -> Entry {
        let (at_ns, frequency_khz) = (at_s * SECOND, Some(frequency_khz));
        Entry::Temperatures(Temperatures { at_ns, frequency_khz, others, ..Temperatures::default() })
    }

    fn history(entries: impl IntoIterator<Item = Entry>) -> History {
        History::replay(std::iter::once(start()).chain(entries)).unwrap()
    }

    fn ours(share: f64) -> Option<Others> {
        Some(Others { our_cores: Some(share), ..Others::default() })
    }

    fn elsewhere(other_cores: f64, stolen: f64) -> Option<Others> {
        Some(Others { other_cores: Some(other_cores), stolen: Some(stolen), ..Others::default() })
    }

    #[test]
    fn a_moment_is_what_its_end_tells() {
        let history = history([
            temperatures(1, 0, Some(Others::default())),
            temperatures(2, 0, ours(0.05)),
            temperatures(3, 0, ours(0.06)),
            start(),
            temperatures(0, 0, Some(Others::default())),
            temperatures(1, 0, elsewhere(0.26, 0.0)),
            temperatures(2, 0, None),
            temperatures(3, 0, elsewhere(0.0, 0.03)),
        ]);
        let contention = Contention::of(&history);
        let at = |segment, tenths: &[u64]| -> Vec<bool> {
            tenths.iter().map(|tenth| contention.is_contended(segment, tenth * SECOND / 10)).collect()
        };
        // Before the first reading; up to the limit; above it; after the last.
        assert_eq!(at(0, &[5, 15, 20, 29, 30, 90]), [false, false, true, true, false, false]);
        assert_eq!(at(1, &[0, 9, 10, 19, 20, 29]), [true, true, false, false, true, true]);
        assert_eq!(at(2, &[0]), [false]);
    }

    #[test]
    fn shares_are_weighed_by_time_and_pauses_left_out() {
        let pause = Pause { at_ns: 5 * SECOND, took_ns: 3 * SECOND, ended: PauseEnd::Cooled };
        let history = history([
            temperatures(0, 1_700_000, None),
            temperatures(1, 1_800_000, ours(0.01)),
            temperatures(4, 2_100_000, ours(0.09)),
            // Read when the machine was found too hot, a moment before the pause.
            temperatures(5, 1_900_000, ours(0.0)),
            temperatures(6, 300_000, ours(0.9)),
            temperatures(8, 300_000, ours(0.9)),
            Entry::Pause(pause),
            temperatures(9, 2_000_000, ours(0.02)),
        ]);
        let report = ContentionReport::of(&history).unwrap();
        // 0.01 for 1 s, 0.09 for 3, 0 for 1, 0.02 for 1: 0.3 / 6. Contended for 3 of 6 s.
        assert!((report.mean.our_cores.unwrap() - 0.05).abs() < 1e-9, "{report:?}");
        assert_eq!((report.worst.our_cores, report.mean.siblings), (Some(0.09), None));
        assert_eq!(report.contended_share, 0.5);
        assert_eq!(report.frequency_khz, Some([1_800_000, 2_100_000]));
        assert_eq!(report.contended, report.warning().is_some());
    }

    #[test]
    fn a_contended_session_says_who_it_was_and_what_to_do() {
        let others =
            Others { our_cores: Some(0.12), siblings: Some(0.4), other_cores: Some(0.2), stolen: Some(0.03) };
        let busy = history([temperatures(0, 1, None), temperatures(1, 1, Some(others))]);
        let report = ContentionReport::of(&busy).unwrap();
        assert!(report.contended);
        insta::assert_snapshot!(report.warning().unwrap(), @"contended: other programs had 12 % of the measuring cores (limit 5 %): end them, or choose cores that are idle; the hardware threads beside the measuring ones were busy 40 % of the time (limit 10 %): end other programs, which slow the core that they share, or turn SMT off (root: cpu/smt/control off); the hypervisor gave 3 % of the measuring cores to other machines (limit 2 %): measure at another time, or on a dedicated host");
        let calm = history([temperatures(0, 1, None), temperatures(1, 1, ours(0.05))]);
        let report = ContentionReport::of(&calm).unwrap();
        assert_eq!((report.contended, report.contended_share, report.warning()), (false, 0.0, None));
        let text = serde_json::to_string(&report).unwrap();
        assert!(!text.contains("null"), "{text}");
        assert_eq!(serde_json::from_str::<ContentionReport>(&text).unwrap(), report);
    }

    #[test]
    fn where_nothing_is_told_there_is_no_report() {
        let history = history([temperatures(0, 1, None), temperatures(1, 1, None)]);
        assert_eq!(ContentionReport::of(&history), None);
        assert_eq!(ContentionReport::of(&History::default()), None);
        assert!(!Contention::of(&history).is_contended(0, SECOND / 2));
    }

    #[test]
    fn readings_of_others_are_in_the_journal_and_older_ones_are_read() {
        let stolen = Some(Others { our_cores: Some(0.01), stolen: Some(0.0), ..Others::default() });
        for (line, others) in [
            (r#"{"warmth":{"at_ns":5,"soc_celsius":61.0,"frequency_khz":1800000}}"#, None),
            (r#"{"warmth":{"at_ns":5,"others":{"our_cores":0.01,"stolen":0.0}}}"#, stolen),
        ] {
            let Entry::Temperatures(read) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
            assert_eq!(read.others, others);
            assert_eq!(serde_json::to_string(&Entry::Temperatures(read)).unwrap(), line);
        }
    }
}
