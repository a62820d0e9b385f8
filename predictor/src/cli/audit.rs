//! `predictor audit`: what a table is worth.

use std::path::PathBuf;

use clap::Args;

use super::output::{self, ms, percent, percent_or_dash, table};
use super::{Leniency, note_emulated};
use crate::audit::{Additivity, Audit, Doubt, DoubtfulRow, Estimate, OpEffect, PartsFit, Verdict};

/// Checks whether a table's networks are sums of their ops, which ops carry the error, and which rows are doubtful.
#[derive(Debug, Args)]
#[command(
    after_help = "Networks that were measured scatter around a + b · Σ ops; labels made by adding do not, and say nothing \
                  of how ops behave together. An op carries error where networks that have it are off the line fitted to \
                  the others. Works on imported tables too.\n\nExample:\n  predictor audit run/table.csv --json"
)]
pub(super) struct AuditTables {
    /// Measurement tables (CSV), each with its session file beside it.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Rows and ops to print at most; --json has all.
    #[arg(long, default_value_t = 20, value_name = "N")]
    most: usize,
    #[command(flatten)]
    leniency: Leniency,
    /// A JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

impl AuditTables {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let measurements = self.leniency.read(&self.tables)?;
        let audit = Audit::of(&measurements)?;
        note_emulated(&measurements.conditions);
        if self.json { output::json(&audit) } else { Ok(report(&audit, self.most)) }
    }
}

const MERE_SUMS: &str = "mere sums; their labels were made by adding";

fn report(audit: &Audit, most: usize) -> String {
    let mut parts = vec![sums(&audit.sums)];
    parts.extend(audit.parts.as_ref().map(of_parts));
    if !audit.ops.is_empty() {
        parts.push(ops(&audit.ops, most));
    }
    if let Some(width) = audit.usual_half_width.filter(|width| *width > 0.0) {
        parts.push(format!("half of the rows are known to ± {} or better (95 % interval)", percent(width)));
    }
    parts.push(doubtful(&audit.doubtful, audit.rows, most));
    if !audit.not_fitted.is_empty() {
        parts.push(format!(
            "{} ops measured inside of networks are too fast for their kind or too short to tell, and are not fitted on (--json names \
             them)",
            audit.not_fitted.len()
        ));
    }
    parts.join("\n\n")
}

fn sums(sums: &[Additivity]) -> String {
    if sums.is_empty() {
        return "no networks whose ops were measured".to_owned();
    }
    let mut lines = table([
        "ops",
        "networks",
        "n",
        "Σ / network",
        "a (ms)",
        "b",
        "off by (RMS)",
        "largest",
        "left out",
        "noise",
    ]);
    let shown = |e: Estimate| format!("{} ({} to {})", ms(e.value), ms(e.low), ms(e.high));
    let estimate = |estimate: Option<Estimate>| estimate.map_or_else(|| "-".to_owned(), shown);
    for found in sums {
        let [least, mean, most] = found.sum_over_network;
        lines.add_row([
            found.op_cache.to_string(),
            found.network_cache.to_string(),
            found.networks.to_string(),
            format!("{mean:.3} ({least:.3} to {most:.3})"),
            estimate(found.constant_ms),
            estimate(found.scale),
            percent_or_dash(found.rms),
            percent_or_dash(found.largest),
            percent_or_dash(found.loo_mape),
            percent(found.noise),
        ]);
    }
    let mut text = format!("networks as a + b · Σ ops (90 % intervals):\n{lines}");
    for found in sums {
        let states = format!("{} networks of {} ops", found.network_cache, found.op_cache);
        if found.networks_with_unknown_ops > 0 {
            let count = found.networks_with_unknown_ops;
            text += &format!("\n{states}: {count} left out, which have ops that were not measured");
        }
        match found.verdict {
            Verdict::ExactSums => text += &format!("\n{states}: {MERE_SUMS}"),
            Verdict::NearExactSums => {
                let why = "closer to sums than their noise allows; probably made by adding";
                text += &format!("\n{states}: {why}");
            }
            Verdict::TooFew => text += &format!("\n{states}: too few to determine it"),
            Verdict::Measured => {}
        }
    }
    text
}

fn of_parts(fit: &PartsFit) -> String {
    let verdict = match fit.verdict {
        Verdict::ExactSums => MERE_SUMS,
        _ => "no mere sums",
    };
    let (networks, parts) = (fit.networks, fit.parts);
    let (rms, largest) = (percent(fit.rms), percent(fit.largest));
    format!(
        "{networks} networks as the best sum of a number for each of {parts} parts: off by {rms} (RMS), at most {largest}: \
         {verdict}"
    )
}

fn ops(effects: &[OpEffect], most: usize) -> String {
    let mut lines = table(["op", "with", "without", "effect (ms)", "p", "stands out"]);
    for effect in effects.iter().take(most) {
        lines.add_row([
            effect.op.clone(),
            effect.networks_with.to_string(),
            effect.networks_without.to_string(),
            format!("{:+.5}", effect.effect_ms),
            format!("{:.4}", effect.p_value),
            if effect.significant { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let significant = effects.iter().filter(|effect| effect.significant).count();
    format!(
        "what ops cost in networks beyond their share of the sum, surest first ({significant} of {} stand out, one in ten \
         of those by chance; ops that go together share an effect):\n{lines}",
        effects.len()
    )
}

fn doubtful(rows: &[DoubtfulRow], all: usize, most: usize) -> String {
    if rows.is_empty() {
        return format!("doubtful rows: none of {all}");
    }
    let mut lines = table(["subject", "state", "latency (ms)", "why"]);
    for row in rows.iter().take(most) {
        let why: Vec<String> = row.doubts.iter().map(describe).collect();
        lines.add_row([row.subject.clone(), row.cache.to_string(), ms(row.latency_ms), why.join("; ")]);
    }
    let rest = rows.len().saturating_sub(most);
    let rest = if rest > 0 { format!("\nand {rest} more (--most, --json)") } else { String::new() };
    format!("doubtful rows: {} of {all}\n{lines}{rest}", rows.len())
}

fn describe(doubt: &Doubt) -> String {
    match doubt {
        Doubt::WideInterval { half_width } => format!("interval ± {}", percent(*half_width)),
        Doubt::Preempted => "the machine interrupted its runs".to_owned(),
        Doubt::Duplicate { rows } => format!("{rows} rows in one session"),
        Doubt::Disagrees { other_ms, session } => {
            format!("{} ms in another row (session {session})", ms(*other_ms))
        }
        Doubt::Contradiction { what } => what.clone(),
        Doubt::HotSlowerThanCold { cold_ms } => format!("hot, yet only {} ms cold", ms(*cold_ms)),
        Doubt::TooFast { gmacs_per_s, others_gmacs_per_s } => {
            let others = format!("where the fastest others of its kind reach {others_gmacs_per_s:.1}");
            format!("{gmacs_per_s:.1} GMAC/s, {others}")
        }
        Doubt::SlowerThanMore { op, latency_ms, ops } => {
            let more = if *ops > 1 { format!(" and {} others", ops - 1) } else { String::new() };
            format!("{op}{more} with more work: {} ms", ms(*latency_ms))
        }
    }
}
