//! `predictor bench`: what is reached on public tables.

use std::{io::Write, path::PathBuf, time::Instant};

use clap::Args;
use profiler::bench::Goal;
use serde_json::json;

use super::output::{self, percent, table};
use crate::bench::{self, Figure, Finding};
use crate::error::PredictorError;

/// Scores the predictor on public latency tables, or on your own, against its goals.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub(super) struct Bench {
    /// Folder of the tables (CSV).
    #[arg(long, env = "TAILOR_TABLES", value_name = "FOLDER", required_unless_present_any = ["speed", "own"])]
    tables: Option<PathBuf>,
    /// Only this table; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Your own measurement table, with its session beside it, instead of public tables; may be given several times.
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["only", "speed"])]
    own: Vec<PathBuf>,
    /// Test on other rows than goals are about, drawn at random by this number (0: not): shows what a figure owes to the split.
    #[arg(long, value_name = "SEED", default_value_t = 0, conflicts_with_all = ["speed", "own"])]
    split: u64,
    /// Time the predictor itself instead, on a table that is made up.
    #[arg(long)]
    speed: bool,
    /// A JSON array with an object per case instead of a table.
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    let tables = bench::known_tables();
    format!(
        "The tables are not part of Tailor; `--tables` names the folder they are in: {tables}. `--only` takes a file's \
         name, or mbconv_NEW_from_KNOWN. Exit code 0 whether goals are met or not.\n\nYour own table, best \
         measured on a machine that does nothing else:\n  profiler run --space proxylessnas-mobile --networks 250 \
         --budget-s 3600 -o own/tract.csv\n  profiler run --space proxylessnas-mobile --networks 250 --budget-s 3600 \
         --backend onnxruntime -o own/onnxruntime.csv\n  predictor bench --own own/tract.csv --own \
         own/onnxruntime.csv\n200 of the networks are left out, the others fitted on.\n\nExample:\n  predictor bench \
         --tables tables --only mbconv_pixel1"
    )
}

impl Bench {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let started = Instant::now();
        let mut say = |text: &str| {
            // Progress that nobody reads is no failure.
            let _ = writeln!(std::io::stderr(), "[{:4} s] {text}", started.elapsed().as_secs());
        };
        let mut findings = Vec::new();
        if self.speed {
            findings.extend(bench::speed(&mut say)?);
        } else if !self.own.is_empty() {
            for table in &self.own {
                findings.extend(bench::own_table(table, &mut say)?);
            }
        } else if let Some(folder) = self.tables.clone() {
            let run = bench::Bench::new(folder, &mut say).with_split(self.split);
            let tables = run.tables()?;
            if let Some(name) = self.only.iter().find(|only| !tables.iter().any(|(name, _)| name == *only)) {
                let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
                let value = format!("`{name}`, and the folder has {}", names.join(", "));
                let expected = "the name of a table in the folder";
                return Err(PredictorError::Option { option: "--only", value, expected }.into());
            }
            let asked = |name: &String| self.only.is_empty() || self.only.contains(name);
            for (name, task) in tables.iter().filter(|(name, _)| asked(name)) {
                findings.extend(task(&run, name)?);
            }
        }
        if self.json { output::json(&json!(findings)) } else { Ok(report(&findings)) }
    }
}

fn report(findings: &[Finding]) -> String {
    let mut lines = table(["table", "case", "rows", "model", "figure", "reached", "goal", "met"]);
    for finding in findings {
        for (index, goal) in finding.goals.iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            lines.add_row([
                first(&finding.table),
                first(&finding.case),
                first(&finding.rows.to_string()),
                first(&finding.model),
                goal.figure.to_owned(),
                shown(goal, goal.reached),
                bound(goal),
                goal.met.map_or("", |met| if met { "yes" } else { "NO" }).to_owned(),
            ]);
        }
    }
    let goals = || findings.iter().flat_map(|finding| &finding.goals).filter_map(|goal| goal.met);
    format!("{lines}\n{} of {} goals met", goals().filter(|met| *met).count(), goals().count())
}

fn shown(goal: &Figure, value: f64) -> String {
    match goal.figure {
        name if name.contains("spearman") => format!("{value:.4}"),
        name if ["_ms", "_us", "_s"].iter().any(|unit| name.ends_with(unit)) => output::ms(value),
        name if name.ends_with("_n") => format!("{value:.0}"),
        _ => format!("{:.2} %", 100.0 * value),
    }
}

fn bound(goal: &Figure) -> String {
    let print = |value| match goal.goal {
        Some(Goal::Between(..)) => percent(value),
        _ => shown(goal, value),
    };
    goal.goal.map_or_else(String::new, |bound| bound.printed(print))
}
