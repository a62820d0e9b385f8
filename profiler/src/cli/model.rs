//! `profiler model`: one network, as a whole and layer by layer.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Args;
use indicatif::ProgressBar;

use super::agreement::CompareArgs;
use super::filled_inputs::name_filled_inputs;
use super::input_args::InputArgs;
use super::layer_report::{json, text};
use super::libraries::{DEFAULT, LibraryArgs, names};
use super::output_file::check_output;
use super::progress::Bar;
use super::{UsageError, bar_of, report_error, stop_flag};
use crate::backend::{MockNoise, open};
use crate::device::pin;
use crate::layers::TracePlan;
use crate::measure::Protocol;
use crate::record::{session_path, write_session, write_table};
use crate::sweep::{MockLaw, NetworkProfile, Planned, mock_costs, plan_model};

/// Measures one ONNX or TensorFlow Lite model: the whole, and every layer inside the running network.
///
/// The whole is measured hot and cold as by `profiler run`. Then plain runs and runs in which the runtime notes each
/// node's time take turns; the model's layers get the times of the runtime's nodes that compute them, and what no node
/// accounts for is the row (runtime). A batch that is left open is 1, other open sizes
/// come from --input-shape. Inputs get random floats; integers and booleans get 0 and 1, or what --input says. ONNX
/// Runtime notes whole microseconds and what noting costs, some 2 to 10 us a node, is measured and taken off: its layers
/// of a few microseconds are rough.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  profiler model searched.onnx\n  profiler model searched.onnx --backend tract --backend onnxruntime --onnxruntime libonnxruntime.so\n  profiler model searched.onnx -o run/layers.csv\n  profiler model vad.onnx --input-shape input=1x512 --input sr=16000"
)]
pub(super) struct Model {
    /// ONNX or TensorFlow Lite model.
    model: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    #[arg(long, value_name = "NAME", default_value = DEFAULT, help = format!("Runtime: {} (repeatable)", names(None)))]
    backend: Vec<String>,
    #[command(flatten)]
    libraries: LibraryArgs,
    /// Threads of the runtime.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Processors to pin to, such as 0,2 or 4-7, big or little, at least one per thread [default: one per thread, the fastest kind,
    /// counted from the last].
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// A figure is known when its 95 % interval is within this many per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * Protocol::brief().target_half_width)]
    target_ci: f64,
    /// Seconds a runtime may take, half of them for the layers.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    budget_s: u64,
    #[command(flatten)]
    compare: CompareArgs,
    /// Table to write, for predictors: the network, and in place the ops of a network that Tailor exported. Its session
    /// goes beside it, and a journal, from which a stopped measurement resumes. Takes one --backend.
    #[arg(short, long, value_name = "TABLE.csv")]
    output: Option<PathBuf>,
    /// Print one JSON line per runtime instead of tables.
    #[arg(long)]
    json: bool,
}

impl Model {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let usage = |text: String| Err(UsageError(text).into());
        if let Some(output) = &self.output {
            check_output(output)?;
            if self.backend.len() > 1 {
                return usage(format!(
                    "--output takes one --backend, not {}: tables of different runtimes are not mixed",
                    self.backend.join(" and ")
                ));
            }
        }
        let planned =
            self.inputs.of_all([&self.model], |path, inputs| anyhow::Ok(plan_model(path, inputs)?))?;
        planned.iter().for_each(name_filled_inputs);
        let protocol = self.protocol();
        protocol.check().map_err(UsageError::from)?;
        let cpus = pin(self.cpus.as_deref(), self.threads).map_err(|error| UsageError(error.to_string()))?;
        let stop = stop_flag()?;
        let mut code = ExitCode::SUCCESS;
        for (network, name) in
            planned.iter().flat_map(|network| self.backend.iter().map(move |name| (network, name)))
        {
            match self.measure(network, name, &cpus, &protocol, &stop) {
                Ok(true) => {}
                Ok(false) => {
                    match &self.output {
                        Some(_) => crate::note!("stopped; the same command resumes it"),
                        None => crate::note!("stopped; nothing is kept of it without --output"),
                    }
                    return Ok(ExitCode::FAILURE);
                }
                // What one runtime does not take, another may.
                Err(error) => code = report_error(&error),
            }
        }
        Ok(code)
    }

    /// On one runtime; false if stopped.
    fn measure(
        &self,
        network: &Planned,
        backend: &str,
        cpus: &[usize],
        protocol: &Protocol,
        stop: &AtomicBool,
    ) -> anyhow::Result<bool> {
        let mock = Some((mock_costs(std::slice::from_ref(network), MockLaw::default()), MockNoise::NONE));
        let backend = open(backend, self.libraries.options(mock))?;
        let other = self.compare.other(backend.as_ref(), &self.libraries)?;
        let profile = NetworkProfile {
            network,
            backend: backend.as_ref(),
            threads: self.threads,
            cpus: cpus.to_vec(),
            protocol: protocol.clone(),
            plan: TracePlan {
                target_half_width: protocol.target_half_width,
                budget_ns: protocol.budget_ns,
                ..TracePlan::default()
            },
            compare_with: other.with(),
            output: self.output.as_deref(),
        };
        let mut bar = Bar::new(1);
        let layers = bar_of(ProgressBar::no_length(), "layers [{bar:30}] {msg}");
        let result = profile.run(
            &mut bar,
            &mut |progress| {
                layers.set_length(progress.budget_ns / 1_000_000);
                layers.set_position(progress.spent_ns.min(progress.budget_ns) / 1_000_000);
                let width =
                    progress.half_width.map_or(String::new(), |width| format!(", ±{:.1} %", width * 100.0));
                layers.set_message(format!("round {}{width}", progress.rounds));
            },
            stop,
        );
        bar.finish();
        layers.finish_and_clear();
        let Some(result) = result? else { return Ok(false) };
        if let Some(output) = &self.output {
            write_session(&session_path(output), &result.session)?;
            write_table(output, &result.rows)?;
        }
        if self.json {
            crate::out!("{}", json(&self.model, &result)?)?;
        } else {
            crate::out!("{}", text(&result))?;
        }
        result.session.warnings.iter().for_each(|warning| crate::note!("warning: {warning}"));
        Ok(true)
    }

    fn protocol(&self) -> Protocol {
        Protocol {
            target_half_width: self.target_ci / 100.0,
            budget_ns: self.budget_s.saturating_mul(500_000_000),
            ..Protocol::brief()
        }
    }
}
