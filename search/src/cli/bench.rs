//! `search bench`: what steps cost.

use clap::Args;

use super::{
    UsageError,
    output::{self, table},
    recipe::RecipeArgs,
    space::SpaceArgs,
};
use crate::bench::time_steps;

/// Times a supernet's steps beside those of a plain network, on random images.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  search bench --space proxylessnas-small")]
pub(super) struct Bench {
    #[command(flatten)]
    space: SpaceArgs,
    /// Times that every kind of step is timed.
    #[arg(long, value_name = "N", default_value_t = 30)]
    rounds: usize,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        if self.rounds == 0 || self.recipe.batch == 0 {
            return Err(UsageError("--rounds and --batch must be at least 1".to_owned()).into());
        }
        let space = self.space.read()?.resolve()?;
        let (batch, threads) = (self.recipe.batch, self.recipe.threads());
        let times = time_steps(&space, &self.recipe.weights(), batch, threads, self.rounds)?;
        if self.json {
            return output::json(&times);
        }
        let mut lines = table(["step", "median ms", "of the plain network's"]);
        let rows = [
            ("training the plain network", times.plain_ms),
            ("weight step, the same path", times.path_ms),
            ("architecture step, two paths", times.alpha_ms),
            ("putting a batch together", times.batch_ms),
        ];
        for (name, ms) in rows {
            lines.add_row([name.to_owned(), format!("{ms:.2}"), format!("{:.3}", ms / times.plain_ms)]);
        }
        Ok(format!("{lines}\n{batch} images, {threads} threads, {} rounds", self.rounds))
    }
}
