use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::Instant;

use profiler::record::{WriteError, read_text};
use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::json_lines;
use crate::programs::{CommandLine, LOOK_EVERY, PATIENCE, Programs, ask_to_stop};
use crate::watch::Watcher;

/// One command and the file by which it is known to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) output: PathBuf,
    pub(crate) line: CommandLine,
}

/// How long a stage took, once: until it was done, or stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageTime {
    pub(crate) stage: String,
    pub(crate) seconds: f64,
}

/// Runs stages and writes down what they took.
pub(crate) struct Stages<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) folder: &'a Path,
    pub(crate) watcher: &'a dyn Watcher,
}

struct Running<'s> {
    stage: &'s Stage,
    child: Child,
    started: Instant,
}

impl Stages<'_> {
    /// Runs those that are not done, `at_once` at a time.
    pub(crate) fn run(&self, title: &str, stages: &[Stage], at_once: usize) -> Result<(), SearchError> {
        let mut waiting: Vec<&Stage> = stages.iter().filter(|stage| !stage.output.exists()).rev().collect();
        let (all, begun) = (waiting.len(), Instant::now());
        if all == 0 {
            return Ok(());
        }
        profiler::note!("== {title}: {all} of {} to do", stages.len());
        let mut running: Vec<Running<'_>> = Vec::new();
        let mut done = 0;
        while !(waiting.is_empty() && running.is_empty()) {
            while running.len() < at_once.max(1)
                && let Some(stage) = waiting.pop()
            {
                match self.start(stage) {
                    Ok(started) => running.push(started),
                    Err(error) => return Err(stop_all(running, error)),
                }
            }
            sleep(LOOK_EVERY);
            if self.watcher.stop_requested() {
                return Err(self.stopped(running));
            }
            let mut index = 0;
            while index < running.len() {
                match running[index].child.try_wait() {
                    Ok(None) => index += 1,
                    Ok(Some(status)) => {
                        let ended = running.remove(index);
                        self.note(&ended)?;
                        if !(status.success() && ended.stage.output.exists()) {
                            let error = self.failure(ended.stage, status.code());
                            return Err(stop_all(running, error));
                        }
                        done += 1;
                        let pace = begun.elapsed().as_secs_f64() / f64::from(done);
                        let left = pace * (all as f64 - f64::from(done)) / 60.0;
                        let seconds = ended.started.elapsed().as_secs_f64();
                        profiler::note!(
                            "{title} {done}/{all}: {} in {seconds:.0} s, {left:.1} min left",
                            ended.stage.name
                        );
                    }
                    Err(e) => {
                        let error = program_error(running[index].stage, e.to_string(), None);
                        return Err(stop_all(running, error));
                    }
                }
            }
        }
        Ok(())
    }

    fn log(&self, stage: &Stage) -> PathBuf {
        self.folder.join("logs").join(format!("{}.log", stage.name))
    }

    fn start<'s>(&self, stage: &'s Stage) -> Result<Running<'s>, SearchError> {
        let path = self.log(stage);
        let io = |source| WriteError { path: path.clone(), source };
        let folders = [path.parent(), stage.output.parent()];
        folders.into_iter().flatten().try_for_each(std::fs::create_dir_all).map_err(io)?;
        let mut log = File::create(&path).map_err(io)?;
        writeln!(log, "$ {}", stage.line).map_err(io)?;
        let mut command = self.programs.command(&stage.line)?;
        let child = command.stderr(log).spawn().map_err(|e| program_error(stage, e.to_string(), None))?;
        Ok(Running { stage, child, started: Instant::now() })
    }

    fn note(&self, ended: &Running<'_>) -> Result<(), SearchError> {
        let time =
            StageTime { stage: ended.stage.name.clone(), seconds: ended.started.elapsed().as_secs_f64() };
        Ok(json_lines::append(&times_path(self.folder), &time)?)
    }

    fn failure(&self, stage: &Stage, code: Option<i32>) -> SearchError {
        let log = self.log(stage);
        let said = read_text(&log).unwrap_or_default();
        // clap says what is wrong first, and then how to get help.
        let mut lines = said.lines().rev();
        let error = lines.clone().find_map(|line| line.strip_prefix("error: "));
        let last = error.or_else(|| lines.next()).unwrap_or_default();
        program_error(stage, format!("{last} (all of it in {})", log.display()), code)
    }

    /// Stops commands, and notes what they took.
    fn stopped(&self, mut running: Vec<Running<'_>>) -> SearchError {
        end(&mut running);
        let noted = running.iter().try_for_each(|running| self.note(running));
        noted.err().unwrap_or(SearchError::Stopped)
    }
}

fn program_error(stage: &Stage, reason: String, code: Option<i32>) -> SearchError {
    SearchError::Program { command: stage.line.to_string(), reason, code }
}

/// Ends commands because of an error.
fn stop_all(mut running: Vec<Running<'_>>, error: SearchError) -> SearchError {
    end(&mut running);
    error
}

/// Asks commands to save themselves and ends those that take too long; these lose what they did since their last
/// checkpoint.
fn end(running: &mut [Running<'_>]) {
    running.iter().for_each(|running| ask_to_stop(&running.child));
    let asked = Instant::now();
    while asked.elapsed() < PATIENCE
        && running.iter_mut().any(|running| matches!(running.child.try_wait(), Ok(None)))
    {
        sleep(LOOK_EVERY);
    }
    for running in running {
        // One that has ended already cannot be ended.
        let _ = running.child.kill();
        let _ = running.child.wait();
    }
}

fn times_path(folder: &Path) -> PathBuf {
    folder.join("times.jsonl")
}

/// Seconds that the stages of a study took, all attempts of a stage added up.
pub(super) fn seconds_of(folder: &Path, stage: &str) -> Result<f64, SearchError> {
    let path = times_path(folder);
    let times: Vec<StageTime> = json_lines::parse(&path, &read_text(&path)?)?;
    Ok(times.iter().filter(|time| time.stage == stage).fold(0.0, |sum, time| sum + time.seconds))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Progress, Unwatched};
    use std::{fs, os::unix::fs::symlink};

    /// A folder whose program `search` is a shell.
    fn programs() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        symlink("/bin/sh", folder.path().join("search")).unwrap();
        folder
    }

    /// Runs three stages that write `out/0`, `out/1` and `out/2` by this script, to which the file is `$0`.
    fn run(folder: &Path, script: &str, watcher: &dyn Watcher, at_once: usize) -> Result<(), SearchError> {
        let stage = |index: u32| {
            let output = folder.join("out").join(index.to_string());
            let line = CommandLine::new("search", "-c").with([script]).with([&output]);
            Stage { name: format!("stage-{index}"), output, line }
        };
        let stages: Vec<_> = (0..3).map(stage).collect();
        Stages { programs: &Programs::in_folder(folder), folder, watcher }.run("test", &stages, at_once)
    }

    #[test]
    fn what_is_done_is_not_done_again_and_times_add_up() {
        let folder = programs();
        let folder = folder.path();
        let touch = "touch \"$0\"";
        for at_once in [1, 2] {
            run(folder, touch, &Unwatched, at_once).unwrap();
            assert_eq!(fs::read_to_string(times_path(folder)).unwrap().lines().count(), 3);
        }
        let before = seconds_of(folder, "stage-1").unwrap();
        fs::remove_file(folder.join("out/1")).unwrap();
        run(folder, touch, &Unwatched, 2).unwrap();
        assert!(seconds_of(folder, "stage-1").unwrap() > before && before > 0.0);
        assert_eq!(seconds_of(folder, "no-such-stage").unwrap(), 0.0);
        let log = fs::read_to_string(folder.join("logs/stage-1.log")).unwrap();
        assert!(log.starts_with("$ search -c touch "), "{log}");
    }

    #[test]
    fn a_failure_says_what_the_command_said() {
        for (script, input, named) in [
            ("echo 'note: x' >&2; echo 'error: no such thing' >&2; exit 2", true, "no such thing"),
            ("echo 'error: unexpected `--x`' >&2; echo >&2; echo \"try '--help'\" >&2; exit 2", true, "--x"),
            ("exit 1", false, "stage-0.log"),
            ("true", false, "stage-0.log"),
        ] {
            let folder = programs();
            let error = run(folder.path(), script, &Unwatched, 1).unwrap_err();
            assert_eq!(error.is_input(), input, "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert!(matches!(run(nothing.path(), "true", &Unwatched, 1), Err(SearchError::NoProgram { .. })));
    }

    /// Stops when two commands listen.
    struct StopsTwo(PathBuf);

    impl Watcher for StopsTwo {
        fn progress(&mut self, _: &Progress) {}

        fn stop_requested(&self) -> bool {
            ["out/0.listens", "out/1.listens"].iter().all(|name| self.0.join(name).exists())
        }
    }

    #[test]
    fn a_stop_has_commands_save_themselves() {
        let folder = programs();
        let folder = folder.path();
        let script = "trap 'touch \"$0\"; exit 1' TERM; touch \"$0.listens\"; while :; do sleep 0.1; done";
        let stopped = run(folder, script, &StopsTwo(folder.to_owned()), 2);
        assert!(matches!(stopped, Err(SearchError::Stopped)));
        // The two that ran were asked to end and did; the third was not begun.
        let there = [0, 1, 2].map(|index: u32| folder.join("out").join(index.to_string()).exists());
        assert_eq!(there, [true, true, false]);
    }
}
