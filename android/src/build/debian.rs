use super::{Plan, Route, Toolchain, plan::tools};
use std::{path::PathBuf, process::Command};

const TARGET: &str = "aarch64-unknown-linux-gnu";

pub(super) fn plan() -> Result<Plan, String> {
    let output = Command::new("dpkg").arg("--print-architecture").output();
    let output = output.map_err(|_| "this is no Debian or Ubuntu system: no program dpkg".to_owned())?;
    let architecture = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if architecture != "amd64" {
        return Err(format!("its packages are looked for on amd64 only, this computer is {architecture}"));
    }
    let folder = cache_folder()?.join("tailor/debian-arm64");
    let program = |name: &str| folder.join("bin").join(name);
    let mut variables = tools(TARGET, &program("aarch64-linux-gnu-gcc"), &program("aarch64-linux-gnu-ar"));
    variables.push(("RUSTC".to_owned(), program("rustc").into()));
    // Static, as a phone has no glibc.
    let flags = "-C target-feature=+crt-static".into();
    variables.push(("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS".to_owned(), flags));
    let toolchain = Some(Toolchain { folder, script: include_str!("debian-toolchain.sh") });
    Ok(Plan { route: Route::Debian, target: TARGET, cargo_command: "build", variables, toolchain })
}

/// Where this user's programs keep what they can fetch again.
fn cache_folder() -> Result<PathBuf, String> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || set("HOME").map(|home| home.join(".cache"));
    set("XDG_CACHE_HOME").or_else(home).ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}
