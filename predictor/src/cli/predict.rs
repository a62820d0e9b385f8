//! `predictor predict`: the latency of ops and networks.

use std::path::PathBuf;

use clap::Args;
use profiler::spec::{Architecture, OpSpec};
use serde_json::{Value, json};

use super::{
    output::{self, ms, table},
    subject::Subject,
};
use crate::{Flag, LatencyModel, Prediction};

/// Predicts the latency of ops and networks, with 90 % intervals.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  predictor predict run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6\n  \
                  predictor predict run/model.json run/search/architecture.json --json")]
pub(super) struct Predict {
    /// The model (JSON).
    model: PathBuf,
    /// Op keys or architecture files (JSON).
    #[arg(required = true, value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// A JSON array with an object per subject instead of tables.
    #[arg(long)]
    json: bool,
}

impl Predict {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = LatencyModel::read(&self.model)?;
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
