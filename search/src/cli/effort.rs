//! How long a finished search is asked for networks within other targets.

use clap::Args;
use profiler::record::WriteError;

use super::UsageError;
use super::finished_run::{FinishedRun, HeldOut};
use super::progress::Bar;
use crate::front::{Effort, FrontPoint, Scores, front, points};

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct EffortArgs {
    /// Networks looked at per target.
    #[arg(long, value_name = "N", default_value_t = 200)]
    networks: usize,
    /// Held-out images that each is looked at with; the best are compared on all.
    #[arg(long, value_name = "IMAGES", default_value_t = 1000)]
    scored_images: usize,
}

/// Networks of each target that are compared on all held-out images.
const FINALISTS: usize = 5;

impl EffortArgs {
    pub(super) fn check(self) -> Result<(), UsageError> {
        if self.networks == 0 || self.scored_images == 0 {
            return Err(UsageError("--networks and --scored-images must be at least 1".to_owned()));
        }
        Ok(())
    }

    /// The best networks within targets by the shared weights; what was looked at is kept in the run's folder.
    pub(super) fn points(
        self,
        run: &mut FinishedRun,
        held_out: &HeldOut,
        targets_ms: &[f64],
    ) -> anyhow::Result<Vec<FrontPoint>> {
        let folder = run.folder.front();
        std::fs::create_dir_all(&folder).map_err(|source| WriteError { path: folder.clone(), source })?;
        let _lock = run.folder.lock()?;
        // Scores over other images are other scores.
        let scores = folder.join(format!("scores-{}.jsonl", self.scored_images));
        let settings = run.settings.clone();
        let counts: Vec<usize> = settings.latency.blocks_ms.iter().map(Vec::len).collect();
        let start = settings.strategy.start(&settings.plan());
        let strategy = std::mem::replace(&mut run.state.strategy, start);
        let mut bar = Bar::new()?;
        let effort = Effort { networks: self.networks, finalists: FINALISTS };
        let mut oracle = run.oracle(held_out, Some(self.scored_images));
        let mut scores = Scores::open(&scores, &counts, &mut oracle)?;
        let finalists = front(&settings, &*strategy, targets_ms, effort, &mut scores, &mut bar);
        let points = finalists.and_then(|finalists| {
            points(&settings, targets_ms, finalists, &mut run.oracle(held_out, None), &mut bar)
        });
        bar.finish();
        Ok(points?)
    }
}
