//! Anchors: a few figures of a table, to be measured again in a later session.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Cache, Conditions, Level, ReadError, Reference, Row, Status, read_session, read_table, read_text,
    session_path,
};
use crate::{drawn::drawn_place, measure::Speed};

/// A subject that was measured once, and what it took then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Its key.
    pub subject: String,
    /// Op or network.
    pub level: Level,
    /// Keys of a network's ops, or of a random network's steps as they were measured, separated by spaces; empty for an op.
    pub ops: String,
    /// What it took hot.
    pub hot_ms: f64,
    /// What it took cold.
    pub cold_ms: f64,
}

/// Anchors of one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchors {
    /// Id of the session that measured them.
    pub session: String,
    /// When it began, UTC, RFC 3339.
    pub started: String,
    /// Under which conditions.
    pub conditions: Conditions,
    /// At which of the machine's speeds.
    pub speed: Speed,
    /// What the session's references took.
    pub references: Vec<Reference>,
    /// A dozen over the range of work.
    pub subjects: Vec<Anchor>,
}

/// How many anchors a session has at most.
const MOST: usize = 12;
/// Of each kind of op at least, where there are so many.
const FEWEST_OF_KIND: usize = 2;
/// And of networks, which searches are about.
const FEWEST_NETWORKS: usize = 4;

impl Anchor {
    /// The kind of work: `network`, or the kind of op.
    pub fn kind(&self) -> &str {
        match self.level {
            Level::Network => "network",
            Level::Op => self.subject.split('-').next().unwrap_or(&self.subject),
        }
    }

    /// Seed and index of the random network that it is, if it is one.
    pub fn drawn(&self) -> Option<(u64, usize)> {
        drawn_subject(&self.subject)
    }

    pub(super) fn then_ms(&self, cache: Cache) -> Option<f64> {
        match cache {
            Cache::Hot => Some(self.hot_ms),
            Cache::Cold => Some(self.cold_ms),
            Cache::InPlace => None,
        }
    }
}

fn drawn_subject(subject: &str) -> Option<(u64, usize)> {
    drawn_place(subject.strip_prefix("onnx-")?)
}

/// Whether a figure rests on turns at its own speed, and says what it seems to.
const fn is_sound(status: Status) -> bool {
    match status {
        Status::Ok | Status::Wide | Status::Slow | Status::Contended => true,
        Status::Preempted | Status::Scaled => false,
    }
}

/// Figures at a speed whose subject can be built again.
fn candidates(rows: &[Row], speed: Speed, is_enough: impl Fn(Status) -> bool) -> Vec<Anchor> {
    let good = |row: &&Row| row.speed == Some(speed) && is_enough(row.status);
    let mut cold: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows.iter().filter(good).filter(|row| row.cache == Cache::Cold) {
        cold.insert(&row.subject, row.latency_ms);
    }
    let anchor = |row: &Row| {
        // A random network can be drawn again, and its steps say whether it is the same.
        let is_drawn = drawn_subject(&row.subject).is_some() && !row.ops.is_empty();
        let is_known = is_drawn || row.op_specs().is_ok_and(|ops| !ops.is_empty());
        let cold_ms = cold.get(row.subject.as_str()).copied().filter(|_| is_known)?;
        let (subject, level, ops) = (row.subject.clone(), row.level, row.ops.clone());
        Some(Anchor { subject, level, ops, hot_ms: row.latency_ms, cold_ms })
    };
    rows.iter().filter(good).filter(|row| row.cache == Cache::Hot).filter_map(anchor).collect()
}

impl Anchors {
    /// A dozen subjects of a session's rows at a speed: of each kind of work by its share, evenly over the range of latencies, two at
    /// least where there are as many. None of ops whose models cannot be built. Doubtful figures serve only where the machine was
    /// too busy for any other: a ratio's interval shows how far they are from each other.
    pub fn choose(
        rows: &[Row],
        (session, started): (&str, &str),
        conditions: &Conditions,
        speed: Speed,
        references: &[Reference],
    ) -> Self {
        let mut by_kind: BTreeMap<String, Vec<Anchor>> = BTreeMap::new();
        let sound = candidates(rows, speed, is_sound);
        let all = if sound.is_empty() { candidates(rows, speed, |_| true) } else { sound };
        let total = all.len().max(1);
        for anchor in all {
            by_kind.entry(anchor.kind().to_owned()).or_default().push(anchor);
        }
        // Networks first, then kinds with most subjects: where there are too many kinds, the rarest go without.
        let mut kinds: Vec<Vec<Anchor>> = by_kind.into_values().collect();
        let is_network = |of_kind: &[Anchor]| of_kind.iter().any(|anchor| anchor.level == Level::Network);
        kinds.sort_by_key(|of_kind| {
            (std::cmp::Reverse(is_network(of_kind)), std::cmp::Reverse(of_kind.len()))
        });
        let mut subjects = Vec::new();
        for mut of_kind in kinds {
            let fewest = if is_network(&of_kind) { FEWEST_NETWORKS } else { FEWEST_OF_KIND };
            let share = (MOST * of_kind.len() / total).max(fewest);
            let count = share.min(of_kind.len()).min(MOST - subjects.len());
            of_kind.sort_by(|a, b| a.hot_ms.total_cmp(&b.hot_ms));
            // In the middles of as many equal parts.
            let at = |part: usize| (2 * part + 1) * of_kind.len() / (2 * count);
            subjects.extend((0..count).map(|part| of_kind[at(part)].clone()));
        }
        let (session, started, conditions) = (session.to_owned(), started.to_owned(), conditions.clone());
        Self { session, started, conditions, speed, references: references.to_vec(), subjects }
    }

    /// Anchors of a table and the session beside it, or those that a latency model carries.
    ///
    /// # Errors
    /// [`ReadError`] for a file that has none.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let none = |reason: &str| ReadError::Content { path: path.to_owned(), reason: reason.to_owned() };
        let found = if path.extension().is_some_and(|extension| extension == "csv") {
            let (rows, session) = (read_table(path)?, read_session(&session_path(path))?);
            let speed = rows.iter().find_map(|row| row.speed);
            let speed =
                speed.ok_or_else(|| none("no row says at which speed of the machine it was measured"))?;
            let about = (session.id.as_str(), session.started.as_str());
            Self::choose(&rows, about, &session.conditions, speed, &session.speed.references)
        } else {
            /// The part of a latency model that is looked for.
            #[derive(Deserialize)]
            struct Model {
                anchors: Option<Anchors>,
            }
            let text = read_text(path)?;
            let model: Model = serde_json::from_str(&text)
                .map_err(|e| none(&format!("neither a table (.csv) nor a latency model: {e}")))?;
            model.anchors.ok_or_else(|| {
                none("this model carries no anchors: fit it anew to a table of `profiler run`")
            })?
        };
        let reason = "no figure that can be measured again: ops, networks of known ops or random networks with their layers, hot and \
                      cold, measured by `profiler run`";
        if found.subjects.is_empty() { Err(none(reason)) } else { Ok(found) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::record::Runtime;

    pub(crate) fn anchors_of(subjects: Vec<Anchor>) -> Anchors {
        let (session, started) = ("s".to_owned(), String::new());
        let (conditions, speed, references) = (conditions(), Speed::Fast, Vec::new());
        Anchors { session, started, conditions, speed, references, subjects }
    }

    pub(in super::super) fn conditions() -> Conditions {
        let (name, version) = ("tract".to_owned(), "1".to_owned());
        Conditions {
            device: "device".to_owned(),
            runtime: Runtime { name, version, emulated: false, details: Vec::new() },
            threads: 1,
            cpus: vec![1],
            build_target: "target".to_owned(),
        }
    }

    fn rows() -> Vec<Row> {
        let both = |key: &str, hot_ms: f64, cold_ms: f64| {
            [(Cache::Hot, hot_ms), (Cache::Cold, cold_ms)]
                .map(|(cache, ms)| Row { speed: Some(Speed::Fast), ..Row::exact(key, Level::Op, cache, ms) })
        };
        let pool = |n: u32| both(&format!("gpool-8x8x{n}"), n.into(), (2 * n).into());
        let conv = |k: u32| both(&format!("conv-8x8x8-o8-k{k}-s1"), k.into(), k.into());
        (1..=40).flat_map(pool).chain([1, 3, 5].into_iter().flat_map(conv)).collect()
    }

    #[test]
    fn a_dozen_over_the_range_of_work() {
        let choose =
            |rows: &[Row]| Anchors::choose(rows, ("s", ""), &conditions(), Speed::Fast, &[]).subjects;
        let chosen = choose(&rows());
        let of = |kind: &str| -> Vec<f64> {
            chosen.iter().filter(|anchor| anchor.kind() == kind).map(|anchor| anchor.hot_ms).collect()
        };
        // 40 of 43 are gpool: 12 · 40 / 43 = 11, which leaves one for conv.
        assert_eq!(of("gpool").len() + of("conv").len(), MOST);
        let pools = of("gpool");
        assert!(pools.windows(2).all(|pair| pair[0] < pair[1]) && pools[0] <= 3.0, "{pools:?}");
        let is_sound = |anchor: &Anchor| anchor.kind() != "gpool" || anchor.cold_ms == 2.0 * anchor.hot_ms;
        assert!(chosen.iter().all(is_sound));
        // Doubtful figures serve where there is nothing else, those of another speed never.
        let mut doubtful = rows();
        doubtful.iter_mut().for_each(|row| row.status = Status::Scaled);
        assert_eq!(choose(&doubtful), chosen);
        let convs = doubtful.iter_mut().filter(|row| row.subject.starts_with("conv"));
        convs.for_each(|row| row.status = Status::Ok);
        assert!(choose(&doubtful).iter().all(|anchor| anchor.kind() == "conv"));
        let mut slow = rows();
        slow.iter_mut().for_each(|row| row.speed = Some(Speed::Sustained));
        assert_eq!(choose(&slow), []);
    }

    #[test]
    fn random_networks_whose_steps_are_known_can_be_drawn_again() {
        let both = |name: &str, hot_ms: f64, ops: &str| {
            [(Cache::Hot, hot_ms), (Cache::Cold, 2.0 * hot_ms)].map(|(cache, ms)| Row {
                speed: Some(Speed::Fast),
                ops: ops.to_owned(),
                ..Row::exact(name, Level::Network, cache, ms)
            })
        };
        // 44 networks of a table, in the order of their styles, and three that nobody can draw.
        let drawn = crate::drawn::styles();
        let name = |index: usize| format!("onnx-drawn_1_{index:03}_{}", drawn[index % drawn.len()]);
        let rows = (0..44).flat_map(|index| both(&name(index), 1.0 + index as f64, "gpool@gpool-7x7x512"));
        let without_steps = name(50);
        let others =
            [("onnx-mine", "gpool@gpool-7x7x512"), (&without_steps, ""), ("onnx-drawn_1_000_vit", "x")];
        let rows: Vec<Row> = rows.chain(others.iter().flat_map(|(name, ops)| both(name, 9.0, ops))).collect();
        let chosen = Anchors::choose(&rows, ("s", ""), &conditions(), Speed::Fast, &[]).subjects;
        assert_eq!(chosen.len(), MOST);
        assert!(chosen.windows(2).all(|pair| pair[0].hot_ms < pair[1].hot_ms), "{chosen:?}");
        let place = |anchor: &Anchor| anchor.drawn() == Some((1, anchor.hot_ms as usize - 1));
        assert!(chosen.iter().all(place), "{chosen:?}");
        assert!(chosen[0].hot_ms <= 3.0 && chosen[MOST - 1].hot_ms >= 42.0, "over the whole range");
    }

    #[test]
    fn files_without_anchors_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        for (text, reason) in
            [("{}", "carries no anchors"), ("[", "neither a table"), (r#"{"anchors": 3}"#, "neither a table")]
        {
            std::fs::write(&path, text).unwrap();
            let error = Anchors::read(&path).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let found = Anchors::choose(&rows(), ("s", "t"), &conditions(), Speed::Fast, &[]);
        std::fs::write(&path, serde_json::json!({ "anchors": found, "format": "x" }).to_string()).unwrap();
        assert_eq!(Anchors::read(&path).unwrap(), found);
    }
}
