//! A figure beside its goal.

use profiler::bench::Goal;
use serde::Serialize;

use crate::learn::Scores;

/// A figure beside its goal; fractions in 0 to 1 unless its name says a unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub figure: &'static str,
    /// What is reached.
    pub reached: f64,
    /// What is to be reached; nothing where it is only shown.
    pub goal: Option<Goal>,
    /// Whether it is; nothing where there is no goal.
    pub met: Option<bool>,
}

impl Figure {
    /// A figure beside its goal.
    pub fn new(figure: &'static str, reached: f64, goal: impl Into<Option<Goal>>) -> Self {
        let goal = goal.into();
        Self { figure, reached, goal, met: goal.map(|goal| goal.is_met_by(reached)) }
    }

    /// A figure without a goal.
    pub fn shown(figure: &'static str, reached: f64) -> Self {
        Self { figure, reached, goal: None, met: None }
    }

    /// By how much a coverage of 90 % may be off by chance: the standard deviation of a share of this many independent rows.
    pub fn coverage_chance(rows: usize) -> Self {
        Self::shown("coverage, chance alone (±)", (0.9 * 0.1 / rows.max(1) as f64).sqrt())
    }

    /// Mean error, share within ±10 % and coverage, without goals but for the first.
    pub(super) fn errors([mape, within_10, coverage]: [f64; 3], goal: Option<Goal>) -> Vec<Self> {
        let shown = [("within_10", within_10), ("coverage_90", coverage)];
        let shown = shown.map(|(figure, reached)| Self::shown(figure, reached));
        [Self::new("mape", mape, goal)].into_iter().chain(shown).collect()
    }

    /// Coverage beside its goal, and the errors of the same rows.
    pub(super) fn covered(scores: &Scores) -> Vec<Self> {
        let coverage = [Self::coverage(scores.coverage_90), Self::coverage_chance(scores.n)];
        let errors = [Self::shown("mape", scores.mape), Self::shown("within_10", scores.within_10)];
        errors.into_iter().chain(coverage).collect()
    }

    /// The goal of 90 % intervals.
    pub fn coverage(reached: f64) -> Self {
        Self::new("coverage_90", reached, Goal::Between(0.87, 0.93))
    }
}

/// What is reached in one case of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// The device, the rows fitted on, and the like.
    pub case: String,
    /// By which model.
    pub model: String,
    /// Rows scored.
    pub rows: usize,
    /// Figures.
    pub goals: Vec<Figure>,
}

impl Finding {
    pub(super) fn new(table: &str, case: String, model: &str, rows: usize, goals: Vec<Figure>) -> Self {
        Self { table: table.to_owned(), case, model: model.to_owned(), rows, goals }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_without_a_goal_is_only_shown() {
        assert_eq!(Figure::coverage(0.93).met, Some(true));
        assert_eq!(Figure::coverage(0.94).met, Some(false));
        assert_eq!(Figure::coverage_chance(9).met, None);
    }
}
