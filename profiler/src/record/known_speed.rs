//! Known speed: how fast all sessions of a machine found its references, kept in the user's cache folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::speed_levels::{SessionLevels, known_levels, shortfall, slowed};
use super::{Conditions, ReadError, Shortfall, WriteError, read_document, write_document};
use crate::device::Device;

const FORMAT: &str = "tailor-known-speed";
const VERSION: u32 = 1;

/// Sessions kept per machine and conditions, the latest.
const MOST_SESSIONS: usize = 200;

/// What names another folder for known speeds than the user's: that of tests and benches, whose sessions are none that others are to
/// be held against.
pub const KNOWN_SPEED_VARIABLE: &str = "TAILOR_KNOWN_SPEED";

/// Where known speeds are kept: `$TAILOR_KNOWN_SPEED`, `$XDG_CACHE_HOME/tailor/known-speed`, or `~/.cache/tailor/known-speed`. `None`
/// where the environment names none of them, as on phones: they are then kept nowhere.
pub fn known_speed_folder() -> Option<PathBuf> {
    folder_in([KNOWN_SPEED_VARIABLE, "XDG_CACHE_HOME", "HOME"].map(std::env::var_os))
}

/// Copies what the user's folder knows to another one.
///
/// # Errors
/// Where a folder cannot be read or written.
pub fn copy_known_speeds(to: &Path) -> io::Result<()> {
    create_dir_all(to)?;
    let Some(folder) = known_speed_folder().filter(|folder| folder.is_dir()) else { return Ok(()) };
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn folder_in([own, cache, home]: [Option<OsString>; 3]) -> Option<PathBuf> {
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return Some(own.into());
    }
    let cache = absolute(cache).or_else(|| Some(absolute(home)?.join(".cache")))?;
    Some(cache.join("tailor/known-speed"))
}

/// Under what a speed is known: sessions that differ in it say nothing of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kind {
    device: String,
    runtime: String,
    threads: usize,
    /// How many of which kind, since cores of a kind are equally fast.
    cores: String,
    build_target: String,
}

impl Kind {
    fn of(conditions: &Conditions, device: &Device) -> Self {
        Self {
            device: conditions.device.clone(),
            runtime: format!("{} {}", conditions.runtime.name, conditions.runtime.version),
            threads: conditions.threads,
            cores: cores(&conditions.cpus, device),
            build_target: conditions.build_target.clone(),
        }
    }

    /// 16 hexadecimal digits of its SHA-256.
    fn digest(&self) -> String {
        let described = format!("{self:?}");
        Sha256::digest(described.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn cores(cpus: &[usize], device: &Device) -> String {
    let kinds = device.clusters.iter().filter_map(|cluster| {
        let count = cpus.iter().filter(|core| cluster.cores.contains(core)).count();
        let described = [
            cluster.name.clone(),
            cluster.capacity.map(|capacity| format!("capacity {capacity}")),
            cluster.max_khz.map(|khz| format!("{khz} kHz")),
        ];
        let described: Vec<String> = described.into_iter().flatten().collect();
        (count > 0).then(|| {
            format!("{count}x {}", if described.is_empty() { "core".into() } else { described.join(" ") })
        })
    });
    let kinds = kinds.collect::<Vec<_>>().join(" + ");
    if kinds.is_empty() { format!("{} unlisted", cpus.len()) } else { kinds }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    kind: Kind,
    sessions: Vec<SessionLevels>,
}

/// Why a session's speed could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownSpeedError {
    /// What is there cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What earlier sessions of a machine, under the same conditions, found it to be capable of.
#[derive(Clone, Debug)]
pub struct KnownSpeed {
    path: PathBuf,
    kind: Kind,
    sessions: Vec<SessionLevels>,
}

impl KnownSpeed {
    /// What a folder has of a machine. `None` for emulated runtimes, and where there is no such folder and none can be
    /// made: then nothing is kept.
    ///
    /// # Errors
    /// [`ReadError`] if the file is damaged, or of a version that is not known.
    pub fn read(folder: &Path, conditions: &Conditions, device: &Device) -> Result<Option<Self>, ReadError> {
        if conditions.runtime.emulated || create_dir_all(folder).is_err() {
            return Ok(None);
        }
        let kind = Kind::of(conditions, device);
        let path = folder.join(kind.digest()).with_extension("json");
        let sessions = read_sessions(&path, &kind)?;
        Ok(Some(Self { path, kind, sessions }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a reference takes at the machine's known speed, in nanoseconds; `None` where that is not known.
    pub fn level_ns(&self, reference: &str) -> Option<f64> {
        known_levels(&self.sessions).get(reference).copied()
    }

    /// How far a session with these levels, in nanoseconds by reference, is slower than the machine is known to be;
    /// `None` when it is not, by more than 10 %, or nothing is known.
    pub fn judge(&self, levels_ns: &BTreeMap<String, f64>) -> Option<Shortfall> {
        shortfall(&self.sessions, &sensible(levels_ns))
    }

    /// References that were slower by far, and how many times as long they took.
    pub fn slowed(&self, levels_ns: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
        slowed(&self.sessions, &sensible(levels_ns))
    }

    /// Keeps a session's levels, beside what other profilers have kept since this was read. The same session's earlier
    /// ones are replaced.
    ///
    /// # Errors
    /// [`KnownSpeedError`]; the file is then as it was.
    pub fn add(
        &mut self,
        session: &str,
        finished: &str,
        levels_ns: &BTreeMap<String, f64>,
    ) -> Result<(), KnownSpeedError> {
        let levels_ns = sensible(levels_ns);
        if levels_ns.is_empty() {
            return Ok(());
        }
        let _locked = lock(&self.path.with_extension("lock"))?;
        let mut sessions = read_sessions(&self.path, &self.kind)?;
        sessions.retain(|known| known.session != session);
        let (session, finished) = (session.to_owned(), finished.to_owned());
        sessions.push(SessionLevels { session, finished, levels_ns });
        sessions.drain(..sessions.len().saturating_sub(MOST_SESSIONS));
        let kept = Kept { kind: self.kind.clone(), sessions };
        write_document(&self.path, FORMAT, VERSION, &kept)?;
        self.sessions = kept.sessions;
        Ok(())
    }
}

/// Those that are times.
fn sensible(levels_ns: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let is_time = |ns: &f64| ns.is_finite() && *ns > 0.0;
    levels_ns.iter().filter(|(_, ns)| is_time(ns)).map(|(name, ns)| (name.clone(), *ns)).collect()
}

/// None where there is no file yet.
fn read_sessions(path: &Path, kind: &Kind) -> Result<Vec<SessionLevels>, ReadError> {
    let content = |reason: &str| ReadError::Content { path: path.to_owned(), reason: reason.to_owned() };
    match read_document::<Kept>(path, FORMAT, VERSION) {
        Ok(kept) if kept.kind != *kind => Err(content("it is of other conditions than its name says")),
        Ok(mut kept) => {
            for session in &mut kept.sessions {
                session.levels_ns = sensible(&session.levels_ns);
            }
            Ok(kept.sessions)
        }
        Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Waits for other profilers, which hold it for as long as it takes to write a file.
fn lock(path: &Path) -> Result<File, WriteError> {
    const TRIES: u32 = 250;
    const WAIT: Duration = Duration::from_millis(20);
    let failed = |source| WriteError { path: path.to_owned(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(WAIT),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    Err(failed(io::Error::new(
        io::ErrorKind::WouldBlock,
        "another profiler has held it for five seconds: end it",
    )))
}

#[cfg(test)]
mod tests;
