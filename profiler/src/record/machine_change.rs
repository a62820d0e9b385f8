//! By how much a machine is slower or faster than when a table was measured on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Anchors, Cache, Reference, Row, Status};
use crate::measure::{mean_interval, midmean, midmean_interval};

/// A ratio of now to then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Cache state.
    pub cache: Cache,
    /// Kind of work: `network` or a kind of op; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How many times as long anchors take now: their midmean.
    pub ratio: f64,
    /// Ends of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Anchors behind it.
    pub anchors: usize,
}

/// An anchor, then and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnchorFigure {
    /// Its key.
    pub subject: String,
    /// Kind of work.
    pub kind: String,
    /// Cache state.
    pub cache: Cache,
    /// What it took then.
    pub then_ms: f64,
    /// What it takes now.
    pub now_ms: f64,
}

/// What the anchors of an earlier session say of the machine now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineChange {
    /// Id of the session that the anchors are of.
    pub since: String,
    /// When it began.
    pub started: String,
    /// Over all anchors, hot before cold, then by kind of work.
    pub changes: Vec<Change>,
    /// The anchors.
    pub figures: Vec<AnchorFigure>,
}

/// The kind of work that references are.
const REFERENCE: &str = "reference";
/// An interval of a kind's change that is at most so long, as a natural logarithm: else the change of all anchors is better known.
const KNOWN: f64 = 0.1;
/// A change that is no more than what two sessions differ by.
const SAME: f64 = 0.03;

impl MachineChange {
    /// What rows of the same subjects say; `None` where too few anchors were measured at the same speed as then.
    pub fn of(anchors: &Anchors, rows: &[Row]) -> Option<Self> {
        let is_good = |row: &&Row| row.speed == Some(anchors.speed) && row.status != Status::Scaled;
        let rows: BTreeMap<(&str, Cache), f64> = rows
            .iter()
            .filter(is_good)
            .map(|row| ((row.subject.as_str(), row.cache), row.latency_ms))
            .collect();
        let mut figures = Vec::new();
        for cache in [Cache::Hot, Cache::Cold] {
            for anchor in &anchors.subjects {
                let now_ms = rows.get(&(anchor.subject.as_str(), cache));
                let Some((then_ms, now_ms)) = anchor.then_ms(cache).zip(now_ms.copied()) else { continue };
                let (subject, kind) = (anchor.subject.clone(), anchor.kind().to_owned());
                figures.push(AnchorFigure { subject, kind, cache, then_ms, now_ms });
            }
        }
        Self::of_figures(anchors, figures)
    }

    /// What the references of a session say beside those of the anchors' session: only roughly, as they are few and small. `None` where
    /// fewer than two were timed at the same speed in both.
    pub fn of_references(anchors: &Anchors, references: &[Reference]) -> Option<Self> {
        let figures = anchors.references.iter().filter_map(|then| {
            let now = references.iter().find(|now| now.name == then.name)?;
            let (then_level, now_level) = (then.level(anchors.speed)?, now.level(anchors.speed)?);
            let figure = |cache, then_ns: f64, now_ns: f64| AnchorFigure {
                subject: then.name.clone(),
                kind: REFERENCE.to_owned(),
                cache,
                then_ms: then_ns / 1e6,
                now_ms: now_ns / 1e6,
            };
            let hot = figure(Cache::Hot, then_level.hot_ns, now_level.hot_ns);
            Some([hot, figure(Cache::Cold, then_level.cold_ns, now_level.cold_ns)])
        });
        Self::of_figures(anchors, figures.flatten().collect())
    }

    fn of_figures(anchors: &Anchors, figures: Vec<AnchorFigure>) -> Option<Self> {
        let kinds: BTreeSet<&str> = figures.iter().map(|figure| figure.kind.as_str()).collect();
        let kinds = std::iter::once(None).chain(kinds.into_iter().map(Some));
        let changes: Vec<Change> = kinds
            .flat_map(|kind| [Cache::Hot, Cache::Cold].map(|cache| change(&figures, cache, kind)))
            .flatten()
            .collect();
        let (since, started) = (anchors.session.clone(), anchors.started.clone());
        (!changes.is_empty()).then_some(Self { since, started, changes, figures })
    }

    /// The change of a kind of work in a cache state; of all anchors where that of its kind is not well known.
    pub fn change(&self, cache: Cache, kind: &str) -> Option<&Change> {
        let found = |kind: Option<&str>| {
            self.changes.iter().find(|change| change.cache == cache && change.kind.as_deref() == kind)
        };
        let is_known = |change: &&Change| (change.high / change.low).ln() <= KNOWN;
        found(Some(kind)).filter(is_known).or_else(|| found(None))
    }

    /// Whether it rests on references, for want of anchors.
    pub fn is_of_references(&self) -> bool {
        self.figures.iter().all(|figure| figure.kind == REFERENCE)
    }

    /// In a sentence or two, for people: how fast the machine was, and what to do about it.
    pub fn in_words(&self, cache: Cache, kind: &str) -> String {
        let Some(change) = self.change(cache, kind) else {
            return format!(
                "too few anchors of session {} were measured to determine whether the machine is the same",
                self.since
            );
        };
        let Change { ratio, low, high, anchors, .. } = change;
        let what = if self.is_of_references() { "references" } else { "anchors" };
        let since = format!(
            "session {} ({anchors} {what}, {cache}: {ratio:.3} times its latencies, {low:.3} to {high:.3})",
            self.since
        );
        let percent = 100.0 * (ratio - 1.0).abs();
        if percent <= 100.0 * SAME {
            format!("the machine is as fast as in {since}")
        } else if *low <= 1.0 && 1.0 <= *high {
            format!("whether the machine is as fast as in {since} cannot be determined: measure longer")
        } else {
            let word = if *ratio > 1.0 { "slower" } else { "faster" };
            format!(
                "the machine is {percent:.0} % {word} than in {since}: errors beside predictions are the machine's as well; measure \
                 the table again and fit it anew, or divide by the change"
            )
        }
    }
}

fn change(figures: &[AnchorFigure], cache: Cache, kind: Option<&str>) -> Option<Change> {
    let of_kind =
        |figure: &&AnchorFigure| figure.cache == cache && kind.is_none_or(|kind| figure.kind == kind);
    let logs: Vec<f64> =
        figures.iter().filter(of_kind).map(|figure| (figure.now_ms / figure.then_ms).ln()).collect();
    let (centre, interval) = match midmean_interval(&logs) {
        Some(interval) => (midmean(&logs)?, interval),
        None => mean_interval(&logs)?,
    };
    Some(Change {
        cache,
        kind: kind.map(str::to_owned),
        ratio: centre.exp(),
        low: interval.low.exp(),
        high: interval.high.exp(),
        anchors: logs.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Speed;
    use crate::record::{Anchor, Level, anchors_of};

    fn anchors(count: usize) -> Anchors {
        let anchor = |i: usize| Anchor {
            subject: format!("gpool-8x8x{}", i + 1),
            level: Level::Op,
            ops: String::new(),
            hot_ms: 1.0 + i as f64,
            cold_ms: 2.0 + i as f64,
        };
        anchors_of((0..count).map(anchor).collect())
    }

    /// All anchors again, hot ones so many times as slow.
    fn now(anchors: &Anchors, factor: impl Fn(usize) -> f64) -> Vec<Row> {
        let row = |(i, anchor): (usize, &Anchor)| Row {
            speed: Some(Speed::Fast),
            ..Row::exact(&anchor.subject, Level::Op, Cache::Hot, anchor.hot_ms * factor(i))
        };
        anchors.subjects.iter().enumerate().map(row).collect()
    }

    #[test]
    fn the_change_is_the_middle_of_the_anchors() {
        let then = anchors(12);
        // One anchor that changed by itself is not the machine.
        let found = MachineChange::of(&then, &now(&then, |i| if i == 3 { 2.0 } else { 1.2 })).unwrap();
        let change = found.change(Cache::Hot, "gpool").unwrap();
        assert!((change.ratio - 1.2).abs() < 1e-9 && change.anchors == 12, "{change:?}");
        let same = MachineChange::of(&then, &now(&then, |_| 1.01)).unwrap();
        // Half of them 20 % faster, half 30 % slower.
        let unclear = MachineChange::of(&then, &now(&then, |i| if i % 2 == 0 { 0.8 } else { 1.4 })).unwrap();
        for (words, expected) in [
            (
                found.in_words(Cache::Hot, "network"),
                "the machine is 20 % slower than in session s (12 anchors, hot: 1.200",
            ),
            (found.in_words(Cache::InPlace, "gpool"), "too few anchors"),
            (same.in_words(Cache::Hot, "gpool"), "the machine is as fast as"),
            (unclear.in_words(Cache::Hot, "gpool"), "cannot be determined"),
        ] {
            assert!(words.contains(expected), "{words}");
        }
    }

    #[test]
    fn references_serve_where_there_are_no_anchors() {
        use crate::measure::ReferenceLevel;
        let reference = |name: &str, hot_ns: f64, sustained| Reference {
            name: name.to_owned(),
            fast: ReferenceLevel { hot_ns, cold_ns: 3.0 * hot_ns },
            sustained,
        };
        let names = ["a", "b", "c", "d"];
        let then =
            Anchors { references: names.map(|name| reference(name, 1e5, None)).to_vec(), ..anchors(0) };
        let now: Vec<Reference> = names[1..].iter().map(|name| reference(name, 1.3e5, None)).collect();
        let found = MachineChange::of_references(&then, &now).unwrap();
        assert!(found.is_of_references());
        for cache in [Cache::Hot, Cache::Cold] {
            let change = found.change(cache, "network").unwrap();
            assert!((change.ratio - 1.3).abs() < 1e-9 && change.anchors == 3, "{change:?}");
        }
        let words = found.in_words(Cache::Hot, "network");
        assert!(words.contains("30 % slower") && words.contains("(3 references, hot"), "{words}");
        assert_eq!(MachineChange::of_references(&then, &now[..1]), None);
        // None was timed at the speed in question.
        let sustained = Anchors { speed: Speed::Sustained, ..then };
        assert_eq!(MachineChange::of_references(&sustained, &now), None);
    }

    #[test]
    fn few_or_scaled_anchors_say_nothing() {
        let then = anchors(3);
        assert!(MachineChange::of(&then, &now(&then, |_| 1.0)[..1]).is_none());
        // Two and three have an interval of the mean: 0.1 and 0.2, mean 0.15, deviation 0.0707, of the mean 0.05, t(0.975, 1) = 12.7.
        let found = MachineChange::of(&then, &now(&then, |i| (0.1 * (i + 1) as f64).exp())[..2]).unwrap();
        let change = found.change(Cache::Hot, "gpool").unwrap();
        let (log, high) = (change.ratio.ln() - 0.15, change.high.ln() - 0.15 - 12.7 * 0.05);
        assert!(log.abs() < 1e-9 && high.abs() < 0.02, "{change:?}");
        let scaled: Vec<Row> =
            now(&then, |_| 1.0).into_iter().map(|row| Row { status: Status::Scaled, ..row }).collect();
        assert!(MachineChange::of(&then, &scaled).is_none());
    }
}
