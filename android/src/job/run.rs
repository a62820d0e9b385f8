use super::live::{Live, Next};
use super::{Arguments, Event, Folder, Phase, Show};
use crate::adb::{Adb, is_on_network};
use crate::error::AndroidError;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A profiler's job on a phone.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) folder: Folder,
    pub(crate) program: PathBuf,
    /// Other files that must lie beside it, by their names there.
    pub(crate) beside: Vec<(PathBuf, String)>,
    pub(crate) arguments: Arguments,
    pub(crate) patience: Duration,
    /// After so long without a word the phone is asked whether the profiler lives.
    pub(crate) silence: Duration,
}

/// How a job ended, and where its time went.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) losses: u32,
    pub(crate) transferred_bytes: u64,
    pub(crate) transfer_s: f64,
    /// Seconds the profiler ran, as it says itself; up to the loss where the phone was lost.
    pub(crate) profiler_s: f64,
    pub(crate) waiting_s: f64,
}

/// How often Ctrl-C is looked for.
const GLANCE: Duration = Duration::from_millis(100);
/// How long a profiler may take to stop when it is asked to.
const TO_STOP: Duration = Duration::from_secs(30);
/// More losses than this are no accident.
const MOST_LOSSES: u32 = 50;
/// Room for tables and journals, beyond the files that are sent.
const ROOM_FOR_RESULTS: u64 = 16_000_000;

enum Ending {
    Exit(i32),
    Lost,
}

impl Job {
    /// Puts everything there, runs the profiler until it ends, however often the phone is lost meanwhile, and fetches
    /// what it wrote. The folder is removed when all is here; after an error or a stop it stays, and the same job goes
    /// on there.
    pub(crate) fn run(&self, show: &mut Show, stop: &AtomicBool) -> Result<Report, AndroidError> {
        let mut report = Report::default();
        let arguments = self.arguments.for_phone(self.folder.path())?;
        self.prepare(&mut report)?;
        loop {
            match self.attempt(&arguments, show, stop, &mut report)? {
                Ending::Exit(code) => break report.code = code,
                Ending::Lost if stop.load(Ordering::Relaxed) => break report.code = 1,
                Ending::Lost => {
                    report.losses += 1;
                    if report.losses > MOST_LOSSES {
                        let (serial, times) = (self.folder.serial().to_owned(), report.losses);
                        return Err(AndroidError::LostTooOften { serial, times });
                    }
                    show.note("the phone is gone; waiting for it");
                    self.wait_for_phone(stop, &mut report)?;
                    show.note("the phone is back; resuming");
                }
            }
        }
        show.finish();
        if report.code == 0 {
            self.fetch(&mut report)?;
        }
        // After wrong arguments nothing was measured that would be worth keeping.
        if report.code == 0 || (report.code == 2 && !stop.load(Ordering::Relaxed)) {
            self.folder.remove()?;
        }
        Ok(report)
    }

    fn prepare(&self, report: &mut Report) -> Result<(), AndroidError> {
        let mut files: Vec<(&Path, String)> = vec![(&self.program, "profiler".to_owned())];
        files.extend(self.beside.iter().map(|(path, name)| (path.as_path(), name.clone())));
        files.extend(self.arguments.inputs()?);
        let mut bytes = ROOM_FOR_RESULTS;
        for (path, _) in &files {
            let unusable = |reason| AndroidError::Unusable { path: (*path).to_owned(), reason };
            bytes += path.metadata().map_err(unusable)?.len();
        }
        self.folder.make(bytes)?;
        self.folder.stop_leftover()?;
        for (path, name) in &files {
            let started = Instant::now();
            let sent = self.folder.put(path, name)?;
            if sent > 0 {
                report.transferred_bytes += sent;
                report.transfer_s += started.elapsed().as_secs_f64();
            }
        }
        self.folder.shell("chmod 700 profiler").map(drop)
    }

    fn attempt(
        &self,
        arguments: &str,
        show: &mut Show,
        stop: &AtomicBool,
        report: &mut Report,
    ) -> Result<Ending, AndroidError> {
        let started = Instant::now();
        let mut live = Live::start(&self.folder, arguments)?;
        let (mut asked_to_stop, mut profiler_s) = (None::<Instant>, None);
        let mut hear = |event: &Event| {
            if let Event::Phase(Phase::Done { profiler_s: reported }) = event {
                profiler_s = Some(*reported);
            }
            show.event(event);
        };
        let ending = loop {
            match live.next(GLANCE) {
                Next::Said(event) => {
                    hear(&event);
                    if let Event::Ended(code) = event {
                        break Ending::Exit(code);
                    }
                }
                Next::Closed => break Ending::Lost,
                Next::Silence => {}
            }
            if stop.load(Ordering::Relaxed) {
                match asked_to_stop {
                    None => {
                        asked_to_stop = Some(Instant::now());
                        // A phone that is gone cannot be asked; then the wait below ends.
                        let _ = self.folder.shell("[ -f pid ] && kill -INT $(cat pid)");
                    }
                    Some(since) if since.elapsed() > TO_STOP => break Ending::Lost,
                    Some(_) => {}
                }
            } else if live.silent_for() > self.silence {
                if self.folder.is_at_work() {
                    live.seen();
                } else {
                    break Ending::Lost;
                }
            }
        };
        // Both streams end with the process; what stdout still holds came before the end.
        if matches!(ending, Ending::Exit(_)) {
            while let Next::Said(event) = live.next(Duration::from_secs(5)) {
                hear(&event);
            }
        }
        report.profiler_s += profiler_s.unwrap_or_else(|| started.elapsed().as_secs_f64());
        Ok(ending)
    }

    /// Waits until the phone answers again, and ends what still runs there.
    fn wait_for_phone(&self, stop: &AtomicBool, report: &mut Report) -> Result<(), AndroidError> {
        let started = Instant::now();
        while self.folder.stop_leftover().is_err() {
            if started.elapsed() > self.patience || stop.load(Ordering::Relaxed) {
                let (serial, patience_s) = (self.folder.serial().to_owned(), started.elapsed().as_secs());
                return Err(AndroidError::Gone { serial, patience_s });
            }
            reconnect(self.folder.adb(), self.folder.serial());
            thread::sleep(Duration::from_millis(500));
        }
        report.waiting_s += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Fetches what the profiler wrote: the output and what lies beside it under the same name.
    fn fetch(&self, report: &mut Report) -> Result<(), AndroidError> {
        let Some((here, name)) = self.arguments.output()? else { return Ok(()) };
        let started = Instant::now();
        let parent = here.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let unusable = |reason| AndroidError::Unusable { path: parent.to_owned(), reason };
        std::fs::create_dir_all(parent).map_err(unusable)?;
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        // The table comes last: when it is here, everything is.
        let mut outputs = self.folder.outputs()?;
        outputs.sort_by_key(|(file, _)| *file == name);
        for (file, bytes) in outputs {
            if !file.starts_with(stem) || file.contains('/') {
                continue;
            }
            let to = parent.join(&file);
            self.folder.fetch(&file, bytes, &to)?;
            report.transferred_bytes += bytes;
            report.files.push(to);
        }
        if here.extension().is_some_and(|extension| extension == "csv") {
            super::read_result(here)?;
        }
        report.transfer_s += started.elapsed().as_secs_f64();
        Ok(())
    }
}

/// Has adb give up its connection, which may be dead without its knowing, and make a new one. Whether that worked shows
/// when the phone is asked something.
fn reconnect(adb: &Adb, serial: &str) {
    const LIMIT: Duration = Duration::from_secs(10);
    let attempts: &[&[&str]] = if is_on_network(serial) {
        &[&["disconnect", serial], &["connect", serial]]
    } else {
        &[&["-s", serial, "reconnect"]]
    };
    for attempt in attempts {
        let _ = adb.run_within(attempt, LIMIT);
    }
}
