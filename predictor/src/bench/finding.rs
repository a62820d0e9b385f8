//! A figure beside its goal.

use serde::Serialize;

/// Where a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Between these.
    Between(f64, f64),
    /// Only shown.
    Shown,
}

/// A figure beside its goal; fractions in 0 to 1 unless its name says a unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// What it is.
    pub figure: &'static str,
    /// What is reached.
    pub reached: f64,
    /// What is to be reached.
    pub goal: Bound,
    /// Whether it is; nothing where there is no goal.
    pub met: Option<bool>,
}

impl Goal {
    /// A figure beside its goal.
    #[must_use]
    pub fn new(figure: &'static str, reached: f64, goal: Bound) -> Self {
        let met = match goal {
            Bound::AtMost(limit) => Some(reached <= limit),
            Bound::AtLeast(limit) => Some(reached >= limit),
            Bound::Between(low, high) => Some(low <= reached && reached <= high),
            Bound::Shown => None,
        };
        Self { figure, reached, goal, met }
    }

    /// By how much a coverage of 90 % may be off by chance: the standard deviation of a share of this many independent rows.
    #[must_use]
    pub fn coverage_chance(rows: usize) -> Self {
        Self::new("coverage, chance alone (±)", (0.9 * 0.1 / rows.max(1) as f64).sqrt(), Bound::Shown)
    }

    /// The goal of 90 % intervals.
    #[must_use]
    pub fn coverage(reached: f64) -> Self {
        Self::new("coverage_90", reached, Bound::Between(0.87, 0.93))
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
    pub goals: Vec<Goal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_met_at_their_bounds() {
        let met = |reached, goal| Goal::new("x", reached, goal).met;
        assert_eq!(met(0.02, Bound::AtMost(0.02)), Some(true));
        assert_eq!(met(0.03, Bound::AtMost(0.02)), Some(false));
        assert_eq!(met(0.97, Bound::AtLeast(0.97)), Some(true));
        assert_eq!(met(f64::NAN, Bound::AtLeast(0.97)), Some(false));
        assert_eq!(Goal::coverage(0.94).met, Some(false));
        assert_eq!(met(0.5, Bound::Shown), None);
    }
}
