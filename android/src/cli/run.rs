use super::on_phone::OnPhone;
use crate::error::AndroidError;
use crate::job::{Arguments, Rows};
use clap::Args;
use std::process::ExitCode;

/// Runs any command of the profiler on a phone: `model`, `sample`, `bench`, `doctor`, `run`…
///
/// Files of this computer that the arguments name (with a dot or a slash in the name) are sent there first; what
/// follows -o is fetched at the end. A phone that is lost is waited for, and the command is started again: `run` and
/// `bench` go on where they were, others begin anew.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  android run -- doctor\n  android run --serial 0A041FDD4000AB -- model searched.onnx -o run/layers.csv"
)]
pub(super) struct Run {
    #[command(flatten)]
    on: OnPhone,
    /// The profiler's command and arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Run {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        Ok(self.on.work(Arguments::read(&self.command), Rows::Printed)?.0)
    }
}
