//! The other programs, run as a person would: a measurement must not share a process with training.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{error::SearchError, watch::Watcher};

/// Set for libtorch alone; a measurement must run as one that was started by hand.
const NOT_FOR_OTHERS: [&str; 3] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GOMP_SPINCOUNT"];
/// Between two looks at whether a program has ended.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a program may take to save itself when it is asked to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

/// A command line, and where what it says goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    pub(crate) program: &'static str,
    pub(crate) arguments: Vec<String>,
}

impl CommandLine {
    /// A program's command line; `words` are split at spaces, so paths go in by [`Self::with`].
    pub(crate) fn new(program: &'static str, words: &str) -> Self {
        Self { program, arguments: words.split_whitespace().map(str::to_owned).collect() }
    }

    /// Adds words that may have spaces in them.
    pub(crate) fn with<I: IntoIterator<Item: AsRef<Path>>>(mut self, words: I) -> Self {
        self.arguments.extend(words.into_iter().map(|word| word.as_ref().to_string_lossy().into_owned()));
        self
    }
}

impl std::fmt::Display for CommandLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.program, self.arguments.join(" "))
    }
}

impl Programs {
    pub(crate) fn beside_this_one() -> Result<Self, SearchError> {
        let path = std::env::current_exe().ok();
        let folder = path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let folder = folder.ok_or_else(|| SearchError::NoProgram { path: PathBuf::from("search") })?;
        Ok(Self { folder })
    }

    #[cfg(test)]
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn command(&self, line: &CommandLine) -> Result<Command, SearchError> {
        let path = self.folder.join(format!("{}{}", line.program, std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            return Err(SearchError::NoProgram { path });
        }
        let mut command = Command::new(path);
        command.args(&line.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        // Ctrl-C in a terminal reaches its foreground group alone: this program, which asks the others once. A second time
        // would end them at once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        if line.program != "search" {
            NOT_FOR_OTHERS.iter().for_each(|name| {
                command.env_remove(name);
            });
        }
        Ok(command)
    }

    /// Runs one program to its end; its progress goes to stderr.
    pub(crate) fn run(&self, line: &CommandLine, watcher: &dyn Watcher) -> Result<(), SearchError> {
        let failed = |reason: String, code| SearchError::Program { command: line.to_string(), reason, code };
        let mut child = self.command(line)?.spawn().map_err(|e| failed(e.to_string(), None))?;
        let mut asked: Option<Instant> = None;
        loop {
            if let Some(status) = child.try_wait().map_err(|e| failed(e.to_string(), None))? {
                return match status.code() {
                    Some(0) => Ok(()),
                    _ if asked.is_some() => Err(SearchError::Stopped),
                    code => Err(failed(status.to_string(), code)),
                };
            }
            match asked {
                None if watcher.stop_requested() => {
                    ask_to_stop(&child);
                    asked = Some(Instant::now());
                }
                // What it measured is in its journal.
                Some(asked) if asked.elapsed() > PATIENCE => {
                    child.kill().map_err(|e| failed(e.to_string(), None))?;
                }
                _ => {}
            }
            sleep(LOOK_EVERY);
        }
    }
}

/// Asks a program to save itself and end; elsewhere than on Unix the console does.
pub(crate) fn ask_to_stop(child: &Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id()) {
        // One that has ended already cannot be asked.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM);
    }
    #[cfg(not(unix))]
    let _ = child;
}
