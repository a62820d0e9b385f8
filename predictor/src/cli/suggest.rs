//! `predictor suggest`: what to measure on a new device.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    output::{self, percent, table},
    transfer::prior,
};
use crate::cell::{Cell, Suggestion, suggest};

/// Says which networks to measure on a new device, so that few of them tell most.
#[derive(Debug, Args)]
#[command(
    after_help = "Chosen one by one: the network that takes most off what is not known of all networks, for what measuring \
                  it costs.\n\nExample:\n  predictor suggest --prior a.json --prior b.json -n 10"
)]
pub(super) struct Suggest {
    /// A model of a known device (JSON); give at least two.
    #[arg(long, required = true, value_name = "MODEL")]
    prior: Vec<PathBuf>,
    /// How many networks.
    #[arg(short, default_value_t = 10)]
    n: usize,
    /// What a measurement costs beside its runs, in times what a network's runs take on average.
    #[arg(long, value_name = "NETWORKS", default_value_t = 1.0)]
    fixed_cost: f64,
    /// A JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

impl Suggest {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let prior = prior(&self.prior)?;
        if !(self.fixed_cost.is_finite() && self.fixed_cost > 0.0) {
            let (option, value) = ("--fixed-cost", self.fixed_cost.to_string());
            return Err(crate::PredictorError::Option { option, value, expected: "a number above 0" }.into());
        }
        let pool: Vec<Cell> = Cell::all().collect();
        let chosen = suggest(&prior, &pool, self.n, self.fixed_cost);
        if self.json {
            let value = |s: &Suggestion| json!({"subject": s.cell.to_string(), "left": s.left, "relative_latency": s.relative_latency});
            return output::json(&chosen.iter().map(value).collect::<Vec<_>>());
        }
        let mut lines = table(["network", "latency / mean", "not known after it"]);
        for s in &chosen {
            lines.add_row([s.cell.to_string(), format!("{:.2}", s.relative_latency), percent(s.left)]);
        }
        Ok(lines.to_string())
    }
}
