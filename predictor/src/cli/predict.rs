//! `predictor predict`: the latency of ops and networks.

use std::path::PathBuf;

use clap::Args;
use profiler::cli::InputArgs;
use serde_json::Value;

use super::any_model::AnyModel;
use super::network_report::{headline, network_text, network_value, prediction_value};
use super::output;
use super::subject::Subject;
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::interval::{Flag, Prediction};
use crate::onnx::{NetworkReport, Unknown, Width};
use crate::op::OpEstimate;
use crate::whole::{NetworksFile, OfNetworks};

/// Predicts the latency of ops and networks, with 90 % intervals.
#[derive(Debug, Args)]
#[command(
    after_help = "A network is taken apart into ops as runtimes fuse them: convolution, batch normalization and \
                  activation are one op; inverted bottlenecks are one where the model was fitted on such; int8 (QDQ) layers \
                  are int8 ops. An op of which nothing was measured is an error, unless --allow-unknown.\n\nExample:\n  \
                  predictor predict run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6\n  \
                  predictor predict run/model.json mobilenet.onnx --json"
)]
pub(super) struct Predict {
    /// The model (JSON).
    model: PathBuf,
    /// Op keys, architecture files (.json) or networks (.onnx, .tflite); for a model of NAS-Bench-201 or FBNet networks, their
    /// `arch` strings.
    #[arg(required = true, value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// Guess at ops of which nothing was measured, with a wide interval and a note.
    #[arg(long)]
    allow_unknown: bool,
    /// Print intervals of networks that are wider than a factor of three as well.
    #[arg(long)]
    allow_wide: bool,
    #[command(flatten)]
    inputs: InputArgs,
    /// A JSON array with an object per subject instead of tables.
    #[arg(long)]
    json: bool,
}

impl Predict {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = match AnyModel::read(&self.model)? {
            AnyModel::Ops(model) => model,
            AnyModel::Cells(file) => return self.predict_networks(&file),
            AnyModel::Whole(file) => return self.predict_networks(&file),
        };
        let unknown = if self.allow_unknown { Unknown::Guess } else { Unknown::Refuse };
        let width = if self.allow_wide { Width::Any } else { Width::Useful };
        let subjects = self.inputs.of_all(&self.subjects, |text, inputs| Subject::read(text, inputs))?;
        let answers = subjects.iter().map(|subject| answer(&model, subject, unknown, width));
        let (texts, values): (Vec<_>, Vec<_>) = answers.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        if self.json { output::json(&values) } else { Ok(texts.join("\n\n")) }
    }

    /// Networks by what their tables call them.
    fn predict_networks<M: OfNetworks>(&self, file: &NetworksFile<M>) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        let mut values = Vec::new();
        for subject in &self.subjects {
            let network = file.model.network(subject)?;
            let key = M::key(&network);
            let found = file.model.latency(&network).map_err(PredictorError::from)?;
            let flags = file.conditions.runtime.emulated.then_some(Flag::Emulated);
            let prediction = Prediction::new(found.ms, found.log_half_width, flags.into_iter().collect());
            let none = || format!("the latency of `{key}` would be {} ms", found.ms);
            let prediction = prediction.ok_or_else(|| PredictorError::CannotFit(none()))?;
            values.push(prediction_value(&key, "network", &prediction));
            lines.push(headline(&key, &prediction));
        }
        if self.json { output::json(&values) } else { Ok(lines.join("\n")) }
    }
}

/// What is said of a subject, as text and as JSON.
fn answer(
    model: &LatencyModel,
    subject: &Subject,
    unknown: Unknown,
    width: Width,
) -> Result<(String, Value), PredictorError> {
    let of_op = |key: &str, prediction: &Prediction, estimate: &OpEstimate| {
        let mut value = prediction_value(key, "op", prediction);
        let networks = model.level_of(key).1;
        value["in_network_ms"] = networks.coefficients.inside_ms(estimate.combined.ms).into();
        value["measured_ms"] = estimate.measured.map(|m| m.latency_ms).into();
        (headline(&format!("{key} ({})", model.level_of(key).0.cache()), prediction), value)
    };
    let of_network = |head: &str, key: &str, report: &NetworkReport| {
        (network_text(head, report), network_value(key, &report.name, report))
    };
    let within = |report: NetworkReport| report.within(width, &model.device_name());
    Ok(match subject {
        Subject::Op(op) => {
            let layer = model.predict_layer(op, unknown)?;
            of_op(&layer.op, &layer.alone, &layer.estimate)
        }
        Subject::Traced(op) => of_op(&op.key, &model.predict_keyed(op)?, &model.estimate_keyed(op)?),
        Subject::Network(network) => {
            let head = format!("{} ({}, {})", network.name(), network.key(), network.macs());
            let report = within(model.report_architecture(network, unknown)?)?;
            of_network(&head, &network.key(), &report)
        }
        Subject::Onnx(network) => {
            let report = within(model.predict_onnx(network, unknown)?)?;
            let macs = profiler::spec::Macs(report.macs);
            let head = match report.uncounted {
                0 => format!("{} ({macs})", network.name()),
                _ => format!("{} (incomplete, {macs} or more)", network.name()),
            };
            of_network(&head, network.name(), &report)
        }
    })
}
