//! `predictor transfer`: a new device from a few measurements and models of known ones.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    Leniency,
    any_model::AnyModel,
    output::{self, percent_or_dash, plus_minus, table},
};
use crate::{
    device::LatencyModel,
    error::PredictorError,
    nasbench201::{CellModel, CellModelFile, Prior, cell_samples},
    op::KindModel,
    rows::{Emulation, Measurements, Subjects},
};

/// Fits a model of a new device from a few measurements and models of known devices.
#[derive(Debug, Args)]
#[command(
    after_help = "Models are of ops, or of NAS-Bench-201 networks, as `predictor fit` makes them of tables that have no \
                  others; all of one sort. Ten to thirty measured ops make a model of every kind that the known devices \
                  have; `predictor suggest` says which to measure. With hundreds of rows `predictor fit` is better.\n\n\
                  Example:\n  predictor transfer --prior a.json --prior b.json few.csv -o new.json"
)]
pub(super) struct Transfer {
    /// A model of a known device (JSON): one or more of ops, at least two of NAS-Bench-201 networks.
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

/// Models of ops of known devices; nothing where they are of NAS-Bench-201 networks.
///
/// # Errors
/// A file that cannot be read, or models of both sorts.
pub(super) fn known_devices(models: &[PathBuf]) -> Result<Option<Vec<LatencyModel>>, PredictorError> {
    let (mut of_ops, mut of_cells) = (Vec::new(), 0);
    for path in models {
        match AnyModel::read(path)? {
            AnyModel::Ops(model) => of_ops.push(*model),
            AnyModel::Cells(_) => of_cells += 1,
        }
    }
    match (of_ops.len(), of_cells) {
        (0, _) => Ok(None),
        (_, 0) => Ok(Some(of_ops)),
        (ops, cells) => Err(PredictorError::Option {
            option: "--prior",
            value: format!("{ops} models of ops and {cells} of NAS-Bench-201 networks"),
            expected: "models of one sort",
        }),
    }
}

/// What known devices have in common.
pub(super) fn prior(models: &[PathBuf]) -> Result<Prior, PredictorError> {
    let read = models.iter().map(|path| Ok(CellModelFile::read(path)?.model.coefficients_ms().to_vec()));
    let coefficients = read.collect::<Result<Vec<_>, PredictorError>>()?;
    Ok(Prior::new(&coefficients)?)
}

impl Transfer {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let measurements = self.leniency.read(&self.tables)?;
        if let Some(known) = known_devices(&self.prior)? {
            return self.transfer_ops(&known, &measurements);
        }
        let prior = prior(&self.prior)?;
        let samples = cell_samples(&measurements.rows);
        if samples.is_empty() {
            let reason = "the table has no NAS-Bench-201 networks".to_owned();
            return Err(PredictorError::CannotFit(reason).into());
        }
        let model = CellModel::transferred(&prior, &samples).map_err(PredictorError::from)?;
        let file = CellModelFile::new(model, &measurements, &Subjects::default());
        file.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
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
        let (device, rows, known) = (&file.conditions.device, model.rows, self.prior.len());
        let (error, interval) = (percent_or_dash(error), plus_minus(&model.band));
        Ok(format!(
            "{device}: from {rows} networks and {known} known devices; leave-one-out error {error}, 90 % interval {interval}"
        ))
    }

    fn transfer_ops(&self, known: &[LatencyModel], measurements: &Measurements) -> anyhow::Result<String> {
        if let Some(path) = self.emulated_prior(known) {
            let (table, runtime) = (path.clone(), "a known device's emulated runtime".to_owned());
            return Err(PredictorError::Emulated { table, runtime }.into());
        }
        let names: Vec<String> = self.prior.iter().map(|path| path.display().to_string()).collect();
        let model = LatencyModel::transferred(known, &names, measurements)?;
        model.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
        super::note_emulated(model.conditions());
        let measured: usize = model.ops().kinds().map(|kind| kind.rows).sum();
        if self.json {
            let kind = |kind: &KindModel| json!({"kind": kind.kind, "rows": kind.rows, "loo_mape": kind.cv_mape, "band": kind.band});
            return output::json(&json!({
                "known_devices": known.len(),
                "rows": measured,
                "op_cache": model.ops().cache(),
                "kinds": model.ops().kinds().map(kind).collect::<Vec<_>>(),
                "network": model.networks(),
            }));
        }
        let mut kinds = table(["kind", "rows", "leave-one-out error", "90 % interval"]);
        for kind in model.ops().kinds() {
            let (error, interval) = (percent_or_dash(kind.cv_mape), plus_minus(&kind.band));
            kinds.add_row([kind.kind.clone(), kind.rows.to_string(), error, interval]);
        }
        let (device, cache, known) = (&model.conditions().device, model.ops().cache(), known.len());
        Ok(format!("{device}: from {measured} measured ops ({cache}) and {known} known devices\n{kinds}"))
    }

    fn emulated_prior(&self, known: &[LatencyModel]) -> Option<&PathBuf> {
        let refused = self.leniency.emulation() == Emulation::Refuse;
        let emulated = |(_, model): &(&PathBuf, &LatencyModel)| model.conditions().runtime.emulated;
        self.prior.iter().zip(known).find(emulated).map(|(path, _)| path).filter(|_| refused)
    }
}
