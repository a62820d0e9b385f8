use crate::{adb::Adb, error::AndroidError, shell::quote_for_phone};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where anyone's programs may run on a phone.
pub(crate) const PLACE: &str = "/data/local/tmp";

const TO_ANSWER: Duration = Duration::from_secs(30);
/// For commands to a phone that may be gone.
const SOON: Duration = Duration::from_secs(10);

/// A job's own folder on a phone, `/data/local/tmp/tailor-<id>`: all that Tailor ever writes there.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    adb: Adb,
    serial: String,
    path: String,
}

impl Folder {
    /// The folder of the job `id`, twelve hexadecimal digits; it need not exist.
    pub(crate) fn new(adb: Adb, serial: &str, id: &str) -> Self {
        Self { adb, serial: serial.to_owned(), path: format!("{PLACE}/tailor-{id}") }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn serial(&self) -> &str {
        &self.serial
    }

    pub(super) fn adb(&self) -> &Adb {
        &self.adb
    }

    /// What `command` prints, run by the phone's shell in this folder.
    pub(super) fn shell(&self, command: &str) -> Result<String, AndroidError> {
        self.shell_within(command, TO_ANSWER)
    }

    /// [`Folder::shell`], with a phone that may not answer.
    fn shell_within(&self, command: &str, limit: Duration) -> Result<String, AndroidError> {
        let command = format!("cd {} && {command}", quote_for_phone(&self.path)?);
        self.adb.shell_within(&self.serial, &command, limit)
    }

    /// Whether the phone answers soon, and a profiler is at work in this folder.
    pub(super) fn is_at_work(&self) -> bool {
        let answer = self.shell_within("[ -d /proc/$(cat pid) ] && echo yes", SOON);
        answer.is_ok_and(|text| text.trim() == "yes")
    }

    /// Makes it, with room for `bytes`.
    pub(crate) fn make(&self, bytes: u64) -> Result<(), AndroidError> {
        let question = "its free space";
        let text = self.adb.shell(&self.serial, &format!("df -k {PLACE}"))?;
        let odd =
            || AndroidError::OddAnswer { serial: self.serial.clone(), question, answer: text.trim().into() };
        let free_kib = free_kib(&text).ok_or_else(odd)?;
        if free_kib.saturating_mul(1024) < bytes {
            return Err(AndroidError::NoSpace {
                serial: self.serial.clone(),
                folder: PLACE.to_owned(),
                free_mb: free_kib * 1024 / 1_000_000,
                needed_mb: bytes.div_ceil(1_000_000),
            });
        }
        self.adb
            .shell(&self.serial, &format!("mkdir -p {}", quote_for_phone(&format!("{}/out", self.path))?))?;
        Ok(())
    }

    /// Whether the file `name` is there and holds what `bytes` do.
    pub(super) fn has(&self, name: &str, bytes: &[u8]) -> Result<bool, AndroidError> {
        let expected: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = self.shell(&format!("sha256sum {} 2>/dev/null || true", quote_for_phone(name)?))?;
        Ok(answer.split_whitespace().next() == Some(&expected))
    }

    /// Copies a file of this computer to `name`, which may lie in a folder of its own, unless it is there already. How
    /// many bytes were sent.
    pub(crate) fn put(&self, from: &Path, name: &str) -> Result<u64, AndroidError> {
        let unusable = |reason| AndroidError::Unusable { path: from.to_owned(), reason };
        let bytes = std::fs::read(from).map_err(unusable)?;
        if self.has(name, &bytes)? {
            return Ok(0);
        }
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.shell(&format!("mkdir -p {}", quote_for_phone(folder)?))?;
        }
        let from = std::path::absolute(from).map_err(unusable)?;
        self.adb.push(&self.serial, &from, &format!("{}/{name}", self.path))?;
        Ok(bytes.len() as u64)
    }

    /// Files that were written as output, with their sizes.
    pub(crate) fn outputs(&self) -> Result<Vec<(String, u64)>, AndroidError> {
        // A name with a line break in it would be no name that the profiler gives.
        let text = self.shell("cd out && for f in *; do [ -f \"$f\" ] && wc -c \"$f\"; done; true")?;
        let parsed = text.lines().filter_map(|line| {
            let (bytes, name) = line.trim_start().split_once(' ')?;
            Some((name.to_owned(), bytes.parse().ok()?))
        });
        Ok(parsed.collect())
    }

    /// Copies the output `name` to a file here, whole or not at all.
    pub(crate) fn fetch(&self, name: &str, bytes: u64, to: &Path) -> Result<(), AndroidError> {
        let unusable = |reason| AndroidError::Unusable { path: to.to_owned(), reason };
        let part: PathBuf =
            to.with_file_name(format!(".{}.part", to.file_name().unwrap_or_default().display()));
        let part = std::path::absolute(part).map_err(unusable)?;
        let pulled = self.adb.pull(&self.serial, &format!("{}/out/{name}", self.path), &part, bytes);
        let moved = pulled.and_then(|()| std::fs::rename(&part, to).map_err(unusable));
        if moved.is_err() {
            // Nothing half-done is left behind; whether that works changes nothing about the error.
            let _ = std::fs::remove_file(&part);
        }
        moved
    }

    /// Ends a profiler that an earlier attempt left running in this folder.
    pub(super) fn stop_leftover(&self) -> Result<(), AndroidError> {
        // The number may be another program's by now, so its command line must name this folder.
        let program = quote_for_phone(&format!("{}/profiler", self.path))?;
        let script = format!(
            "if p=$(cat pid 2>/dev/null) && grep -qF {program} /proc/$p/cmdline 2>/dev/null; then kill -9 $p; \
             for i in 1 2 3 4 5 6 7 8 9 10; do [ -d /proc/$p ] || break; sleep 0.2; done; fi; rm -f pid"
        );
        self.shell_within(&script, SOON).map(drop)
    }

    /// Removes it with all that is in it, and nothing else.
    pub(crate) fn remove(&self) -> Result<(), AndroidError> {
        self.adb.shell(&self.serial, &format!("rm -rf {}", quote_for_phone(&self.path)?)).map(drop)
    }
}

/// The fourth column of the last line of `df -k`, counted from the back, as a long device name may break the line.
pub(crate) fn free_kib(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.lines().last()?.split_whitespace().collect();
    words.get(words.len().checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_off_df() {
        let text = "Filesystem     1K-blocks    Used Available Use% Mounted on\n\
            /dev/block/dm-41 113112516 9876543 103104901   9% /data/user/0\n";
        assert_eq!(free_kib(text), Some(103_104_901));
        let broken_line = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/block/by-name/userdata\n 100 60 40 60% /data\n";
        assert_eq!(free_kib(broken_line), Some(40));
        assert_eq!(free_kib("df: /data: Permission denied"), None);
        assert_eq!(free_kib(""), None);
    }
}
