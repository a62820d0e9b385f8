//! A figure of a bench and what it should be.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Both included.
    Between(f64, f64),
}

impl Goal {
    /// Whether a figure is what it should be; one that is no number never is.
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Between(least, most) => (least..=most).contains(&value),
        }
    }

    /// In words, with its numbers as `print` writes them.
    pub fn printed(self, print: impl Fn(f64) -> String) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", print(most)),
            Self::AtLeast(least) => format!("≥ {}", print(least)),
            Self::Between(least, most) => format!("{} to {}", print(least), print(most)),
        }
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Times something else.
    Times,
    /// A part of one; printed in per cent.
    Fraction,
    /// Mebibytes.
    Mebibytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    fn print(self, value: f64) -> String {
        match self {
            Self::Times => format!("{value:.3}"),
            Self::Fraction => format!("{:.1} %", 100.0 * value),
            Self::Mebibytes => format!("{value:.0} MiB"),
            Self::Milliseconds => format!("{value:.3} ms"),
        }
    }
}

/// A figure, its goal where it has one, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// What it is.
    pub name: String,
    /// The figure; no number (in JSON null) where too little was measured for one.
    #[serde(deserialize_with = "or_no_number")]
    pub value: f64,
    /// What it counts.
    pub unit: Unit,
    /// What it should be; `None` for figures that explain others.
    pub goal: Option<Goal>,
    /// Whether it is; `None` without a goal, and where that cannot be said.
    pub reached: Option<bool>,
    /// Why it cannot be said.
    pub not_shown: Option<String>,
    /// What it rests on, for people: counts, conditions, the figures it is made of.
    pub base: String,
}

impl Ratio {
    /// A figure that explains others.
    pub fn new(name: impl Into<String>, value: f64, unit: Unit, base: impl Into<String>) -> Self {
        Self { name: name.into(), value, unit, goal: None, reached: None, not_shown: None, base: base.into() }
    }

    /// The figure with a goal, of which nothing can be said if there is no figure.
    pub fn with_goal(self, goal: Goal) -> Self {
        let not_shown = (!self.value.is_finite()).then(|| format!("there is no figure: {}", self.base));
        let reached = Some(goal.is_met_by(self.value));
        Self { goal: Some(goal), reached, ..self }.shown_unless(not_shown)
    }

    /// The figure with a goal of which nothing can be said, if there is a reason for that.
    pub fn shown_unless(self, reason: Option<String>) -> Self {
        if reason.is_some() { Self { reached: None, not_shown: reason, ..self } } else { self }
    }

    /// The figure with a goal whose being missed says nothing, if there is a reason for that.
    pub fn missed_unless(self, reason: Option<String>) -> Self {
        if self.reached == Some(false) { self.shown_unless(reason) } else { self }
    }

    /// `reached`, `missed` or `not shown`; empty without a goal.
    pub fn verdict(&self) -> &'static str {
        match (self.reached, self.goal) {
            (Some(true), _) => "reached",
            (Some(false), _) => "missed",
            (None, Some(_)) => "not shown",
            (None, None) => "",
        }
    }

    /// The figure with its unit.
    pub fn printed_value(&self) -> String {
        if self.value.is_finite() { self.unit.print(self.value) } else { "none".to_owned() }
    }

    /// The goal with its unit; empty without one.
    pub fn printed_goal(&self) -> String {
        self.goal.map_or_else(String::new, |goal| goal.printed(|value| self.unit.print(value)))
    }
}

fn or_no_number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

/// Name, figure, goal and verdict.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.printed_value())?;
        if self.goal.is_none() {
            return Ok(());
        }
        write!(f, " (goal {}, {}", self.printed_goal(), self.verdict())?;
        self.not_shown.iter().try_for_each(|reason| write!(f, ": {reason}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_include_their_bounds_and_nothing_meets_them_by_being_no_number() {
        for (goal, met, missed) in [
            (Goal::AtMost(0.5), 0.5, 0.500_1),
            (Goal::AtLeast(1.0), 1.0, 0.999),
            (Goal::Between(0.98, 1.02), 0.98, 1.021),
        ] {
            assert!(goal.is_met_by(met) && !goal.is_met_by(missed) && !goal.is_met_by(f64::NAN), "{goal:?}");
        }
    }

    #[test]
    fn a_goal_without_a_figure_is_not_shown_and_read_back() {
        let ratio = Ratio::new("error", f64::NAN, Unit::Times, "0 ops").with_goal(Goal::AtMost(0.4));
        let read: Ratio = serde_json::from_str(&serde_json::to_string(&ratio).unwrap()).unwrap();
        let said = "error: none (goal ≤ 0.400, not shown: there is no figure: 0 ops)";
        assert_eq!([ratio.to_string(), read.to_string()], [said; 2]);
    }

    #[test]
    fn what_excuses_a_miss_takes_no_success_away() {
        let verdict = |value| {
            let ratio = Ratio::new("error", value, Unit::Times, "").with_goal(Goal::AtMost(0.4));
            ratio.missed_unless(Some("cut".to_owned())).verdict()
        };
        assert_eq!([0.4, 0.5].map(verdict), ["reached", "not shown"]);
    }

    #[test]
    fn figures_are_printed_with_their_unit_and_verdict() {
        let ratio = |value, unit| Ratio::new("error", value, unit, "");
        for (ratio, printed) in [
            (
                ratio(0.0512, Unit::Fraction).with_goal(Goal::AtMost(0.05)),
                "error: 5.1 % (goal ≤ 5.0 %, missed)",
            ),
            (
                ratio(0.9, Unit::Times).with_goal(Goal::Between(0.98, 1.02)),
                "error: 0.900 (goal 0.980 to 1.020, missed)",
            ),
            (ratio(211.6, Unit::Mebibytes), "error: 212 MiB"),
            (
                ratio(0.5, Unit::Times).with_goal(Goal::AtMost(0.4)).shown_unless(Some("busy".to_owned())),
                "error: 0.500 (goal ≤ 0.400, not shown: busy)",
            ),
        ] {
            assert_eq!(ratio.to_string(), printed);
        }
    }
}
