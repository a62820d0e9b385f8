use super::{Plan, Route, Toolchain, plan::tools};
use crate::cache::cache_folder;
use std::process::Command;

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
