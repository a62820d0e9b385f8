//! Arguments about random networks, and about layers measured inside of networks.

use clap::{Args, builder::PossibleValuesParser};

use crate::drawn::styles;
use crate::layers::TracePlan;
use crate::measure::Protocol;
use crate::sweep::{Planned, plan_drawn};

/// Arguments of networks whose layers are measured, too.
#[derive(Clone, Debug, Args)]
pub(super) struct LayerArgs {
    /// Measure this many random networks, as `profiler sample --networks` draws them: as a whole, and layer by layer inside.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample_networks: usize,
    /// Draw networks of this style alone (repeatable).
    #[arg(long, value_name = "STYLE", requires = "sample_networks", value_parser = PossibleValuesParser::new(styles()))]
    style: Vec<String>,
    /// Measure the layers of the --onnx and --tflite models inside of them, too, but of those that Tailor exported: their ops are known.
    #[arg(long)]
    layers: bool,
    /// Seconds that the layers of a network may take; those of a large one take as long as six rounds do.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.5, value_parser = seconds)]
    layer_s: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.01..=86_400.0).contains(value));
    value.ok_or_else(|| "expected seconds, 0.01 to 86400".to_owned())
}

impl LayerArgs {
    /// The random networks.
    pub(super) fn networks(&self, seed: u64) -> Vec<Planned> {
        plan_drawn(self.sample_networks, seed, &self.style)
    }

    /// Whether the layers of given models are to be measured.
    pub(super) fn of_models(&self) -> bool {
        self.layers
    }

    /// How many random networks there are.
    pub(super) fn count(&self) -> usize {
        self.sample_networks
    }

    /// How layers are measured, if they are.
    pub(super) fn plan(&self) -> Option<TracePlan> {
        let is_wanted = self.layers || self.sample_networks > 0;
        is_wanted.then(|| TracePlan {
            target_half_width: 0.01,
            max_rounds: 40,
            budget_ns: (self.layer_s * 1e9) as u64,
            ..TracePlan::default()
        })
    }

    /// Seconds that all subjects as wholes may take, where the user does not say; many networks need few turns each.
    pub(super) fn default_budget_s(&self) -> u64 {
        let usual = Protocol::default().budget_ns / 1_000_000_000;
        if self.sample_networks > 0 { (3 * self.sample_networks as u64 / 2).max(60) } else { usual }
    }

    /// Turns that a subject gets at least, where the user does not say.
    pub(super) fn default_min_rounds(&self) -> u32 {
        if self.sample_networks > 0 { Protocol::brief().min_rounds } else { Protocol::default().min_rounds }
    }
}
