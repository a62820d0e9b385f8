//! A phone for tests and contributors: a real adbd and an emulated arm64 processor, on this computer, in namespaces.
//!
//! Nothing of this computer changes: the phone's file system lies in the user's cache folder, and its network, mounts
//! and processes, and the entry that lets arm64 programs run under qemu, are the namespaces' own.

mod supplies;

use crate::{cache::cache_folder, error::AndroidError};
use std::process::{Command, Stdio};

/// What `inside.sh` ends with when it cannot start a phone.
const NO_PHONE: i32 = 125;

/// Runs `command` with so many test phones; its exit code.
///
/// Whatever it needs of the network to build Tailor is brought before it goes in.
pub(crate) fn run(phones: u8, command: &[String]) -> Result<u8, AndroidError> {
    let lacking = |reason: String| AndroidError::NoTestPhone { reason };
    let folder = cache_folder().map_err(lacking)?.join("tailor/test-phone");
    check_namespaces()?;
    let mut make = Command::new("bash");
    make.args(["-c", include_str!("make.sh"), "make.sh"]).arg(&folder).stdin(Stdio::null());
    let made = make.stdout(std::io::stderr()).status();
    let made = made.map_err(|error| lacking(format!("cannot run bash: {error}")))?;
    if !made.success() {
        return Err(lacking("it could not be made; the reason stands above".to_owned()));
    }
    if let Some(failed) = supplies::bring(command) {
        return Ok(failed);
    }
    // However this program ends, even killed, nothing of the phone outlives it.
    let mut inside = Command::new("setpriv");
    inside.args(["--pdeathsig", "KILL", "unshare"]).args(NAMESPACES);
    inside.args(["bash", "-c", include_str!("inside.sh"), "inside.sh"]).arg(&folder);
    let ended = inside.arg(phones.to_string()).args(command).status();
    let ended =
        ended.map_err(|error| lacking(format!("cannot run setpriv (Debian: util-linux): {error}")))?;
    match ended.code() {
        Some(NO_PHONE) => Err(lacking("the reason stands above".to_owned())),
        code => Ok(exit_code(code)),
    }
}

/// The same code of this program; 1 for what a signal ended.
fn exit_code(code: Option<i32>) -> u8 {
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// User, network, mounts, processes; root inside, the user outside. All end with this program.
const NAMESPACES: [&str; 7] =
    ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"];

fn check_namespaces() -> Result<(), AndroidError> {
    let output = Command::new("unshare").args(NAMESPACES).arg("true").stdin(Stdio::null()).output();
    let reason = match output {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => format!(
            "this system gives its users no namespaces ({}); see the sysctls kernel.unprivileged_userns_clone and \
             kernel.apparmor_restrict_unprivileged_userns, or run outside of a container",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) => format!("cannot run unshare (Debian: util-linux; Linux only): {error}"),
    };
    Err(AndroidError::NoTestPhone { reason })
}
