//! `predictor transfer`: a new device from a few measurements and models of known ones.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    Leniency,
    output::{self, percent, percent_or_dash},
};
use crate::{
    Measurements, PredictorError, Subjects,
    cell::{CellModel, CellModelFile, Prior, cell_samples},
};

/// Fits a model of a new device from a few networks and models of known devices.
#[derive(Debug, Args)]
#[command(
    after_help = "Models are of NAS-Bench-201 networks, as `predictor fit` makes them of tables that have no others. \
                  `predictor suggest` says which networks to measure.\n\nExample:\n  \
                  predictor transfer --prior a.json --prior b.json few.csv -o new.json"
)]
pub(super) struct Transfer {
    /// A model of a known device (JSON); give at least two.
    #[arg(long, required = true, value_name = "MODEL")]
    prior: Vec<PathBuf>,
    /// Measurement tables of the new device (CSV), each with its session file beside it.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Where to write the model (JSON).
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    #[command(flatten)]
    leniency: Leniency,
    /// A JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// What known devices have in common.
pub(super) fn prior(models: &[PathBuf]) -> Result<Prior, PredictorError> {
    let read = models.iter().map(|path| Ok(CellModelFile::read(path)?.model.coefficients_ms().to_vec()));
    let coefficients = read.collect::<Result<Vec<_>, PredictorError>>()?;
    Prior::new(&coefficients).map_err(PredictorError::CannotFit)
}

impl Transfer {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let prior = prior(&self.prior)?;
        let measurements =
            Measurements::read(&self.tables, self.leniency.mixing(), self.leniency.emulation())?;
        let samples = cell_samples(&measurements.rows);
        if samples.is_empty() {
            let reason = "the table has no NAS-Bench-201 networks".to_owned();
            return Err(PredictorError::CannotFit(reason).into());
        }
        let model = CellModel::transferred(&prior, &samples).map_err(PredictorError::CannotFit)?;
        let file = CellModelFile::new(model, &measurements, &Subjects::default());
        file.write(&self.output)?;
        eprintln!("wrote {}", self.output.display());
        let model = &file.model;
        let error = model.candidates.first().and_then(|(_, mape)| *mape);
        if self.json {
            return output::json(&json!({
                "known_devices": self.prior.len(),
                "rows": model.rows,
                "loo_mape": error,
                "band": model.band,
            }));
        }
        Ok(format!(
            "{}: from {} networks and {} known devices; leave-one-out error {}, 90 % interval ± {}",
            file.conditions.device,
            model.rows,
            self.prior.len(),
            percent_or_dash(error),
            percent(model.band.log_half_width.exp_m1()),
        ))
    }
}
