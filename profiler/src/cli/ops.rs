//! `profiler ops`: what a space is made of.

use std::process::ExitCode;

use clap::Args;

use super::{UsageError, sample::op_line, space::SpaceArgs, table_of};

/// Lists every distinct op of a search space with its work.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  profiler ops --space proxylessnas-mobile --json")]
pub(super) struct Ops {
    #[command(flatten)]
    space: SpaceArgs,
    /// One JSON object per line instead of a table.
    #[arg(long)]
    json: bool,
}

impl Ops {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let space = self.space.resolve()?.ok_or_else(|| UsageError("--space is missing".to_owned()))?;
        let ops = space.distinct_ops();
        if self.json {
            for op in ops {
                crate::out!("{}", op_line(&op))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = table_of(["op", "MACs (M)", "parameters", "output"]);
        for op in &ops {
            let macs = format!("{:.3}", op.macs().millions());
            table.add_row([op.key(), macs, op.graph().parameters().to_string(), op.output().to_string()]);
        }
        crate::out!("{table}")?;
        crate::out!("{} ops, 10^{:.1} networks", ops.len(), space.log10_networks())?;
        Ok(ExitCode::SUCCESS)
    }
}
