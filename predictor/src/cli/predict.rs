//! `predictor predict`: the latency of ops and networks.

use std::path::PathBuf;

use clap::Args;
use profiler::spec::{Architecture, OpSpec};
use serde_json::{Value, json};

use super::{
    any_model::AnyModel,
    output::{self, ms, table},
    subject::Subject,
};
use crate::{
    Flag, LatencyModel, Prediction, PredictorError,
    cell::{Cell, CellModelFile},
};

/// Predicts the latency of ops and networks, with 90 % intervals.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  predictor predict run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6\n  \
                  predictor predict run/model.json run/search/architecture.json --json")]
pub(super) struct Predict {
    /// The model (JSON).
    model: PathBuf,
    /// Op keys or architecture files (JSON); for a model of NAS-Bench-201 networks, their `arch` strings.
    #[arg(required = true, value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// A JSON array with an object per subject instead of tables.
    #[arg(long)]
    json: bool,
}

impl Predict {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = match AnyModel::read(&self.model)? {
            AnyModel::Ops(model) => model,
            AnyModel::Cells(file) => return self.predict_cells(&file),
        };
        let subjects = self.subjects.iter().map(|text| Subject::read(text));
        let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
        if self.json {
            let values = subjects.iter().map(|subject| value(&model, subject));
            return output::json(&values.collect::<anyhow::Result<Vec<_>>>()?);
        }
        let reports = subjects.iter().map(|subject| report(&model, subject));
        Ok(reports.collect::<anyhow::Result<Vec<_>>>()?.join("\n\n"))
    }
}

impl Predict {
    /// NAS-Bench-201 networks by their `arch` strings.
    fn predict_cells(&self, file: &CellModelFile) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        let mut values = Vec::new();
        for subject in &self.subjects {
            let cell: Cell = subject.parse().map_err(|reason| PredictorError::Subject { reason })?;
            let found = file.model.predict(&cell).map_err(PredictorError::CannotFit)?;
            let flags = file.conditions.runtime.emulated.then_some(Flag::Emulated);
            let prediction = Prediction::new(found.ms, found.log_half_width, flags.into_iter().collect());
            let none =
                || PredictorError::CannotFit(format!("the latency of `{cell}` would be {} ms", found.ms));
            let prediction = prediction.ok_or_else(none)?;
            values.push(prediction_value(&cell.to_string(), "network", &prediction));
            lines.push(headline(&cell.to_string(), &prediction));
        }
        if self.json { output::json(&values) } else { Ok(lines.join("\n")) }
    }
}

fn report(model: &LatencyModel, subject: &Subject) -> anyhow::Result<String> {
    match subject {
        Subject::Op(op) => {
            let head = format!("{op} ({})", model.ops().cache());
            Ok(headline(&head, &model.predict_op(op)?))
        }
        Subject::Network(network) => network_report(model, network),
    }
}

fn headline(name: &str, prediction: &Prediction) -> String {
    let [latency, low, high] = [prediction.latency, prediction.low, prediction.high].map(|l| ms(l.ms()));
    let mut lines = vec![format!("{name}: {latency} ms (90 %: {low} to {high})")];
    lines.extend(prediction.flags.iter().map(|flag| format!("  note: {flag}")));
    lines.join("\n")
}

fn network_report(model: &LatencyModel, network: &Architecture) -> anyhow::Result<String> {
    let prediction = model.predict_architecture(network)?;
    let additive = model.additive();
    let mut ops = table(["op", "in network (ms)", "alone (ms)", "90 %", "measured (ms)", "notes"]);
    for op in network.ops() {
        let alone = model.predict_op(op)?;
        let measured = model.estimate(op)?.measured;
        // That the figures are emulated stands above the table already.
        let notes = alone.flags.iter().filter(|flag| **flag != Flag::Emulated);
        let notes: Vec<String> = notes.map(ToString::to_string).collect();
        ops.add_row([
            op.key(),
            ms(additive.op_ms(op)?),
            ms(alone.latency.ms()),
            format!("{} to {}", ms(alone.low.ms()), ms(alone.high.ms())),
            measured.map_or_else(|| "-".to_owned(), |m| ms(m.latency_ms)),
            notes.join("; "),
        ]);
    }
    ops.add_row(["(constant)".to_owned(), ms(additive.constant_ms())]);
    let head = format!("{} ({}, {})", network.name(), network.key(), network.macs());
    Ok(format!("{}\n{ops}", headline(&head, &prediction)))
}

fn value(model: &LatencyModel, subject: &Subject) -> anyhow::Result<Value> {
    match subject {
        Subject::Op(op) => op_value(model, op),
        Subject::Network(network) => {
            let mut value =
                prediction_value(&network.key(), "network", &model.predict_architecture(network)?);
            let ops = network.ops().iter().map(|op| op_value(model, op));
            value["name"] = network.name().into();
            value["constant_ms"] = model.additive().constant_ms().into();
            value["ops"] = ops.collect::<anyhow::Result<Vec<_>>>()?.into();
            Ok(value)
        }
    }
}

fn op_value(model: &LatencyModel, op: &OpSpec) -> anyhow::Result<Value> {
    let mut value = prediction_value(&op.key(), "op", &model.predict_op(op)?);
    value["in_network_ms"] = model.additive().op_ms(op)?.into();
    value["measured_ms"] = model.estimate(op)?.measured.map(|m| m.latency_ms).into();
    Ok(value)
}

fn prediction_value(key: &str, level: &str, prediction: &Prediction) -> Value {
    json!({
        "subject": key,
        "level": level,
        "latency_ms": prediction.latency.ms(),
        "low_ms": prediction.low.ms(),
        "high_ms": prediction.high.ms(),
        "flags": prediction.flags,
    })
}
