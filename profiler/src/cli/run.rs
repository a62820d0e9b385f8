//! `profiler run`: measure a table.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::agreement::CompareArgs;
use super::anchors::check_anchors;
use super::filled_inputs::name_filled_inputs;
use super::heat::HeatArgs;
use super::input_args::InputArgs;
use super::layer_args::LayerArgs;
use super::libraries::{DEFAULT, LibraryArgs, names};
use super::live::{Standing, write_row};
use super::op_list::read_op_list;
use super::output_file::check_output;
use super::progress_lines::{ProgressStyle, Shown};
use super::run_report::{account_of, report, table};
use super::space::SpaceArgs;
use super::speed::SpeedArgs;
use super::{UsageError, stop_flag};
use crate::backend::{MockNoise, open};
use crate::device::{Device, pin};
use crate::measure::Protocol;
use crate::record::{Anchors, check_apart, known_speed_folder};
use crate::sweep::{
    MockLaw, Planned, Sweep, SweepResult, conditions, journal_path, mock_costs, plan_anchors, plan_model,
    plan_networks, plan_op, plan_ops,
};

/// More would take days, and more memory than phones have: every model is loaded all the while.
const MOST_SUBJECTS: usize = 20_000;

/// Measures the ops and random networks of a space, listed ops, and any ONNX models, into one table.
///
/// Subjects take turns in short bursts, in an order shuffled every round, with small reference models in between; see the
/// session file beside the table for the conditions. A stopped or killed run goes on where it was when the same command
/// is given again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  profiler run --space proxylessnas-small --networks 30 -o run/table.csv\n  profiler sample --kind mbconv --count 200 | profiler run --ops - -o run/mbconv.csv\n  profiler run --onnx searched.onnx --onnx baseline.onnx -o run/verify.csv\n  profiler run --sample-networks 150 -o run/in-place.csv"
)]
pub(super) struct Run {
    #[command(flatten)]
    space: SpaceArgs,
    /// Measure this many random networks of the space as well.
    #[arg(long, value_name = "N", default_value_t = 0)]
    networks: usize,
    /// Leave out the space's ops: networks only.
    #[arg(long, requires = "space")]
    no_ops: bool,
    /// Measure these ops too: a file with one key per line, as `profiler sample` writes it, or - for stdin.
    #[arg(long, value_name = "FILE")]
    ops: Option<PathBuf>,
    /// Measure this ONNX model too (repeatable).
    #[arg(long, value_name = "FILE")]
    onnx: Vec<PathBuf>,
    /// Measure this TensorFlow Lite model too (repeatable).
    #[arg(long, value_name = "FILE")]
    tflite: Vec<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    layers: LayerArgs,
    /// Table to write; its session and journal go beside it.
    #[arg(short, long, value_name = "TABLE.csv")]
    output: PathBuf,
    #[arg(long, default_value = DEFAULT, help = format!("Runtime: {}", names(Some("emulated, for trying things out"))))]
    backend: String,
    #[command(flatten)]
    libraries: LibraryArgs,
    #[command(flatten)]
    compare: CompareArgs,
    /// Threads of the runtime.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Processors to pin to, such as 0,2 or 4-7, big or little, at least one per thread [default: one per thread, the fastest kind, counted from the last].
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// Seed of the random networks and of the order of turns.
    #[arg(long, default_value_t = Protocol::default().seed)]
    seed: u64,
    /// A subject is known when the 95 % interval of its median is within this many per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * Protocol::default().target_half_width)]
    target_ci: f64,
    #[arg(long, help = least_rounds(), value_parser = clap::value_parser!(u32).range(6..))]
    min_rounds: Option<u32>,
    /// Turns a subject gets at most.
    #[arg(long, default_value_t = Protocol::default().max_rounds, value_parser = clap::value_parser!(u32).range(6..))]
    max_rounds: u32,
    /// Seconds the whole measurement may take, but for layers [default: 600; with --sample-networks 1.5 for each of them, 60 at least].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    budget_s: Option<u64>,
    #[command(flatten)]
    speed: SpeedArgs,
    /// Measure a dozen figures of an earlier session again, in between, and report by how much the machine is slower or faster: those
    /// of a table, or those that a latency model carries.
    #[arg(long, value_name = "MODEL.json|TABLE.csv")]
    anchors: Option<PathBuf>,
    #[command(flatten)]
    heat: HeatArgs,
    /// Noise of the mock's emulated figures.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.02, hide = true)]
    mock_noise: f64,
    /// Share of the time that the mock has its fast speed.
    #[arg(long, value_name = "SHARE", default_value_t = MockNoise::NONE.fast_share, hide = true)]
    mock_fast_share: f64,
    /// Print rows as JSON lines: each with `"final": false` as soon as its subject is known, and every row of the table
    /// once more with `"final": true` at the end. Drift is corrected over the whole session, so figures may move a little
    /// in between.
    #[arg(long)]
    json: bool,
    /// How to show progress.
    #[arg(long, value_name = "STYLE", default_value = "bar")]
    progress: ProgressStyle,
}

fn least_rounds() -> String {
    let default = Protocol::default().min_rounds;
    format!("Turns a subject gets at least [default: {default}, or --max-rounds where that is fewer]")
}

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        check_output(&self.output)?;
        let anchors = self.anchors.as_deref();
        check_apart(&self.output, self.ops.as_deref().into_iter().chain(anchors))?;
        if !(0.0..1.0).contains(&self.mock_noise) {
            return Err(UsageError(format!("--mock-noise {}: expected 0 to 1", self.mock_noise)).into());
        }
        let subjects = self.subjects()?;
        let anchors = self.anchors.as_deref().map(Anchors::read).transpose()?;
        let again =
            anchors.iter().map(|anchors| plan_anchors(anchors, &subjects)).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<Planned> = subjects.iter().chain(again.iter().flatten()).cloned().collect();
        let fast_share = self.mock_fast_share;
        let noise = MockNoise { amplitude: self.mock_noise, seed: self.seed, fast_share };
        let mock = Some((mock_costs(&all, MockLaw::default()), noise));
        let backend = open(&self.backend, self.libraries.options(mock))?;
        let protocol = self.protocol();
        protocol.check().map_err(UsageError::from)?;
        let stop = stop_flag()?;
        let cpus = match backend.emulated_clock() {
            Some(_) => Vec::new(),
            None => pin(self.cpus.as_deref(), self.threads).map_err(|e| UsageError(e.to_string()))?,
        };
        if let (Some(path), Some(anchors)) = (&self.anchors, &anchors) {
            let here = conditions(backend.as_ref(), self.threads, &cpus, &Device::of_this_machine());
            check_anchors(path, anchors, &here, &protocol)?;
        }
        let other = self.compare.other(backend.as_ref(), &self.libraries)?;
        let mut shown = Shown::new(self.progress, all.len());
        let output = self.output.clone();
        let (backend, threads, compare_with) = (backend.as_ref(), self.threads, other.with());
        let sweep = Sweep {
            subjects,
            backend,
            threads,
            cpus,
            protocol,
            anchors,
            known_speeds: known_speed_folder(),
            layers: self.layers.plan(),
            compare_with,
            output,
        };
        let handle = shown.handle();
        let result = sweep.run_live(&mut shown, &stop, &mut |row| {
            let write = || write_row(row, Standing::Provisional);
            if self.json { Ok(handle.suspend(write)?) } else { Ok(()) }
        });
        shown.finish();
        match result? {
            SweepResult::Done { measured, session, lost } => {
                if self.json {
                    measured.rows.iter().try_for_each(|row| write_row(row, Standing::Final))?;
                } else {
                    crate::out!("{}", table(&measured.rows))?;
                }
                report(&session, &self.output, measured.rows.len());
                Ok(account_of(&lost))
            }
            SweepResult::Stopped => {
                let journal = journal_path(&self.output);
                crate::note!(
                    "stopped; {} has what was measured: give the same command to go on",
                    journal.display()
                );
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn subjects(&self) -> anyhow::Result<Vec<Planned>> {
        let mut subjects = Vec::new();
        match self.space.resolve()? {
            Some(space) => {
                let ops = if self.no_ops { 0 } else { space.distinct_ops().len() };
                if ops.saturating_add(self.networks) > MOST_SUBJECTS {
                    return Err(UsageError(format!(
                        "{ops} ops of the space and {} networks are too many to measure, expected {MOST_SUBJECTS} at most: \
                         give --no-ops, fewer --networks, or some of the ops by --ops (see profiler sample)",
                        self.networks
                    ))
                    .into());
                }
                if !self.no_ops {
                    subjects.extend(plan_ops(&space)?);
                }
                subjects.extend(plan_networks(&space, self.networks, self.seed)?);
            }
            None if self.networks > 0 => {
                return Err(UsageError("--networks needs --space".to_owned()).into());
            }
            None => {}
        }
        if let Some(path) = &self.ops {
            let listed = read_op_list(path)?;
            let known: HashSet<String> = subjects.iter().map(|subject| subject.key.clone()).collect();
            for op in listed.into_iter().filter(|op| !known.contains(&op.key())) {
                subjects.push(plan_op(op)?);
            }
        }
        if subjects.len().saturating_add(self.layers.count()) > MOST_SUBJECTS {
            let text = format!(
                "--sample-networks {}: expected {MOST_SUBJECTS} subjects at most",
                self.layers.count()
            );
            return Err(UsageError(text).into());
        }
        subjects.extend(self.layers.networks(self.seed));
        let models = self.onnx.iter().chain(&self.tflite);
        let models = self.inputs.of_all(models, |path, inputs| anyhow::Ok(plan_model(path, inputs)?))?;
        if self.layers.of_models() && models.is_empty() {
            return Err(UsageError("--layers needs --onnx or --tflite".to_owned()).into());
        }
        // A random network that is also given as a model is measured once, as the model.
        subjects.retain(|subject: &Planned| models.iter().all(|model| model.key != subject.key));
        models.iter().for_each(name_filled_inputs);
        subjects.extend(models);
        if subjects.is_empty() {
            return Err(UsageError(
                "nothing to measure: give --space, --ops, --sample-networks, --onnx or --tflite".to_owned(),
            )
            .into());
        }
        Ok(subjects)
    }

    fn protocol(&self) -> Protocol {
        Protocol {
            seed: self.seed,
            target_half_width: self.target_ci / 100.0,
            min_rounds: self.min_rounds.unwrap_or(self.layers.default_min_rounds().min(self.max_rounds)),
            max_rounds: self.max_rounds,
            budget_ns: self.budget_s.unwrap_or(self.layers.default_budget_s()).saturating_mul(1_000_000_000),
            heat: self.heat.limits(),
            speeds: self.speed.speeds(),
            ..Protocol::default()
        }
    }
}
