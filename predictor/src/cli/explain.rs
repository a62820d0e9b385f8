//! `predictor explain`: what an op's latency is made of.

use std::path::PathBuf;

use clap::Args;
use profiler::spec::OpSpec;
use serde_json::json;

use super::{
    note_emulated,
    output::{self, ms, percent, table},
};
use crate::{LatencyModel, PredictorError};

/// Shows the work terms of an op and what each contributes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  predictor explain run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6")]
pub(super) struct Explain {
    /// The model (JSON).
    model: PathBuf,
    /// Op key.
    key: String,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = LatencyModel::read(&self.model)?;
        let op: OpSpec = self.key.parse().map_err(PredictorError::from)?;
        let estimate = model.estimate(&op)?;
        let terms = model.contributions(&op)?;
        let noise = estimate.measured.map(|m| m.noise);
        let measured = estimate.measured.map(|m| m.latency_ms);
        note_emulated(model.conditions());
        if self.json {
            let term =
                |c: &crate::regressor::Contribution| json!({"name": c.name, "amount": c.amount, "ms": c.ms});
            return output::json(&json!({
                "subject": op.key(),
                "latency_ms": estimate.combined.ms,
                "model_ms": estimate.model_ms,
                "measured_ms": measured,
                "measured_noise": noise,
                "terms": terms.iter().map(term).collect::<Vec<_>>(),
            }));
        }
        let mut shares = table(["term", "amount", "ms", "share"]);
        for term in &terms {
            let amount = term.amount.map_or_else(|| "-".to_owned(), |amount| format!("{amount:.6}"));
            shares.add_row([term.name.clone(), amount, ms(term.ms), percent(term.ms / estimate.model_ms)]);
        }
        let mut lines = vec![
            format!("{op} ({}): {} ms by the model", model.ops().cache(), ms(estimate.model_ms)),
            shares.to_string(),
            "amounts: macs and elements in millions, serial steps in thousands, calls and constant in ones"
                .to_owned(),
        ];
        if let (Some(measured), Some(noise)) = (measured, noise) {
            let (measured, combined) = (ms(measured), ms(estimate.combined.ms));
            let noise = percent(noise);
            lines.push(format!("measured {measured} ms, noise {noise}; together {combined} ms"));
        }
        Ok(lines.join("\n"))
    }
}
