//! Which subjects are kept from the fit, so that it can be scored on them.

use std::collections::{BTreeMap, BTreeSet};

use profiler::record::{Level, Row};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::repeat::{OpRepeats, Repeat, Repeats};
use crate::{
    error::PredictorError,
    work::{OpEntry, TERMS},
};

/// Subjects by level, as their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// Ops.
    pub op: BTreeSet<String>,
    /// Networks.
    pub network: BTreeSet<String>,
}

impl Subjects {
    /// All subjects of a table.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let mut subjects = Self::default();
        for row in rows {
            subjects.level_mut(row.level).insert(row.subject.clone());
        }
        subjects
    }

    /// Whether the row's subject is one of them.
    #[must_use]
    pub fn contains(&self, row: &Row) -> bool {
        match row.level {
            Level::Op => self.op.contains(&row.subject),
            Level::Network => self.network.contains(&row.subject),
        }
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let rest = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
        Self { op: rest(&self.op, &other.op), network: rest(&self.network, &other.network) }
    }

    /// Measurements that are not of networks or groups of these names.
    #[must_use]
    pub fn kept_from(&self, repeats: &Repeats) -> Repeats {
        let kept = |repeat: &&Repeat| repeat.group.as_ref().is_none_or(|group| !self.network.contains(group));
        let of_op = |(op, told): (&String, &Vec<Repeat>)| {
            let told: Vec<Repeat> = told.iter().filter(kept).cloned().collect();
            (op.clone(), told)
        };
        let of_session = |(session, ops): (&String, &OpRepeats)| {
            (session.clone(), ops.iter().map(of_op).collect::<OpRepeats>())
        };
        repeats.iter().map(of_session).collect()
    }

    fn level_mut(&mut self, level: Level) -> &mut BTreeSet<String> {
        match level {
            Level::Op => &mut self.op,
            Level::Network => &mut self.network,
        }
    }
}

/// Draws `fraction` of the ops and of the networks, in all cache states at once.
///
/// An op that is the last of its kind, or the last with some work term, is never drawn: a model without it could not
/// answer at all. Where the table says what ops were measured together with, such groups (the networks that they were
/// traced in) are drawn as wholes, with the ops that no other group has.
///
/// # Errors
/// [`PredictorError::Option`] for a fraction outside 0 to 0.9.
pub(crate) fn draw_hold_out(
    rows: &[Row],
    repeats: &Repeats,
    fraction: f64,
    seed: u64,
) -> Result<Subjects, PredictorError> {
    if !(0.0..=0.9).contains(&fraction) {
        let value = fraction.to_string();
        return Err(PredictorError::Option {
            option: "hold out",
            value,
            expected: "a fraction from 0 to 0.9",
        });
    }
    let mut random = Pcg64::seed_from_u64(seed);
    let all = Subjects::of(rows);
    let mut shuffled = |subjects: &BTreeSet<String>| {
        let mut keys: Vec<String> = subjects.iter().cloned().collect();
        keys.shuffle(&mut random);
        keys
    };
    let count = |subjects: &BTreeSet<String>| (subjects.len() as f64 * fraction).round() as usize;
    let mut by_key = OpRepeats::new();
    for (key, told) in repeats.values().flatten() {
        by_key.entry(key.clone()).or_default().extend(told.iter().cloned());
    }
    let groups: BTreeSet<String> = by_key.values().flatten().filter_map(|r| r.group.clone()).collect();
    if !groups.is_empty() {
        return draw_groups(&shuffled(&groups), count(&groups), &by_key);
    }
    let op = draw_ops(shuffled(&all.op), count(&all.op))?;
    let network = shuffled(&all.network).into_iter().take(count(&all.network)).collect();
    Ok(Subjects { op, network })
}

fn draw_ops(keys: Vec<String>, count: usize) -> Result<BTreeSet<String>, PredictorError> {
    let mut remaining: BTreeMap<String, usize> = BTreeMap::new();
    let mut pool = Vec::with_capacity(keys.len());
    for key in keys {
        let needs = needs(&key)?;
        needs.iter().for_each(|need| *remaining.entry(need.clone()).or_default() += 1);
        pool.push((key, needs));
    }
    let mut drawn = BTreeSet::new();
    for (key, needs) in pool {
        if drawn.len() == count {
            break;
        }
        if needs.iter().all(|need| remaining.get(need).is_some_and(|left| *left > 1)) {
            needs.iter().for_each(|need| *remaining.entry(need.clone()).or_default() -= 1);
            drawn.insert(key);
        }
    }
    Ok(drawn)
}

/// The work terms and the kind that other ops must have, too, if the op of a key is to be left out.
fn needs(key: &str) -> Result<Vec<String>, PredictorError> {
    let op: OpEntry = key.parse()?;
    let terms = TERMS.iter().zip(op.features.work).filter(|(_, amount)| *amount > 0.0);
    Ok(terms.map(|(term, _)| term.name.to_owned()).chain([op.kind]).collect())
}

/// Groups as wholes: ops of which every measurement is in one of them are left out with them.
fn draw_groups(groups: &[String], count: usize, repeats: &OpRepeats) -> Result<Subjects, PredictorError> {
    let mut remaining: BTreeMap<String, usize> = BTreeMap::new();
    let mut needs_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in repeats.keys() {
        let needs = needs(key)?;
        needs.iter().for_each(|need| *remaining.entry(need.clone()).or_default() += 1);
        needs_of.insert(key, needs);
    }
    let mut drawn = Subjects::default();
    for group in groups {
        if drawn.network.len() == count {
            break;
        }
        let inside = |repeat: &Repeat| {
            repeat.group.as_ref().is_some_and(|found| found == group || drawn.network.contains(found))
        };
        let lost: Vec<&String> = repeats
            .iter()
            .filter(|(key, told)| !drawn.op.contains(*key) && told.iter().all(inside))
            .map(|(key, _)| key)
            .collect();
        let mut without = remaining.clone();
        let needs = lost.iter().filter_map(|key| needs_of.get(key.as_str())).flatten();
        needs.for_each(|need| *without.entry(need.clone()).or_default() -= 1);
        if without.values().all(|left| *left > 0) {
            drawn.op.extend(lost.into_iter().cloned());
            drawn.network.insert(group.clone());
            remaining = without;
        }
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::small_space_rows;

    #[test]
    fn the_draw_is_seeded_and_never_takes_the_last_of_a_kind() {
        let rows = small_space_rows(0.0, 30);
        let all = Subjects::of(&rows);
        for seed in 0..20 {
            let drawn = draw_hold_out(&rows, &Repeats::new(), 0.2, seed).unwrap();
            assert_eq!(drawn, draw_hold_out(&rows, &Repeats::new(), 0.2, seed).unwrap());
            assert_eq!(drawn.op.len(), (all.op.len() as f64 * 0.2).round() as usize);
            assert_eq!(drawn.network.len(), 6);
            let rest = all.without(&drawn);
            assert_eq!(rest.op.len() + drawn.op.len(), all.op.len());
            for kind in ["conv-28x28x1-", "gpool-", "linear-"] {
                assert!(rest.op.iter().any(|key| key.starts_with(kind)), "{kind}");
            }
        }
        assert_ne!(
            draw_hold_out(&rows, &Repeats::new(), 0.2, 1).unwrap(),
            draw_hold_out(&rows, &Repeats::new(), 0.2, 2).unwrap()
        );
        assert_eq!(draw_hold_out(&rows, &Repeats::new(), 0.0, 1).unwrap(), Subjects::default());
    }

    #[test]
    fn absurd_fractions_are_refused() {
        for fraction in [-0.1, 0.95, 1.0, f64::NAN, f64::INFINITY] {
            let error = draw_hold_out(&small_space_rows(0.0, 0), &Repeats::new(), fraction, 1)
                .unwrap_err()
                .to_string();
            assert!(error.contains("hold out is"), "{error}");
        }
    }
}
