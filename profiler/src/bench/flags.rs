//! Figures that say themselves that they are not what was asked for.

use std::collections::BTreeMap;

use crate::record::{Row, Status};

/// What each of several figures says against itself, where it says something.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags(Vec<Option<&'static str>>);

/// Share of flagged figures beyond which nothing can be said.
const MOST_FLAGGED: f64 = 0.1;

/// What a row says against itself.
pub(super) fn flag(row: &Row) -> Option<&'static str> {
    match row.status {
        Status::Scaled => Some("scaled from another speed"),
        Status::Slow => Some("of a machine slower than it is known to be"),
        Status::Preempted => Some("of pre-empted runs"),
        Status::Ok | Status::Wide | Status::Contended => None,
    }
}

impl Flags {
    pub(super) fn of(flags: impl Iterator<Item = Option<&'static str>>) -> Self {
        Self(flags.collect())
    }

    /// Adds what figures of another table say, in the same order.
    pub(super) fn add(&mut self, flags: impl Iterator<Item = Option<&'static str>>) {
        for (index, flag) in flags.enumerate() {
            if self.0.len() == index {
                self.0.push(None);
            }
            self.0[index] = self.0[index].or(flag);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Option<&'static str>> {
        self.0.iter().copied()
    }

    /// Why a goal that rests on these figures is not shown; `None` where at least nine in ten have no flag.
    pub(super) fn not_shown(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        self.0.iter().flatten().for_each(|flag| *counts.entry(flag).or_default() += 1);
        let flagged: usize = counts.values().sum();
        (flagged as f64 > MOST_FLAGGED * self.0.len() as f64).then(|| {
            let named: Vec<String> = counts.iter().map(|(flag, count)| format!("{count} {flag}")).collect();
            format!("of {} figures are {}", self.0.len(), named.join(", "))
        })
    }

    /// Those of `values` that count: without a flag, or all where the goal is not shown.
    pub(super) fn counted<T: Clone>(&self, values: &[T]) -> Vec<T> {
        let all = self.not_shown().is_some();
        let pairs = values.iter().zip(&self.0);
        pairs.filter(|(_, flag)| all || flag.is_none()).map(|(value, _)| value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Cache, Level};

    #[test]
    fn a_goal_bears_one_flagged_figure_in_ten() {
        let mut flags = Flags::default();
        flags.add((0..10).map(|i| (i == 3).then_some("scaled")));
        assert_eq!(flags.not_shown(), None);
        assert_eq!(flags.counted(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
        // Another table has another one: two in ten.
        flags.add((0..10).map(|i| (i == 4).then_some("wide")));
        assert_eq!(flags.not_shown().unwrap(), "of 10 figures are 1 scaled, 1 wide");
        assert_eq!(flags.counted(&[0; 10]).len(), 10);
    }

    #[test]
    fn what_is_wide_or_contended_is_still_of_the_speed_that_it_says() {
        let row = |status| Row { status, ..Row::exact("a", Level::Op, Cache::Hot, 1.0) };
        assert!([Status::Ok, Status::Wide, Status::Contended].iter().all(|s| flag(&row(*s)).is_none()));
        assert!([Status::Scaled, Status::Slow, Status::Preempted].iter().all(|s| flag(&row(*s)).is_some()));
    }
}
