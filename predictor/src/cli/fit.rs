//! `predictor fit`: tables to model.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use profiler::record::{ReadError, Row, check_apart};
use serde_json::{Value, json};

use super::output::{self, ms, percent_or_dash, plus_minus, table};
use super::{Leniency, cache_named, note_emulated};
use crate::device::{FitOptions, LatencyModel};
use crate::error::PredictorError;
use crate::nasbench201::{CellModel, CellModelFile, cell_of, cell_samples};
use crate::network::{Coefficients, Form};
use crate::op::{KindModel, Scope};
use crate::rows::{Measurements, Subjects, draw_hold_out};
use crate::whole::{Space, WholeModel, WholeModelFile, space_of, whole_samples};

/// Fits a latency model to measurement tables.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  predictor fit run/table.csv -o run/model.json --hold-out 0.2 --seed 1")]
pub(super) struct Fit {
    /// Measurement tables (CSV), each with its session file beside it.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Where to write the model (JSON).
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    /// Fraction of the ops and of the networks to keep from the fit, for `predictor evaluate`.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.0)]
    hold_out: f64,
    /// Seed of what is held out and of the folds of cross-validation.
    #[arg(long, default_value_t = FitOptions::default().seed)]
    seed: u64,
    /// Cache state of the op rows; auto takes the one that explains the networks best.
    #[arg(long, value_name = "STATE", default_value = "auto", value_parser = op_caches())]
    op_cache: String,
    #[command(flatten)]
    leniency: Leniency,
    /// A JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

fn op_caches() -> PossibleValuesParser {
    ["auto", "hot", "cold", "in_place"].into()
}

impl Fit {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        check_apart(&self.output, self.tables.iter().map(PathBuf::as_path)).map_err(PredictorError::from)?;
        let measurements = self.leniency.read(&self.tables)?;
        let held_out = draw_hold_out(&measurements.rows, &measurements.repeats, self.hold_out, self.seed)?;
        if measurements.rows.iter().all(|row| cell_of(row).is_some()) {
            return self.fit_cells(&measurements, &held_out);
        }
        if let Some(space) = space_of(&measurements.rows) {
            return self.fit_whole(space, &measurements, &held_out);
        }
        let options = FitOptions { op_cache: cache_named(&self.op_cache), held_out, seed: self.seed };
        let model = LatencyModel::fit(&measurements, &options)?;
        self.check_output()?;
        model.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
        note_emulated(model.conditions());
        if self.json { output::json(&summary(&model)) } else { Ok(report(&model)) }
    }

    fn check_output(&self) -> Result<(), PredictorError> {
        if self.output.is_dir() {
            let reason = "is a folder; name the file to write the model to".to_owned();
            return Err(ReadError::Content { path: self.output.clone(), reason }.into());
        }
        Ok(())
    }

    /// A table of nothing but networks.
    fn fit_whole(
        &self,
        space: Space,
        measurements: &Measurements,
        held_out: &Subjects,
    ) -> anyhow::Result<String> {
        let mut samples = whole_samples(&measurements.rows, space);
        samples.retain(|sample| !held_out.network.contains(&sample.network.key));
        let model = WholeModel::fit(space, &samples).map_err(PredictorError::from)?;
        self.check_output()?;
        let file = WholeModelFile::new(model, measurements, held_out);
        file.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
        note_emulated(&file.conditions);
        let WholeModel { rows, error, band, .. } = &file.model;
        if self.json {
            return output::json(
                &json!({"rows": rows, "cv_mape": error, "band": band, "held_out": held_out}),
            );
        }
        Ok(format!(
            "{}: {rows} whole networks, no ops; CV error {}, 90 % interval {}",
            file.conditions.device,
            percent_or_dash(*error),
            plus_minus(band),
        ))
    }

    /// A table of nothing but NAS-Bench-201 networks.
    fn fit_cells(&self, measurements: &Measurements, held_out: &Subjects) -> anyhow::Result<String> {
        let kept: Vec<Row> =
            measurements.rows.iter().filter(|row| !held_out.contains(row)).cloned().collect();
        let model = CellModel::fit(&cell_samples(&kept), self.seed).map_err(PredictorError::from)?;
        self.check_output()?;
        let file = CellModelFile::new(model, measurements, held_out);
        file.write(&self.output)?;
        profiler::note!("wrote {}", self.output.display());
        note_emulated(&file.conditions);
        let model = &file.model;
        if self.json {
            return output::json(&json!({
                "rows": model.rows,
                "chosen": model.chosen,
                "candidates": model.candidates,
                "band": model.band,
                "held_out": held_out,
            }));
        }
        let mut weighed = table(["candidate", "CV error"]);
        for (name, error) in &model.candidates {
            weighed.add_row([name.clone(), percent_or_dash(*error)]);
        }
        let (device, interval) = (&file.conditions.device, plus_minus(&model.band));
        let (rows, chosen) = (model.rows, &model.chosen);
        Ok(format!("{device}: {rows} NAS-Bench-201 networks, {chosen}; 90 % interval {interval}\n{weighed}"))
    }
}

fn report(model: &LatencyModel) -> String {
    let mut kinds = table(["kind", "rows", "regressor", "fitted on", "CV error", "90 % interval"]);
    for kind in model.ops().kinds() {
        kinds.add_row([
            kind.kind.clone(),
            kind.rows.to_string(),
            kind.fitted.kind().name().to_owned(),
            scope(kind.scope).to_owned(),
            percent_or_dash(kind.cv_mape),
            plus_minus(&kind.band),
        ]);
    }
    let conditions = model.conditions();
    let held_out = &model.provenance().held_out;
    let mut lines = vec![
        format!("{}, {} {}", conditions.device, conditions.runtime.name, conditions.runtime.version),
        format!("ops ({}), errors by cross-validation:", model.ops().cache()),
        kinds.to_string(),
        candidates(model),
    ];
    if let Some(rule) = model.ops().delegate_rule() {
        let how = "convolutions are cut up as by TFLite's GPU delegate on";
        lines.push(format!("{how}: {rule} (determined from their latencies)"));
    }
    lines.push(network_line(model));
    for report in &model.provenance().op_caches {
        let error = percent_or_dash(report.loo_mape);
        lines.push(format!("  from {} {} ops: error {error}", report.ops, report.cache));
    }
    if !(held_out.op.is_empty() && held_out.network.is_empty()) {
        let (ops, networks) = (held_out.op.len(), held_out.network.len());
        lines.push(format!("held out: {ops} ops, {networks} networks or groups"));
    }
    lines.join("\n")
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::All => "all kinds",
        Scope::Kind => "its kind",
    }
}

/// What was weighed for the kind with most rows.
fn candidates(model: &LatencyModel) -> String {
    let Some(kind) = model.ops().kinds().max_by_key(|kind| kind.rows) else { return String::new() };
    let mut weighed = table(["candidate", "fitted on", "CV error", "rows answered"]);
    for candidate in &kind.candidates {
        weighed.add_row([
            candidate.regressor.clone(),
            scope(candidate.scope).to_owned(),
            percent_or_dash(candidate.cv_mape),
            format!("{} of {}", candidate.answered, kind.rows),
        ]);
    }
    format!("weighed for {}:\n{weighed}", kind.kind)
}

fn network_line(model: &LatencyModel) -> String {
    let level = model.networks();
    let rows = level.rows;
    match level.form {
        Form::Sum => "networks: none measured; a network is taken for the sum of its ops".to_owned(),
        form => format!(
            "networks ({}): {}, from {rows} networks; {} error {}, 90 % interval {}",
            level.cache,
            formula(form, &level.coefficients),
            if level.sessions > 1 { "leave-one-session-out" } else { "leave-one-out" },
            percent_or_dash(level.loo_mape),
            plus_minus(&level.band),
        ),
    }
}

fn formula(form: Form, coefficients: &Coefficients) -> String {
    let Coefficients { constant_ms, scale, call_ms } = coefficients;
    match form {
        Form::Sum => "Σ ops".to_owned(),
        Form::Multiple => format!("{scale:.4} · Σ ops"),
        Form::Line => format!("{} ms + {scale:.4} · Σ ops", ms(*constant_ms)),
        Form::Calls => format!("{scale:.4} · Σ (op - {} ms)", ms(*call_ms)),
        Form::LineCalls => {
            let sign = if *call_ms < 0.0 { '+' } else { '-' };
            format!("{} ms + {scale:.4} · Σ (op {sign} {} ms)", ms(*constant_ms), ms(call_ms.abs()))
        }
    }
}

fn summary(model: &LatencyModel) -> Value {
    let kind = |kind: &KindModel| {
        json!({
            "kind": kind.kind,
            "rows": kind.rows,
            "regressor": kind.fitted.kind().name(),
            "scope": kind.scope,
            "cv_mape": kind.cv_mape,
            "band": kind.band,
            "candidates": kind.candidates,
        })
    };
    let provenance = model.provenance();
    json!({
        "op_cache": model.ops().cache(),
        "delegate_rule": model.ops().delegate_rule(),
        "kinds": model.ops().kinds().map(kind).collect::<Vec<_>>(),
        "network": model.networks(),
        "op_caches": provenance.op_caches,
        "held_out": provenance.held_out,
    })
}
