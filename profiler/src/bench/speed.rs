//! Which of the machine's speeds a part compares figures at.

use serde::{Deserialize, Serialize};

use crate::measure::{SLOW_RATIO, Speed, slower_than_known};
use crate::record::{Reference, SpeedReport};
use crate::spec::named;

/// Which speed is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeedRule {
    /// The fast one where every table had it for a fifth of its time, else the sustained one.
    Auto,
    /// The fastest that the machine really has.
    Fast,
    /// The one that it has most of the time.
    Sustained,
}

named!(SpeedRule, "speed of a bench", Auto = "auto", Fast = "fast", Sustained = "sustained");

/// The speed that a part's figures are of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartSpeed {
    /// It.
    pub speed: Speed,
    /// Why, in words.
    pub reason: String,
}

/// What a table says of the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MachineSpeeds {
    pub(super) report: SpeedReport,
    /// Whether the machine never was as fast as it is known to be.
    pub(super) is_slow: bool,
}

/// Share of the time that the fast speed must have had.
const FEWEST_FAST: f64 = 0.2;

impl SpeedRule {
    /// The speed at which tables are compared with each other, given what each says of the machine.
    pub(super) fn choose(self, tables: &[&MachineSpeeds]) -> PartSpeed {
        let of = |speed, reason: String| PartSpeed { speed, reason };
        match self {
            Self::Fast => of(Speed::Fast, "asked for".to_owned()),
            Self::Sustained => of(Speed::Sustained, "asked for".to_owned()),
            Self::Auto => {
                if tables.iter().all(|table| table.report.modes.is_empty()) {
                    return of(Speed::Fast, "too little was timed to tell the machine's speeds".to_owned());
                }
                let least = tables.iter().map(|table| fast_share(table, tables)).fold(1.0, f64::min);
                let had = format!("the machine had its fast speed {:.0} % of the time", 100.0 * least);
                if least >= FEWEST_FAST {
                    of(Speed::Fast, format!("{had}, at least"))
                } else {
                    of(Speed::Sustained, format!("{had} in one of the tables; a fifth is wanted"))
                }
            }
        }
    }
}

/// Share of the time that a table had the fastest speed of all tables, and none of a machine that is known to be faster.
fn fast_share(table: &MachineSpeeds, tables: &[&MachineSpeeds]) -> f64 {
    let is_slower = |other: &&MachineSpeeds| slower(table, other, Speed::Fast) > SLOW_RATIO;
    if table.is_slow || tables.iter().any(is_slower) {
        return 0.0;
    }
    // Modes have shares of the turns, and turns are longer where the machine is slower. Without modes, too little was timed to
    // tell speeds apart.
    let time: f64 = table.report.modes.iter().map(|mode| mode.share * mode.ratio).sum();
    table.report.modes.first().map_or(1.0, |mode| mode.share / time)
}

/// How many times as long as in `other` references took in `table` at a speed; 1 where none was timed in both.
fn slower(table: &MachineSpeeds, other: &MachineSpeeds, speed: Speed) -> f64 {
    let ratio = |mine: &Reference| {
        let theirs = other.report.references.iter().find(|theirs| theirs.name == mine.name)?;
        Some(mine.level(speed)?.hot_ns / theirs.level(speed)?.hot_ns)
    };
    slower_than_known(table.report.references.iter().filter_map(ratio).collect()).unwrap_or(1.0)
}

/// Why figures of these tables are of different speeds, though they are called the same; `None` if they are not.
pub(super) fn not_alike(tables: &[&MachineSpeeds], speed: Speed) -> Option<String> {
    let pairs = tables.iter().flat_map(|table| tables.iter().map(move |other| slower(table, other, speed)));
    let most = pairs.fold(1.0, f64::max);
    (most > SLOW_RATIO)
        .then(|| format!("in one of the tables the {speed} speed was {most:.2} times as slow as in another"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{ModeReport, ReferenceLevel};

    /// A machine of a fast speed that has this share of the turns, and one 1.83 times as slow; references take so long at these speeds.
    fn table(share: f64, fast_ns: f64, sustained_ns: f64) -> MachineSpeeds {
        let level = |hot_ns| ReferenceLevel { hot_ns, cold_ns: hot_ns };
        let mode = |ratio, share| ModeReport { ratio, share, turns: 100 };
        let reference = |name: &str| Reference {
            name: name.to_owned(),
            fast: level(fast_ns),
            sustained: Some(level(sustained_ns)),
        };
        let report = SpeedReport {
            speeds: Vec::new(),
            modes: vec![mode(1.0, share), mode(1.83, 1.0 - share)],
            references: vec![reference("arithmetic"), reference("memory")],
        };
        MachineSpeeds { report, is_slow: false }
    }

    #[test]
    fn the_fast_speed_is_taken_where_every_table_had_it_for_a_fifth_of_the_time() {
        // Of the time: 0.32 / (0.32 + 0.68 · 1.83) = 20.5 %, 0.3 / (0.3 + 0.7 · 1.83) = 19 %.
        let (often, rare) = (table(0.32, 100.0, 183.0), table(0.3, 100.0, 183.0));
        let speed = |tables: &[&MachineSpeeds]| SpeedRule::Auto.choose(tables).speed;
        assert_eq!(speed(&[&often, &often]), Speed::Fast);
        assert_eq!(speed(&[&often, &rare]), Speed::Sustained);
        assert!(SpeedRule::Auto.choose(&[&rare]).reason.contains("19 %"));
        assert_eq!(SpeedRule::Fast.choose(&[&rare]).speed, Speed::Fast);
        assert_eq!(SpeedRule::Sustained.choose(&[&often]).speed, Speed::Sustained);
        assert_eq!(speed(&[&MachineSpeeds { is_slow: true, ..often }]), Speed::Sustained);
        // Nothing is known.
        assert_eq!(speed(&[&MachineSpeeds::default()]), Speed::Fast);
    }

    #[test]
    fn a_table_without_the_fast_speed_of_the_others_had_it_for_none_of_the_time() {
        // One speed only, and that is the slow one.
        let mut slow = table(1.0, 183.0, 183.0);
        slow.report.modes.truncate(1);
        let rare = table(0.3, 100.0, 183.0);
        assert_eq!(SpeedRule::Auto.choose(&[&slow]).speed, Speed::Fast);
        assert_eq!(SpeedRule::Auto.choose(&[&rare, &slow]).speed, Speed::Sustained);
        assert_eq!(not_alike(&[&rare, &slow], Speed::Sustained), None);
        assert!(not_alike(&[&rare, &slow], Speed::Fast).unwrap().contains("1.83 times"));
    }
}
