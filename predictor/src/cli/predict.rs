//! `predictor predict`: the latency of ops and networks.

use std::path::PathBuf;

use clap::Args;
use profiler::onnx::read_input_shapes;
use serde_json::Value;

use super::{
    any_model::AnyModel,
    network_report::{headline, network_text, network_value, prediction_value},
    output,
    subject::{Subject, read_cell},
};
use crate::{
    device::LatencyModel,
    error::PredictorError,
    interval::{Flag, Prediction},
    nasbench201::CellModelFile,
    onnx::{NetworkReport, Unknown},
};

/// Predicts the latency of ops and networks, with 90 % intervals.
#[derive(Debug, Args)]
#[command(
    after_help = "An ONNX network is taken apart into ops as runtimes fuse them: convolution, batch normalization and \
                  activation are one op; inverted bottlenecks are one where the model was fitted on such; int8 (QDQ) layers \
                  are int8 ops. An op of which nothing was measured is an error, unless --allow-unknown.\n\nExample:\n  \
                  predictor predict run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6\n  \
                  predictor predict run/model.json mobilenet.onnx --json"
)]
pub(super) struct Predict {
    /// The model (JSON).
    model: PathBuf,
    /// Op keys, architecture files (.json) or networks (.onnx); for a model of NAS-Bench-201 networks, their `arch`
    /// strings.
    #[arg(required = true, value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// Guess at ops of which nothing was measured, with a wide interval and a note.
    #[arg(long)]
    allow_unknown: bool,
    /// Sizes of an ONNX network's input where it leaves them open: 1x3x224x224, or NAME=1x3x224x224 (repeatable).
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
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
        let shapes = read_input_shapes(&self.input_shape).map_err(PredictorError::InputShape)?;
        let unknown = if self.allow_unknown { Unknown::Guess } else { Unknown::Refuse };
        let subjects = self.subjects.iter().map(|text| Subject::read(text, &shapes));
        let answers = subjects.collect::<Result<Vec<_>, _>>()?;
        let answers = answers.iter().map(|subject| Answer::of(&model, subject, unknown));
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return output::json(&answers.iter().map(Answer::value).collect::<Vec<_>>());
        }
        let texts = answers.iter().map(|answer| answer.text(&model));
        Ok(texts.collect::<Vec<_>>().join("\n\n"))
    }

    /// NAS-Bench-201 networks by their `arch` strings.
    fn predict_cells(&self, file: &CellModelFile) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        let mut values = Vec::new();
        for subject in &self.subjects {
            let cell = read_cell(subject)?;
            let found = file.model.predict(&cell).map_err(PredictorError::from)?;
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

/// What is said of a subject.
enum Answer {
    Op { key: String, prediction: Box<Prediction>, in_network_ms: f64, measured_ms: Option<f64> },
    Network { head: String, key: String, report: Box<NetworkReport> },
}

impl Answer {
    fn of(model: &LatencyModel, subject: &Subject, unknown: Unknown) -> Result<Self, PredictorError> {
        match subject {
            Subject::Op(op) => {
                let layer = model.predict_layer(op, unknown)?;
                Ok(Self::Op {
                    key: op.key(),
                    prediction: Box::new(model.alone(&layer.op, &layer.estimate)?),
                    in_network_ms: layer.in_network_ms,
                    measured_ms: layer.estimate.measured.map(|m| m.latency_ms),
                })
            }
            Subject::Traced(op) => {
                let estimate = model.estimate_keyed(op)?;
                Ok(Self::Op {
                    key: op.key.clone(),
                    prediction: Box::new(model.predict_keyed(op)?),
                    in_network_ms: model.share(&estimate),
                    measured_ms: estimate.measured.map(|m| m.latency_ms),
                })
            }
            Subject::Network(network) => {
                let report = model.report_architecture(network, unknown)?;
                let head = format!("{} ({}, {})", network.name(), network.key(), network.macs());
                Ok(Self::Network { head, key: network.key(), report: Box::new(report) })
            }
            Subject::Onnx(network) => {
                let report = model.predict_onnx(network, unknown)?;
                let macs = profiler::spec::Macs(report.macs);
                let head = match report.uncounted {
                    0 => format!("{} ({macs})", network.name()),
                    _ => format!("{} (incomplete, {macs} or more)", network.name()),
                };
                Ok(Self::Network { head, key: network.name().to_owned(), report: Box::new(report) })
            }
        }
    }

    fn text(&self, model: &LatencyModel) -> String {
        match self {
            Self::Op { key, prediction, .. } => {
                headline(&format!("{key} ({})", model.ops().cache()), prediction)
            }
            Self::Network { head, report, .. } => network_text(head, report),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Op { key, prediction, in_network_ms, measured_ms } => {
                let mut value = prediction_value(key, "op", prediction);
                value["in_network_ms"] = (*in_network_ms).into();
                value["measured_ms"] = (*measured_ms).into();
                value
            }
            Self::Network { key, report, .. } => network_value(key, &report.name, report),
        }
    }
}
