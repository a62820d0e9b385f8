//! What commands need of the network to build Tailor, brought before they go where there is none.

use super::exit_code;
use crate::build::{Route, Source};
use std::path::Path;
use std::process::{Command, Stdio};

/// Brings what `command` needs to build Tailor in the checkout that this program runs in, if it runs in one: crates, and
/// the toolchain of the route to arm64 that works here. What cannot be had is named in a line, since it may not be needed.
///
/// A `quickstart.sh` brings what it needs itself, with `--fetch`; the exit code if it could not.
pub(super) fn bring(command: &[String]) -> Option<u8> {
    if let Ok(source) = Source::find(Path::new(".")) {
        if let Some(plan) = Route::ALL.iter().find_map(|route| route.plan(&[]).ok())
            && let Err(refusal) = plan.make_toolchain()
        {
            lacking(
                "the toolchain for arm64",
                &refusal.to_string(),
                &format!("android build --route {}", plan.route),
            );
        }
        let fetched = source.cargo().args(FETCH).stdin(Stdio::null()).stdout(std::io::stderr()).status();
        if !fetched.is_ok_and(|status| status.success()) {
            lacking("crates", "cargo could not fetch all", &format!("cargo {}", FETCH.join(" ")));
        }
    }
    let (program, arguments) = command.split_first()?;
    if Path::new(program).file_name()? != "quickstart.sh" {
        return None;
    }
    let mut fetch = Command::new(program);
    fetch.arg("--fetch").args(arguments).stdin(Stdio::null()).stdout(std::io::stderr());
    // A program that cannot be run says so inside, as any other does.
    let ended = fetch.status().ok()?;
    (!ended.success()).then(|| exit_code(ended.code()))
}

/// Cargo's command for all crates that are compiled here, for this computer and for phones.
const FETCH: [&str; 6] =
    ["fetch", "--locked", "--target", "host-tuple", "--target", "aarch64-unknown-linux-gnu"];

fn lacking(what: &str, reason: &str, remedy: &str) {
    profiler::note!(
        "test phone: {what} may be missing inside, where there is no network ({reason}); `{remedy}` brings them"
    );
}
