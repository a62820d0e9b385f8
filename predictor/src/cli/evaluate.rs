//! `predictor evaluate`: a model scored on a table.

use std::path::PathBuf;

use clap::Args;
use profiler::record::{Level, Row};

use super::any_model::AnyModel;
use super::output::{self, ms, percent, table};
use super::{Leniency, note_emulated};
use crate::device::{Evaluation, Scoring};
use crate::error::PredictorError;
use crate::learn::Scores;
use crate::rows::{Measurements, Mixing};
use crate::whole::OfNetworks;

/// Scores a model on those rows of a table that it was not fitted on.
#[derive(Debug, Args)]
#[command(
    after_help = "With --json: {\"op\": {\"n\", \"mape\", \"rmse_ms\", \"within_5\", \"within_10\", \"spearman\", \
                  \"kendall\", \"coverage_90\", \"mean_width_90\"}, \"network\": {…}}; fractions in 0..1, a level \
                  absent when it has no rows, mean_width_90 relative to the prediction.\n\nExample:\n  \
                  predictor evaluate run/model.json run/table.csv --json"
)]
pub(super) struct Evaluate {
    /// The model (JSON).
    model: PathBuf,
    /// A measurement table (CSV) with its session file beside it.
    table: PathBuf,
    /// Score subjects the model was fitted on too; their errors say nothing of new ones.
    #[arg(long)]
    include_fitted: bool,
    /// Leave out rows with ops of which nothing was measured, and name those, instead of failing.
    #[arg(long)]
    skip_unknown: bool,
    #[command(flatten)]
    leniency: Leniency,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = AnyModel::read(&self.model)?;
        let tables = [self.table.clone()];
        let (mixing, emulation) = (self.leniency.mixing(), self.leniency.emulation());
        let speed = self.leniency.speed.or(model.speed());
        let measurements = Measurements::read_at(&tables, mixing, emulation, speed)?;
        if mixing == Mixing::Refuse
            && let Some(difference) = model.conditions().difference(&measurements.conditions)
        {
            return Err(PredictorError::OtherConditions { table: self.table, difference }.into());
        }
        let is_known = |row: &Row| match &model {
            AnyModel::Ops(_) => false,
            AnyModel::Cells(file) => file.model.network_of(row).is_some(),
            AnyModel::Whole(file) => file.model.network_of(row).is_some(),
        };
        let foreign = |row: &&Row| row.level == Level::Network && row.ops.is_empty() && !is_known(row);
        let skipped = measurements.rows.iter().filter(foreign).count();
        if skipped > 0 {
            profiler::note!("note: {skipped} rows of networks that do not say their ops are not scored");
        }
        let scoring = if self.include_fitted { Scoring::AllSubjects } else { Scoring::NewSubjects };
        let evaluation = if self.skip_unknown {
            let (evaluation, unanswered) = model.evaluate_known(&measurements.rows, scoring)?;
            if unanswered.rows > 0 {
                let ops = unanswered.ops.iter().map(|(op, reason)| format!("  {op}: {reason}"));
                let (rows, ops) = (unanswered.rows, ops.collect::<Vec<_>>().join("\n"));
                profiler::note!("note: {rows} rows that the model cannot answer are not scored\n{ops}");
            }
            if evaluation.op.is_none() && evaluation.network.is_none() {
                let reason = "the model cannot answer any of the rows".to_owned();
                return Err(PredictorError::NothingToScore(reason).into());
            }
            evaluation
        } else {
            model.evaluate(&measurements.rows, scoring)?
        };
        note_emulated(model.conditions());
        if self.json { output::json(&evaluation) } else { Ok(report(&model, &evaluation, scoring)) }
    }
}

fn report(model: &AnyModel, evaluation: &Evaluation, scoring: Scoring) -> String {
    let mut scores = table([
        "level",
        "n",
        "MAPE",
        "RMSE (ms)",
        "within ±5 %",
        "within ±10 %",
        "Spearman",
        "Kendall",
        "90 % covers",
        "mean width",
    ]);
    let (op, network) = match model {
        AnyModel::Ops(model) => {
            (format!("op ({})", model.ops().cache()), format!("network ({})", model.networks().cache))
        }
        AnyModel::Cells(_) | AnyModel::Whole(_) => ("op".to_owned(), "network".to_owned()),
    };
    for (level, found) in [(op, evaluation.op), (network, evaluation.network)] {
        let Some(found) = found else { continue };
        scores.add_row(cells(level, &found));
    }
    let note = match scoring {
        Scoring::NewSubjects => "subjects the model was not fitted on",
        Scoring::AllSubjects => "all subjects, those the model was fitted on too: no measure of new ones",
    };
    format!("{scores}\n{note}")
}

fn cells(level: String, scores: &Scores) -> [String; 10] {
    let correlation = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    [
        level,
        scores.n.to_string(),
        percent(scores.mape),
        ms(scores.rmse_ms),
        percent(scores.within_5),
        percent(scores.within_10),
        correlation(scores.spearman),
        correlation(scores.kendall),
        percent(scores.coverage_90),
        percent(scores.mean_width_90),
    ]
}
