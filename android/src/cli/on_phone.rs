//! What `android profile` and `android run` share: a phone, a program, and a job from start to end.

use super::{AdbArgs, build::BuildArgs};
use crate::{
    AndroidError,
    adb::{Properties, choose},
    build::{Linking, Program},
    job::{Arguments, Folder, Job, Report, Rows, Show},
};
use clap::Args;
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A phone, and the profiler for it.
#[derive(Debug, Args)]
pub(super) struct OnPhone {
    /// The phone, as `android devices` lists it [default: the only one that is ready]
    #[arg(short, long, env = "ANDROID_SERIAL")]
    serial: Option<String>,
    #[command(flatten)]
    adb: AdbArgs,
    #[command(flatten)]
    from: BuildArgs,
    /// A profiler built already, instead of building it
    #[arg(long, value_name = "FILE", env = "TAILOR_ARM64_PROFILER", conflicts_with_all = ["route", "source"])]
    program: Option<PathBuf>,
    /// ONNX Runtime's library for arm64 Android, to be put beside a profiler that was built by the NDK
    #[arg(long, value_name = "LIB.so")]
    onnxruntime: Option<PathBuf>,
    /// Seconds a phone that is gone is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience_s: u64,
    /// Seconds without a word after which the phone is asked whether it is still at work
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    silence_s: u64,
}

/// Name of ONNX Runtime's library in the job's folder.
const LIBRARY: &str = "libonnxruntime.so";

impl OnPhone {
    /// Runs the profiler with `arguments` on the phone.
    pub(super) fn work(&self, mut arguments: Arguments, rows: Rows) -> Result<ExitCode, AndroidError> {
        let started = Instant::now();
        arguments.output()?;
        let adb = self.adb.adb();
        let serial = choose(&adb, self.serial.as_deref())?;
        let model = describe(&serial, &Properties::parse(&adb.shell(&serial, "getprop")?))?;
        let building = Instant::now();
        let program = self.program()?;
        let built_s = building.elapsed().as_secs_f64();
        let beside = self.libraries(&program)?;
        let id = arguments.id(&program.path)?;
        let folder = Folder::new(adb, &serial, &id);
        if !beside.is_empty() {
            arguments.text(["--onnxruntime".to_owned(), format!("{}/{LIBRARY}", folder.path())]);
        }
        eprintln!("on {model} ({serial}), in {}", folder.path());
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
            .map_err(|error| AndroidError::Usage(error.to_string()))?;
        let (patience, silence) = (Duration::from_secs(self.patience_s), Duration::from_secs(self.silence_s));
        let job = Job { folder, program: program.path, beside, arguments, patience, silence };
        let report = job.run(&mut Show::new(rows), &stop)?;
        tell(&report, started.elapsed().as_secs_f64(), built_s);
        if stop.load(Ordering::Relaxed) {
            eprintln!("stopped; {} has what was measured: give the same command to go on", job.folder.path());
        } else if report.code == 1 {
            eprintln!("{} has what was measured: the same command goes on", job.folder.path());
        }
        Ok(match report.code {
            0 => ExitCode::SUCCESS,
            2 => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        })
    }

    fn program(&self) -> Result<Program, AndroidError> {
        match &self.program {
            Some(path) => Program::inspect(path.clone()),
            None => Ok(self.from.build()?.program),
        }
    }

    fn libraries(&self, program: &Program) -> Result<Vec<(PathBuf, String)>, AndroidError> {
        let Some(library) = &self.onnxruntime else { return Ok(Vec::new()) };
        if program.linking == Linking::Static {
            let text = "--onnxruntime: this profiler is a static program, which can load no library and has tract \
                        only; build one with Android's NDK (--route ndk)";
            return Err(AndroidError::Usage(text.to_owned()));
        }
        Program::inspect(library.clone())?;
        Ok(vec![(library.clone(), LIBRARY.to_owned())])
    }
}

/// The phone's name, if it runs arm64 programs.
fn describe(serial: &str, properties: &Properties) -> Result<String, AndroidError> {
    let abis = properties.first_of(&["ro.product.cpu.abilist", "ro.product.cpu.abi"]);
    if let Some(abis) = abis.filter(|abis| !abis.split(',').any(|abi| abi.trim() == "arm64-v8a")) {
        return Err(AndroidError::WrongAbi { serial: serial.to_owned(), abi: abis.to_owned() });
    }
    let known =
        [properties.first_of(&["ro.product.manufacturer"]), properties.first_of(&["ro.product.model"])];
    let name = known.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(if name.is_empty() { "a phone without a name".to_owned() } else { name })
}

/// Where the time went.
fn tell(report: &Report, total_s: f64, built_s: f64) {
    let Report { transfer_s, profiler_s, waiting_s, losses, transferred_bytes, .. } = report;
    let rest_s = (total_s - built_s - transfer_s - profiler_s - waiting_s).max(0.0);
    let megabytes = *transferred_bytes as f64 / 1e6;
    let lost = match losses {
        0 => String::new(),
        times => format!(", {waiting_s:.1} s waiting for the phone, lost {times} times"),
    };
    eprintln!(
        "{total_s:.1} s: {profiler_s:.1} s the profiler, {built_s:.1} s building, {transfer_s:.1} s sending and \
         receiving {megabytes:.1} MB{lost}, {rest_s:.1} s all else"
    );
    for file in &report.files {
        eprintln!("wrote {}", file.display());
    }
}
