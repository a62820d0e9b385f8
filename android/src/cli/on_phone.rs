//! What `android profile` and `android run` share: a phone, a program, and a job from start to end.

use super::{AdbArgs, build::BuildArgs, named, spent::Spent};
use crate::adb::{Properties, choose};
use crate::build::{Library, Program};
use crate::error::AndroidError;
use crate::job::{Arguments, Folder, Job, Rows, Show};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};

/// A phone, and the profiler for it.
#[derive(Debug, Args)]
pub(super) struct OnPhone {
    /// The phone, as `android devices` lists it [default: the only one that is ready]
    #[arg(short, long, env = "ANDROID_SERIAL")]
    serial: Option<String>,
    #[command(flatten)]
    adb: AdbArgs,
    #[command(flatten)]
    pub(super) from: BuildArgs,
    /// A profiler built already, instead of building it
    #[arg(long, value_name = "FILE", env = "TAILOR_ARM64_PROFILER", conflicts_with_all = ["route", "source"])]
    program: Option<PathBuf>,
    /// Seconds a phone that is gone is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience_s: u64,
    /// Seconds without a word after which the phone is asked whether it is still at work
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    silence_s: u64,
}

impl OnPhone {
    /// Runs the profiler with `arguments` on the phone; how it ended, and where the time went.
    pub(super) fn work(
        &self,
        mut arguments: Arguments,
        rows: Rows,
    ) -> Result<(ExitCode, Spent), AndroidError> {
        let started = Instant::now();
        arguments.output()?;
        let adb = self.adb.adb();
        let serial = choose(&adb, named(&self.serial))?;
        let model = describe(&serial, &Properties::parse(&adb.shell(&serial, "getprop")?))?;
        let building = Instant::now();
        let program = self.program()?;
        let built_s = building.elapsed().as_secs_f64();
        let libraries = self.from.libraries.inspect()?;
        let beside = beside(&program, &libraries)?;
        let files: Vec<&Path> = [&program.path]
            .into_iter()
            .chain(beside.iter().map(|(file, _)| file))
            .map(PathBuf::as_path)
            .collect();
        let folder = Folder::new(adb, &serial, &arguments.id(&files)?);
        for library in &libraries {
            let path = format!("{}/{}", folder.path(), library.name_on_phone());
            arguments.text([format!("--{}", library.runtime.name), path]);
        }
        profiler::note!("on {model} ({serial}), in {}", folder.path());
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
            .map_err(|error| AndroidError::Usage(error.to_string()))?;
        let (patience, silence) = (Duration::from_secs(self.patience_s), Duration::from_secs(self.silence_s));
        let job = Job { folder, program: program.path, beside, arguments, patience, silence };
        let report = job.run(&mut Show::new(rows), &stop)?;
        let spent = Spent::of(&report, started.elapsed().as_secs_f64(), built_s);
        profiler::note!("{}", spent.text());
        for file in &report.files {
            profiler::note!("wrote {}", file.display());
        }
        if report.code > 128 {
            profiler::note!("the phone's system ended the profiler, by signal {}", report.code - 128);
        }
        if stop.load(Ordering::Relaxed) {
            profiler::note!(
                "stopped; {} has what was measured: give the same command to resume",
                job.folder.path()
            );
        } else if ![0, 2].contains(&report.code) {
            profiler::note!("{} has what was measured: the same command resumes", job.folder.path());
        }
        let code = match report.code {
            0 => ExitCode::SUCCESS,
            2 => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        };
        Ok((code, spent))
    }

    fn program(&self) -> Result<Program, AndroidError> {
        match &self.program {
            Some(path) => Program::inspect(path.clone()),
            None => Ok(self.from.build()?.program),
        }
    }
}

/// What must lie beside the program on the phone, with its names there.
fn beside(program: &Program, libraries: &[Library]) -> Result<Vec<(PathBuf, String)>, AndroidError> {
    let mut beside = Vec::new();
    for file in program.companions()? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        beside.push((file, name));
    }
    for library in libraries {
        let refuse = |why: String| {
            let remedy = "without --program, one that can load it is built";
            let (name, path) = (library.runtime.name, program.path.display());
            AndroidError::Usage(format!("--{name}: `{path}` {why}; {remedy}"))
        };
        match program.c_library {
            Some(own) if own == library.made_for => {
                beside.push((library.path.clone(), library.name_on_phone()));
            }
            Some(own) => {
                let (path, made_for) = (library.path.display(), library.made_for);
                return Err(refuse(format!("runs on {own}, and `{path}` is made for {made_for}")));
            }
            None => {
                let why = "is a static program, which can load no library and has tract only";
                return Err(refuse(why.to_owned()));
            }
        }
    }
    Ok(beside)
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
