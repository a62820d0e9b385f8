//! Which subjects are kept from the fit, so that it can be scored on them.

use std::collections::{BTreeMap, BTreeSet};

use profiler::record::{Level, Row};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::sample::{OpRepeats, Repeat, Repeats};
use crate::error::PredictorError;
use crate::work::{OpEntry, TERMS};

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
    pub fn of(rows: &[Row]) -> Self {
        let mut subjects = Self::default();
        for row in rows {
            let level = match row.level {
                Level::Op => &mut subjects.op,
                Level::Network => &mut subjects.network,
            };
            level.insert(row.subject.clone());
        }
        subjects
    }

    /// Whether the row's subject is one of them.
    pub fn contains(&self, row: &Row) -> bool {
        match row.level {
            Level::Op => self.op.contains(&row.subject),
            Level::Network => self.network.contains(&row.subject),
        }
    }

    /// Those that are not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        let rest = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
        Self { op: rest(&self.op, &other.op), network: rest(&self.network, &other.network) }
    }

    /// Measurements that are not of networks or groups of these names.
    pub fn kept_from(&self, repeats: &Repeats) -> Repeats {
        let kept = |repeat: &Repeat| repeat.group.as_ref().is_none_or(|group| !self.network.contains(group));
        let mut repeats = repeats.clone();
        for of_op in repeats.values_mut().flat_map(BTreeMap::values_mut) {
            of_op.retain(kept);
        }
        repeats
    }
}

/// Draws `fraction` of the ops and of the networks, in all cache states at once.
///
/// An op that is the last of its kind, or the last with some work term, is never drawn: a model without it could not
/// answer at all. Where the table says what ops were measured together with, such groups (the networks that they were
/// traced in) are drawn as wholes, with the ops that no other group has.
pub(crate) fn draw_hold_out(
    rows: &[Row],
    repeats: &Repeats,
    fraction: f64,
    seed: u64,
) -> Result<Subjects, PredictorError> {
    if !(0.0..=0.9).contains(&fraction) {
        let (option, value, expected) = ("hold out", fraction.to_string(), "a fraction from 0 to 0.9");
        return Err(PredictorError::Option { option, value, expected });
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
    for (key, of_op) in repeats.values().flatten() {
        by_key.entry(key.clone()).or_default().extend(of_op.iter().cloned());
    }
    let groups: BTreeSet<String> = by_key.values().flatten().filter_map(|r| r.group.clone()).collect();
    if !groups.is_empty() {
        return draw_groups(&shuffled(&groups), count(&groups), &by_key);
    }
    let op = draw_ops(&shuffled(&all.op), count(&all.op))?;
    let network = shuffled(&all.network).into_iter().take(count(&all.network)).collect();
    Ok(Subjects { op, network })
}

fn draw_ops(keys: &[String], count: usize) -> Result<BTreeSet<String>, PredictorError> {
    let (needs, mut remaining) = all_needs(keys)?;
    let mut drawn = BTreeSet::new();
    for (key, needs) in keys.iter().zip(needs) {
        if drawn.len() == count {
            break;
        }
        if needs.iter().all(|need| remaining.get(need).is_some_and(|left| *left > 1)) {
            needs.into_iter().for_each(|need| *remaining.entry(need).or_default() -= 1);
            drawn.insert(key.clone());
        }
    }
    Ok(drawn)
}

/// How many ops have a need.
type Counts = BTreeMap<String, usize>;

/// The needs of each op, and how many ops have each.
fn all_needs<'a>(
    keys: impl IntoIterator<Item = &'a String>,
) -> Result<(Vec<Vec<String>>, Counts), PredictorError> {
    let all = keys.into_iter().map(|key| needs(key)).collect::<Result<Vec<_>, _>>()?;
    let mut counts = Counts::new();
    all.iter().flatten().for_each(|need| *counts.entry(need.clone()).or_default() += 1);
    Ok((all, counts))
}

/// The work terms and the kind that other ops must have, too, if the op of a key is to be left out.
fn needs(key: &str) -> Result<Vec<String>, PredictorError> {
    let op: OpEntry = key.parse()?;
    let terms = TERMS.iter().zip(op.features.work).filter(|(_, amount)| *amount > 0.0);
    Ok(terms.map(|(term, _)| term.name.to_owned()).chain([op.kind]).collect())
}

/// Groups as wholes: ops of which every measurement is in one of them are left out with them.
fn draw_groups(groups: &[String], count: usize, repeats: &OpRepeats) -> Result<Subjects, PredictorError> {
    let (needs, mut remaining) = all_needs(repeats.keys())?;
    let mut drawn = Subjects::default();
    for group in groups {
        if drawn.network.len() == count {
            break;
        }
        let inside = |repeat: &Repeat| {
            repeat.group.as_ref().is_some_and(|found| found == group || drawn.network.contains(found))
        };
        let lost: Vec<_> = repeats
            .iter()
            .zip(&needs)
            .filter(|((key, of_op), _)| !drawn.op.contains(*key) && of_op.iter().all(inside))
            .map(|((key, _), needs)| (key.clone(), needs))
            .collect();
        let mut without = remaining.clone();
        let needs = lost.iter().flat_map(|(_, needs)| *needs);
        needs.for_each(|need| *without.entry(need.clone()).or_default() -= 1);
        if without.values().all(|left| *left > 0) {
            drawn.op.extend(lost.into_iter().map(|(key, _)| key));
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
        let draw = |fraction, seed| draw_hold_out(&rows, &Repeats::new(), fraction, seed).unwrap();
        for seed in 0..20 {
            let drawn = draw(0.2, seed);
            assert_eq!(drawn, draw(0.2, seed));
            assert_eq!(drawn.op.len(), (all.op.len() as f64 * 0.2).round() as usize);
            assert_eq!(drawn.network.len(), 6);
            let rest = all.without(&drawn);
            assert_eq!(rest.op.len() + drawn.op.len(), all.op.len());
            for kind in ["conv-28x28x1-", "gpool-", "linear-"] {
                assert!(rest.op.iter().any(|key| key.starts_with(kind)), "{kind}");
            }
        }
        assert_ne!(draw(0.2, 1), draw(0.2, 2));
        assert_eq!(draw(0.0, 1), Subjects::default());
    }

    #[test]
    fn absurd_fractions_are_refused() {
        for fraction in [-0.1, 0.95, 1.0, f64::NAN, f64::INFINITY] {
            let error = draw_hold_out(&small_space_rows(0.0, 0), &Repeats::new(), fraction, 1).unwrap_err();
            assert!(error.to_string().contains("hold out is"), "{error}");
        }
    }
}
