//! How fast a machine is known to be, by how fast its sessions found it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::measure::{SLOW_RATIO, slower_than_known};

/// Two sessions reached the same level when they are so close: a fraction.
const SAME_LEVEL: f64 = 0.03;

/// What a session's references took in its fastest mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SessionLevels {
    /// The session's id.
    pub(super) session: String,
    /// When it ended, UTC, RFC 3339.
    pub(super) finished: String,
    /// Nanoseconds by reference.
    pub(super) levels_ns: BTreeMap<String, f64>,
}

/// A session that was slower than its machine is known to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortfall {
    /// How much longer everything took: 1.12 is 12 % slower.
    pub ratio: f64,
    /// The session that is closest to the known speed.
    pub session: String,
    /// When that one ended, UTC, RFC 3339.
    pub finished: String,
}

impl Shortfall {
    /// What a reader of the table should know.
    pub fn warning(&self) -> String {
        format!(
            "this session never reached the machine's known speed: its fastest mode was {:.0} % slower than that of session {} ({}); \
             the machine was busy, throttled or set otherwise: see `profiler doctor`, and measure again",
            100.0 * (self.ratio - 1.0),
            self.session,
            self.finished
        )
    }
}

/// What one session reached alone may be an error when another was slower by at most this fraction; more is no error.
const MOST_ERROR: f64 = 0.1;

/// Per reference the fastest level that two sessions reached, unless one was faster still by far: disturbances only ever slow
/// down.
pub(super) fn known_levels(sessions: &[SessionLevels]) -> BTreeMap<&str, f64> {
    let names: BTreeSet<&String> = sessions.iter().flat_map(|session| session.levels_ns.keys()).collect();
    let known = |name: &&String| {
        let of_all = sessions.iter().filter_map(|session| session.levels_ns.get(*name).copied());
        let mut levels: Vec<f64> = of_all.collect();
        levels.sort_by(f64::total_cmp);
        let fastest = levels.first().copied()?;
        let agreed = levels.windows(2).find(|pair| pair[1] <= pair[0] * (1.0 + SAME_LEVEL));
        let agreed = agreed.map(|pair| pair[0]).filter(|level| *level <= fastest * (1.0 + MOST_ERROR));
        Some(agreed.unwrap_or(fastest))
    };
    names.iter().filter_map(|name| Some((name.as_str(), known(name)?))).collect()
}

/// How much longer the references took, those that both have.
fn ratios(levels_ns: &BTreeMap<String, f64>, known_ns: &BTreeMap<&str, f64>) -> BTreeMap<String, f64> {
    let ratio = |(name, level): (&String, &f64)| Some((name.clone(), level / known_ns.get(name.as_str())?));
    levels_ns.iter().filter_map(ratio).collect()
}

/// How much longer everything took; `None` without any reference in common.
fn ratio(levels_ns: &BTreeMap<String, f64>, known_ns: &BTreeMap<&str, f64>) -> Option<f64> {
    slower_than_known(ratios(levels_ns, known_ns).into_values().collect())
}

/// References that were so much slower that others must have taken what they need, by how much.
pub(super) fn slowed(sessions: &[SessionLevels], levels_ns: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    const SLOWED: f64 = 1.25;
    let ratios = ratios(levels_ns, &known_levels(sessions));
    ratios.into_iter().filter(|(_, ratio)| *ratio > SLOWED).collect()
}

/// How far these levels fall short of what the sessions reached; `None` when they do not, or have no reference in common.
pub(super) fn shortfall(sessions: &[SessionLevels], levels_ns: &BTreeMap<String, f64>) -> Option<Shortfall> {
    let known_ns = known_levels(sessions);
    let ratio_to_known = ratio(levels_ns, &known_ns).filter(|ratio| *ratio > SLOW_RATIO)?;
    let distance = |session: &SessionLevels| Some(ratio(&session.levels_ns, &known_ns)?.ln().abs());
    // Of equally close ones the latest.
    let distances = sessions.iter().rev().filter_map(|session| Some((session, distance(session)?)));
    let (closest, _) = distances.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let (session, finished) = (closest.session.clone(), closest.finished.clone());
    Some(Shortfall { ratio: ratio_to_known, session, finished })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(named: &[(&str, f64)]) -> BTreeMap<String, f64> {
        named.iter().map(|(name, ns)| ((*name).to_owned(), *ns)).collect()
    }

    fn sessions(all: &[&[(&str, f64)]]) -> Vec<SessionLevels> {
        let session = |(index, named): (usize, &&[(&str, f64)])| SessionLevels {
            session: format!("s{index}"),
            finished: format!("2026-01-0{}T00:00:00Z", index + 1),
            levels_ns: levels(named),
        };
        all.iter().enumerate().map(session).collect()
    }

    #[test]
    fn a_level_is_known_when_two_sessions_reached_it() {
        let known = |ns: &[f64]| {
            let all: Vec<[(&str, f64); 1]> = ns.iter().map(|ns| [("a", *ns)]).collect();
            let all: Vec<&[(&str, f64)]> = all.iter().map(|one| one.as_slice()).collect();
            known_levels(&sessions(&all)).get("a").copied()
        };
        assert_eq!(known(&[]), None);
        assert_eq!(known(&[120.0]), Some(120.0));
        // 103 is within 3 % of 100, 104 is not.
        assert_eq!(known(&[103.0, 130.0, 100.0]), Some(100.0));
        assert_eq!(known(&[104.0, 130.0, 100.0]), Some(100.0), "no two agree: the fastest");
        // 92 was reached once, 100 twice: what the only one of its kind reached may be an error. 80 can be none.
        assert_eq!(known(&[100.0, 92.0, 102.0]), Some(100.0));
        assert_eq!(known(&[100.0, 80.0, 102.0]), Some(80.0));
    }

    #[test]
    fn the_machine_is_slower_when_most_shared_references_are() {
        let known =
            sessions(&[&[("a", 100.0), ("b", 1000.0)], &[("a", 101.0), ("d", 10.0)], &[("a", 150.0)]]);
        // 1.21, 1.15 and 1.8: the middle one. A reference that the others do not have does not count.
        let now = levels(&[("a", 121.0), ("b", 1150.0), ("c", 7.0), ("d", 18.0)]);
        let found = shortfall(&known, &now).unwrap();
        assert!((found.ratio - 1.21).abs() < 1e-9, "{found:?}");
        assert_eq!((found.session.as_str(), found.finished.as_str()), ("s1", "2026-01-02T00:00:00Z"));
        insta::assert_snapshot!(found.warning(), @"this session never reached the machine's known speed: its fastest mode was 21 % slower than that of session s1 (2026-01-02T00:00:00Z); the machine was busy, throttled or set otherwise: see `profiler doctor`, and measure again");
        assert_eq!(shortfall(&known, &levels(&[("a", 109.9)])), None, "10 % is no shortfall");
        assert_eq!(shortfall(&known, &levels(&[("a", 60.0)])), None, "nor is it to be faster");
        // One alone, or one of two: it is not the machine, but it is reported.
        assert_eq!(shortfall(&known, &levels(&[("a", 100.0), ("d", 18.0)])), None);
        assert_eq!(slowed(&known, &now), [("d".to_owned(), 1.8)]);
        assert_eq!(shortfall(&known, &levels(&[("c", 1.0)])), None);
        assert_eq!(shortfall(&[], &levels(&[("a", 1.0)])), None);
    }

    #[test]
    fn the_session_that_is_named_is_the_latest_that_reached_the_known_speed() {
        let known = sessions(&[&[("a", 92.0)], &[("a", 100.0)], &[("a", 100.0)], &[("a", 101.0)]]);
        let found = shortfall(&known, &levels(&[("a", 112.0)])).unwrap();
        assert_eq!((found.session.as_str(), (found.ratio * 100.0).round()), ("s2", 112.0));
    }
}
