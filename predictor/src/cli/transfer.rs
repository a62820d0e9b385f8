//! `predictor transfer`: a new device from a few measurements and models of known ones.

use std::path::PathBuf;

use clap::Args;
use profiler::record::check_apart;
use serde_json::json;

use super::Leniency;
use super::any_model::AnyModel;
use super::output::{self, percent_or_dash, plus_minus, table};
use crate::device::LatencyModel;
use crate::error::{FitError, PredictorError};
use crate::nasbench201::{CellModel, Prior, cell_samples};
use crate::op::KindModel;
use crate::rows::{Emulation, Measurements, Subjects};
use crate::whole::{NetworksFile, OfNetworks, WholeModel, whole_samples};

/// Fits a model of a new device from a few measurements and models of known devices.
#[derive(Debug, Args)]
#[command(
    after_help = "Models are of ops, or of whole networks (of NAS-Bench-201, of FBNet, or of ops), as `predictor fit` \
                  makes them of tables that have nothing else; all of one sort. Ten to thirty measured ops make a model of every kind that the known devices \
                  have; `predictor suggest` says which to measure. With hundreds of rows `predictor fit` is better.\n\n\
                  Example:\n  predictor transfer --prior a.json --prior b.json few.csv -o new.json"
)]
pub(super) struct Transfer {
    /// A model of a known device (JSON): one or more; at least two of NAS-Bench-201 networks.
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

/// Models of known devices, all of one sort.
pub(super) enum KnownDevices {
    Ops(Vec<LatencyModel>),
    Cells(Prior),
    Whole(Vec<WholeModel>),
}

impl KnownDevices {
    /// # Errors
    /// A file that cannot be read, or models of several sorts.
    pub(super) fn read(models: &[PathBuf]) -> Result<Self, PredictorError> {
        let (mut of_ops, mut of_cells, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for path in models {
            match AnyModel::read(path)? {
                AnyModel::Ops(model) => of_ops.push(*model),
                AnyModel::Cells(file) => of_cells.push(file.model.coefficients_ms().to_vec()),
                AnyModel::Whole(file) => whole.push(file.model),
            }
        }
        match (of_ops.len(), of_cells.len(), whole.len()) {
            (0, _, 0) => Ok(Self::Cells(Prior::new(&of_cells)?)),
            (_, 0, 0) => Ok(Self::Ops(of_ops)),
            (0, 0, _) => Ok(Self::Whole(whole)),
            (ops, cells, others) => Err(PredictorError::Option {
                option: "--prior",
                value: format!(
                    "{ops} models of ops, {cells} of NAS-Bench-201 networks and {others} of other whole networks"
                ),
                expected: "models of one sort",
            }),
        }
    }
}

impl Transfer {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let read = self.tables.iter().chain(&self.prior).map(PathBuf::as_path);
        check_apart(&self.output, read).map_err(PredictorError::from)?;
        let measurements = self.leniency.read(&self.tables)?;
        match KnownDevices::read(&self.prior)? {
            KnownDevices::Ops(known) => self.transfer_ops(&known, &measurements),
            KnownDevices::Cells(prior) => {
                let samples = cell_samples(&measurements.rows);
                self.write(samples.len(), &measurements, || CellModel::transferred(&prior, &samples))
            }
            KnownDevices::Whole(known) => {
                let known: Vec<&WholeModel> = known.iter().collect();
                let samples = known.first().map(|first| whole_samples(&measurements.rows, first.space));
                let samples = samples.unwrap_or_default();
                self.write(samples.len(), &measurements, || WholeModel::transferred(&known, &samples))
            }
        }
    }

    /// The model of a new device from whole networks.
    fn write<M: OfNetworks>(
        &self,
        networks: usize,
        measurements: &Measurements,
        fit: impl FnOnce() -> Result<M, FitError>,
    ) -> anyhow::Result<String> {
        if networks == 0 {
            let reason = format!("the table has no {}s of the known devices' space", M::NETWORKS);
            return Err(PredictorError::CannotFit(reason).into());
        }
        let model = fit().map_err(PredictorError::from)?;
        let file = NetworksFile::new(model, measurements, &Subjects::default());
        file.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
        super::note_emulated(&file.conditions);
        let (rows, error, band) = file.model.quality();
        if self.json {
            return output::json(&json!({
                "known_devices": self.prior.len(),
                "rows": rows,
                "loo_mape": error,
                "band": band,
            }));
        }
        let (device, known) = (&file.conditions.device, self.prior.len());
        let (error, interval) = (percent_or_dash(error), plus_minus(&band));
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
