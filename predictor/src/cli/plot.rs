//! `predictor plot`: predicted against measured networks as a picture.

use std::path::{Path, PathBuf};

use clap::Args;
use profiler::{
    measure::Speed,
    record::{check_apart, write_atomic},
};
use serde_json::json;

use super::note_emulated;
use super::output::{self, percent, table};
use super::scatter::{Panel, draw};
use crate::device::leave_networks_out;
use crate::error::PredictorError;
use crate::learn::Scores;
use crate::rows::{Emulation, Measurements, Mixing};

/// Plots predicted against measured network latencies, each network predicted by a model fitted without it.
#[derive(Debug, Args)]
#[command(
    after_help = "A panel per table. Its networks are dealt into five groups; each is predicted by a model that was fitted to the \
                  table's ops and to the other four. Bars are 90 % intervals, the band is ±5 %.\n\nExample:\n  \
                  predictor plot run/table.csv -o run/networks.svg"
)]
pub(super) struct Plot {
    /// Measurement tables (CSV), each with its session file beside it.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Where to write the picture (SVG).
    #[arg(short, long, value_name = "PICTURE")]
    output: PathBuf,
    /// Use emulated figures, which are no timings.
    #[arg(long)]
    allow_emulated: bool,
    /// Of tables measured with --speed both: fast or sustained.
    #[arg(long, value_name = "SPEED")]
    speed: Option<Speed>,
    /// A JSON array with the scores of each table instead of a table.
    #[arg(long)]
    json: bool,
}

impl Plot {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        check_apart(&self.output, self.tables.iter().map(PathBuf::as_path)).map_err(PredictorError::from)?;
        let panels = self.tables.iter().map(|path| self.panel(path)).collect::<Result<Vec<_>, _>>()?;
        let picture = draw(&panels);
        write_atomic(&self.output, |writer| writer.write_all(picture.as_bytes()))?;
        profiler::note!("wrote {}", self.output.display());
        if self.json {
            let scored = |panel: &Panel| json!({"table": panel.name, "scores": panel.scores});
            return output::json(&panels.iter().map(scored).collect::<Vec<_>>());
        }
        let mut lines = table(["table", "networks", "MAPE", "within ±5 %", "90 % covers"]);
        for Panel { name, scores, .. } in &panels {
            lines.add_row([
                name.clone(),
                scores.n.to_string(),
                percent(scores.mape),
                percent(scores.within_5),
                percent(scores.coverage_90),
            ]);
        }
        Ok(format!("{lines}\nnetworks that the models were not fitted on"))
    }

    fn panel(&self, path: &Path) -> Result<Panel, PredictorError> {
        let emulation = if self.allow_emulated { Emulation::Allow } else { Emulation::Refuse };
        let measurements = Measurements::read_at(&[path.to_owned()], Mixing::Refuse, emulation, self.speed)?;
        note_emulated(&measurements.conditions);
        let points = leave_networks_out(&measurements)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let nothing = || PredictorError::NothingToScore(format!("no network of {name} is predicted"));
        let scores = Scores::of(&points).ok_or_else(nothing)?;
        Ok(Panel { name, points, scores })
    }
}
