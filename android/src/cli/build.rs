use super::{libraries::LibraryArgs, print_json};
use crate::build::{Built, Route, Source, build, first};
use crate::error::AndroidError;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use std::{path::PathBuf, process::ExitCode};

/// Where the profiler for the phone comes from.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// The only route to try
    #[arg(long)]
    pub(super) route: Option<Route>,
    /// A folder in the Tailor checkout to build
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) source: PathBuf,
    #[command(flatten)]
    pub(super) libraries: LibraryArgs,
}

impl BuildArgs {
    pub(super) fn build(&self) -> Result<Built, AndroidError> {
        let libraries = self.libraries.inspect()?;
        build(&Source::find(&self.source)?, self.route, &libraries)
    }
}

/// Builds the profiler for arm64 phones, with tract as its runtime, or ONNX Runtime as well, stripped.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  android build --route musl\n  android build --onnxruntime libonnxruntime.so\n\n\
    Without --route, ndk, musl and debian are tried in this order; those that cannot work say why."
)]
pub(super) struct Build {
    #[command(flatten)]
    from: BuildArgs,
    /// Print the commands of the first route that can work, and run none
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
}

impl Build {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        if self.dry_run {
            return self.show_commands();
        }
        let built = self.from.build()?;
        if self.json {
            print_json(&built)?;
            return Ok(ExitCode::SUCCESS);
        }
        let Built { route, target, program, .. } = built;
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["route", "target", "size", "program"]);
        let size = format!("{:.1} MB", program.bytes as f64 / 1e6);
        table.add_row([route.to_string(), target.to_owned(), size, program.path.display().to_string()]);
        profiler::out!("{table}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn show_commands(&self) -> Result<ExitCode, AndroidError> {
        Source::find(&self.from.source)?;
        let libraries = self.from.libraries.inspect()?;
        let (plan, refused) = first(self.from.route, |route, _| route.plan(&libraries))?;
        refused.iter().for_each(|refusal| profiler::note!("not by {refusal}"));
        profiler::out!("{}", plan.commands().trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}
