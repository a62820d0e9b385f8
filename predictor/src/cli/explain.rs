//! `predictor explain`: what an op's latency is made of.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::any_model::AnyModel;
use super::note_emulated;
use super::output::{self, ms, percent, table};
use crate::error::PredictorError;
use crate::regressor::Contribution;
use crate::whole::{NetworksFile, OfNetworks};
use crate::work::OpEntry;

/// Breaks an op's or a NAS-Bench-201 network's predicted latency down into its parts, in milliseconds.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  predictor explain run/model.json mbconv-14x14x16-o32-e6-k5-s2-relu6")]
pub(super) struct Explain {
    /// The model (JSON).
    model: PathBuf,
    /// Op key, or the `arch` string of a NAS-Bench-201 network.
    key: String,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = match AnyModel::read(&self.model)? {
            AnyModel::Ops(model) => model,
            AnyModel::Cells(file) => return self.explain_network(&file),
            AnyModel::Whole(file) => return self.explain_network(&file),
        };
        let op: OpEntry = self.key.parse().map_err(PredictorError::from)?;
        let estimate = model.estimate_keyed(&op)?;
        let terms = model.contributions(&op)?;
        let noise = estimate.measured.map(|m| m.noise);
        let measured = estimate.measured.map(|m| m.latency_ms);
        note_emulated(model.conditions());
        if self.json {
            return output::json(&json!({
                "subject": op.key,
                "latency_ms": estimate.combined.ms,
                "model_ms": estimate.model_ms,
                "measured_ms": measured,
                "measured_noise": noise,
                "terms": terms.iter().map(value).collect::<Vec<_>>(),
            }));
        }
        let shares = shares(&terms, estimate.model_ms);
        let mut lines = vec![
            format!("{} ({}): {} ms by the model", op.key, model.ops().cache(), ms(estimate.model_ms)),
            shares,
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

    /// A network by what its tables call it.
    fn explain_network<M: OfNetworks>(&self, file: &NetworksFile<M>) -> anyhow::Result<String> {
        let network = file.model.network(&self.key)?;
        let terms = file.model.terms(&network).map_err(PredictorError::from)?;
        let key = M::key(&network);
        let total: f64 = terms.iter().map(|term| term.ms).sum();
        note_emulated(&file.conditions);
        if self.json {
            return output::json(&json!({
                "subject": key,
                "latency_ms": total,
                "terms": terms.iter().map(value).collect::<Vec<_>>(),
            }));
        }
        Ok(format!("{key}: {} ms by the model\n{}", ms(total), shares(&terms, total)))
    }
}

fn value(term: &Contribution) -> serde_json::Value {
    json!({"name": term.name, "amount": term.amount, "ms": term.ms})
}

fn shares(terms: &[Contribution], total_ms: f64) -> String {
    let mut shares = table(["term", "amount", "ms", "share"]);
    for term in terms {
        let amount = term.amount.map_or_else(|| "-".to_owned(), |amount| format!("{amount:.6}"));
        shares.add_row([term.name.clone(), amount, ms(term.ms), percent(term.ms / total_ms)]);
    }
    shares.to_string()
}
