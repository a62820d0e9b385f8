//! When to let the machine cool.

use clap::Args;

use crate::measure::{HeatLimits, HeatReport};

/// Arguments of the thermal watch.
#[derive(Clone, Debug, Args)]
pub(super) struct HeatArgs {
    /// Pause when the case or the battery is this hot.
    #[arg(long, value_name = "CELSIUS", default_value_t = HeatLimits::default().skin_celsius)]
    skin_limit: f64,
    /// Pause when the processor is this hot.
    #[arg(long, value_name = "CELSIUS", default_value_t = HeatLimits::default().soc_celsius)]
    soc_limit: f64,
    /// A pause ends when it is so much cooler than the limit.
    #[arg(long, value_name = "CELSIUS", default_value_t = HeatLimits::default().fall_celsius)]
    cool_by: f64,
    /// A pause ends after this time at the latest, with a warning. Pauses count towards the budget.
    #[arg(long, value_name = "SECONDS", default_value_t = HeatLimits::default().longest_pause_ns / 1_000_000_000)]
    longest_pause_s: u64,
    /// Never pause; temperatures are still recorded.
    #[arg(long, conflicts_with_all = ["skin_limit", "soc_limit", "cool_by", "longest_pause_s"])]
    no_cooling: bool,
}

impl HeatArgs {
    /// The limits; `None` for never.
    pub(super) fn limits(&self) -> Option<HeatLimits> {
        (!self.no_cooling).then_some(HeatLimits {
            skin_celsius: self.skin_limit,
            soc_celsius: self.soc_limit,
            fall_celsius: self.cool_by,
            longest_pause_ns: self.longest_pause_s.saturating_mul(1_000_000_000),
        })
    }
}

/// Says on stderr what was watched and how long it was waited.
pub(super) fn report(heat: &HeatReport) {
    if heat.sensors.is_empty() {
        crate::note!("note: no temperature sensor can be read here, so heat was not watched");
    }
    if !heat.pauses.is_empty() {
        let paused_s = heat.pauses.iter().map(|pause| pause.took_ns).sum::<u64>() as f64 / 1e9;
        crate::note!(
            "note: paused {} times, {paused_s:.0} s in all, for the machine to cool",
            heat.pauses.len()
        );
    }
}
