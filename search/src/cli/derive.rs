//! `search derive`: another network from a finished search.

use std::path::PathBuf;

use clap::Args;
use profiler::record::write_architecture;
use serde::Serialize;

use super::{
    UsageError,
    effort::EffortArgs,
    finished_run::FinishedRun,
    output::{self, percent},
    progress::Bar,
};
use crate::{latency::Budget, run::compare};

/// Takes another network out of a finished search, for another target or risk, without training.
///
/// By default the network that the search learned to like best within the target; with --compare, the best of several on
/// held-out images with the shared weights. A search by `--strategy evolution` or `random` has learned weights alone: for
/// another target than its own, networks evolve by their accuracy on held-out images, as in `search front`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  search derive run/search --target-ms 0.3 --risk 0.1 -o run/faster.json")]
pub(super) struct Derive {
    /// Folder of a finished search.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Latency that the network may have, in milliseconds.
    #[arg(long, value_name = "MS")]
    target_ms: f64,
    /// Largest probability of being slower than the target [default: as in the search].
    #[arg(long, value_name = "PROBABILITY")]
    risk: Option<f64>,
    /// Compare several networks on held-out images.
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    effort: EffortArgs,
    /// Folder of the images [default: as in the search].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Architecture file to write.
    #[arg(short, long, value_name = "FILE.json")]
    output: PathBuf,
    /// A JSON object instead of a sentence.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Derived {
    network: String,
    choices: Vec<String>,
    target_ms: f64,
    limit_ms: f64,
    predicted_ms: f64,
    held_out_accuracy: Option<f64>,
    emulated: bool,
}

/// A path, and the share of held-out images that it gets right, where that was looked at.
type Found = Option<(Vec<usize>, Option<f64>)>;

impl Derive {
    /// The best that the search has learned of within a budget.
    fn known(&self, run: &mut FinishedRun, budget: &Budget) -> anyhow::Result<Found> {
        let paths = run.state.strategy.finalists(Some(budget))?;
        if !self.compare {
            return Ok(paths.into_iter().next().map(|path| (path, None)));
        }
        let held_out = run.held_out(self.data.clone())?;
        let mut bar = Bar::new()?;
        let best = compare(paths, &mut run.oracle(&held_out, None), &mut bar);
        bar.finish();
        Ok(best?.map(|best| (best.path, Some(best.accuracy))))
    }

    /// The best that evolves with the search's weights.
    fn evolved(&self, run: &mut FinishedRun) -> anyhow::Result<Found> {
        let held_out = run.held_out(self.data.clone())?;
        let best = self.effort.points(run, &held_out, &[self.target_ms])?.pop();
        Ok(best.map(|best| (best.path, Some(best.held_out_accuracy))))
    }

    pub(super) fn execute(self) -> anyhow::Result<String> {
        if !(self.target_ms.is_finite() && self.target_ms > 0.0) {
            return Err(UsageError(format!("--target-ms {}: expected above 0", self.target_ms)).into());
        }
        self.effort.check()?;
        let run = FinishedRun::read(&self.run)?;
        let searched = run.settings.hard_budget();
        let mut run = run.with_risk(self.risk)?;
        let budget = run.settings.budget().with_target(self.target_ms);
        let knows = !run.settings.strategy.learns_after_training() || searched.as_ref() == Some(&budget);
        let found = if knows { self.known(&mut run, &budget)? } else { self.evolved(&mut run)? };
        let (path, held_out_accuracy) =
            found.ok_or_else(|| UsageError("the search has looked at no network".to_owned()))?;
        let network = run.settings.space.resolve()?.network("derived", &path)?;
        write_architecture(&self.output, &network)?;
        let derived = Derived {
            network: network.key(),
            choices: network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default(),
            target_ms: self.target_ms,
            limit_ms: budget.limit_ms(&path),
            predicted_ms: run.settings.latency.path_ms(&path),
            held_out_accuracy,
            emulated: run.settings.emulated,
        };
        if self.json {
            return output::json(&derived);
        }
        let accuracy =
            held_out_accuracy.map(|accuracy| format!(", {} of held-out images", percent(accuracy)));
        Ok(format!(
            "{}: {}, {:.4} ms predicted of {:.4} ms allowed{}",
            self.output.display(),
            derived.choices.join(" "),
            derived.predicted_ms,
            derived.limit_ms,
            accuracy.unwrap_or_default()
        ))
    }
}
