//! `profiler sample`: random ops.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;

use super::UsageError;
use crate::spec::{OpSpec, Precision, sample};

/// Draws distinct random ops from the ranges of mobile networks, one key per line.
///
/// Sides 7 to 224, channels tied to them and on and off multiples of 8, at most 200 M MACs each: what a predictor needs
/// that is to know more than one search space.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  profiler sample --kind conv+act --count 100 --seed 1 > ops.txt\n  profiler run --ops ops.txt -o run/table.csv"
)]
pub(super) struct Sample {
    /// Kind (such as conv), pair of kinds (conv+act), or all.
    #[arg(long, value_name = "KIND")]
    kind: String,
    /// How many.
    #[arg(long, value_name = "N")]
    count: usize,
    /// The same seed gives the same ops.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw int8 (QDQ) ops instead of f32 ones.
    #[arg(long)]
    int8: bool,
    /// One JSON object per line instead of a key.
    #[arg(long)]
    json: bool,
}

impl Sample {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let precision = if self.int8 { Precision::Int8 } else { Precision::F32 };
        if self.count == 0 {
            return Err(UsageError("--count 0: expected at least 1".to_owned()).into());
        }
        let ops = sample(&self.kind, self.count, self.seed, precision)?;
        let mut stdout = io::stdout().lock();
        for op in &ops {
            if self.json { writeln!(stdout, "{}", op_line(op))? } else { writeln!(stdout, "{op}")? }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// An op with its work, as a line of JSON.
pub(super) fn op_line(op: &OpSpec) -> serde_json::Value {
    let (macs, parameters) = (op.macs().0, op.graph().parameters());
    let output = op.output().to_string();
    serde_json::json!({"key": op.key(), "macs": macs, "parameters": parameters, "output": output})
}
