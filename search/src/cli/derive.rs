use std::path::PathBuf;

use clap::Args;
use predictor::LatencyModel;
use profiler::{record::write_architecture, spec::Architecture};
use serde::Serialize;

use super::UsageError;
use super::config::SearchConfig;
use super::effort::EffortArgs;
use super::finished_run::FinishedRun;
use super::output::{self, percent};
use super::progress::Bar;
use crate::latency::Budget;
use crate::rescale::{Limit, rescale};
use crate::run::compare;

/// Derives another network from a finished search, for another target or risk, without training.
///
/// By default the network that the search learned to like best within the target; with --compare, the best of several on
/// held-out images with the shared weights. A search by `--strategy evolution` or `random` has learned weights alone: for
/// another target than its own, networks evolve by their accuracy on held-out images, as in `search front`.
///
/// With --by-width the network that the search likes best, whatever its latency, is made narrower (or wider) instead,
/// until it is predicted within the target: what is done with a network that was searched without looking at latency.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search derive run/search --target-ms 0.3 --risk 0.1 -o run/faster.json\n  search derive \
                  run/blind --target-ms 0.3 --by-width -o run/rescaled.json"
)]
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
    /// Keep the choices of the network that the search likes best, and take the largest width multiplier (0.05 to 2, in
    /// steps of 0.01; channels are rounded to multiples of 8) with which it is predicted within the target.
    #[arg(long, conflicts_with_all = ["compare", "data"])]
    by_width: bool,
    /// Latency model that predicts the rescaled network [default: as in the search].
    #[arg(long, value_name = "MODEL.json", requires = "by_width")]
    model: Option<PathBuf>,
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
    /// Width multiplier, with --by-width.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
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
        let compared = compare(paths, &mut run.oracle(&held_out, None), &mut bar);
        bar.finish();
        Ok(compared?.best(1, |_| true).pop().map(|best| (best.path.clone(), Some(best.accuracy))))
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
        let (network, derived) =
            if self.by_width { self.rescaled(&run)? } else { self.within(&mut run, searched.as_ref())? };
        write_architecture(&self.output, &network)?;
        if self.json {
            return output::json(&derived);
        }
        let accuracy =
            derived.held_out_accuracy.map(|accuracy| format!(", {} of held-out images", percent(accuracy)));
        let width = derived.width.map(|width| format!(" at width {width}"));
        Ok(format!(
            "{}: {}{}, {:.4} ms predicted of {:.4} ms allowed{}",
            self.output.display(),
            derived.choices.join(" "),
            width.unwrap_or_default(),
            derived.predicted_ms,
            derived.limit_ms,
            accuracy.unwrap_or_default()
        ))
    }

    /// A network of the space within the target; `searched` is the budget that the search had.
    fn within(
        &self,
        run: &mut FinishedRun,
        searched: Option<&Budget>,
    ) -> anyhow::Result<(Architecture, Derived)> {
        let budget = run.settings.budget().with_target(self.target_ms);
        let knows = run.settings.strategy.after_training().is_none() || searched == Some(&budget);
        let found = if knows { self.known(run, &budget)? } else { self.evolved(run)? };
        let (path, held_out_accuracy) = found.ok_or_else(nothing_seen)?;
        let network = run.settings.space.resolve()?.network("derived", &path)?;
        let ms = [run.settings.latency.path_ms(&path), budget.limit_ms(&path)];
        let derived = Derived { held_out_accuracy, ..self.derived(&network, ms, run.settings.emulated) };
        Ok((network, derived))
    }

    /// The network that the search likes best, at another width.
    fn rescaled(&self, run: &FinishedRun) -> anyhow::Result<(Architecture, Derived)> {
        let model = match &self.model {
            Some(model) => model.clone(),
            None => SearchConfig::read(&run.folder.config())?.model.ok_or_else(|| {
                UsageError("--model is needed: the search has not written down which it had".to_owned())
            })?,
        };
        let model = LatencyModel::read(&model)?;
        let emulated = model.conditions().runtime.emulated;
        if emulated && !run.settings.emulated {
            profiler::note!("note: the model is fitted to emulated figures, which are no timings");
        }
        let liked = run.state.strategy.finalists(None)?.into_iter().next().ok_or_else(nothing_seen)?;
        let limit = Limit { target_ms: self.target_ms, risk: run.settings.risk };
        let found =
            rescale(&run.settings.space, &liked, limit, |network| model.predict_architecture(network))?;
        let ms = [found.predicted_ms, found.limit_ms];
        let derived = Derived { width: Some(found.width), ..self.derived(&found.network, ms, emulated) };
        Ok((found.network, derived))
    }

    /// What is said of a network, of its predicted latency, and of that which it may have.
    fn derived(&self, network: &Architecture, [predicted_ms, limit_ms]: [f64; 2], emulated: bool) -> Derived {
        Derived {
            network: network.key(),
            choices: network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default(),
            target_ms: self.target_ms,
            limit_ms,
            predicted_ms,
            held_out_accuracy: None,
            width: None,
            emulated,
        }
    }
}

fn nothing_seen() -> UsageError {
    UsageError("the search has looked at no network".to_owned())
}
