//! `--speed`: which of the machine's speeds figures are of.

use clap::{Args, ValueEnum};

use crate::{measure::Speed, record::SpeedReport};

/// Which speeds to measure at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SpeedChoice {
    /// The fastest speed that the machine really has.
    Fast,
    /// The speed that it has most of the time.
    Sustained,
    /// Both: two rows for each figure.
    Both,
}

/// The option.
#[derive(Clone, Debug, Args)]
pub(super) struct SpeedArgs {
    /// The speed of the machine that figures are of. Many machines have two or more and change between them within seconds: shared
    /// ones by their neighbours, phones by heat and clocks.
    #[arg(long, value_name = "SPEED", default_value = "fast")]
    speed: SpeedChoice,
}

impl SpeedArgs {
    pub(super) fn speeds(&self) -> Vec<Speed> {
        match self.speed {
            SpeedChoice::Fast => vec![Speed::Fast],
            SpeedChoice::Sustained => vec![Speed::Sustained],
            SpeedChoice::Both => vec![Speed::Fast, Speed::Sustained],
        }
    }
}

/// The speeds in words: `its one speed`, or `2 speeds: 27 % of the time the fastest, 73 % 1.75 times as slow`.
pub(super) fn in_words(report: &SpeedReport) -> String {
    match &report.modes[..] {
        [] => "too few subjects to determine its speeds".to_owned(),
        [_] => "one speed".to_owned(),
        [fastest, slower @ ..] => {
            let slower: Vec<String> = slower
                .iter()
                .map(|mode| format!("{:.0} % at 1/{:.2} of it", 100.0 * mode.share, mode.ratio))
                .collect();
            let count = report.modes.len();
            format!(
                "{count} speeds: {:.0} % of the turns at the fastest, {}",
                100.0 * fastest.share,
                slower.join(", ")
            )
        }
    }
}
