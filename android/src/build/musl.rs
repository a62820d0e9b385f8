use super::{Library, Plan, Route, library::features, plan::stripped};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

const TARGET: &str = "aarch64-unknown-linux-musl";

pub(super) fn plan(libraries: &[Library]) -> Result<Plan, String> {
    if !libraries.is_empty() {
        return Err("its programs are static, and load no library".to_owned());
    }
    require_std(TARGET)?;
    if !runs("cargo-zigbuild", &["--version"]) {
        return Err(
            "no cargo-zigbuild: `pip install ziglang cargo-zigbuild` in a Python virtual environment"
                .to_owned(),
        );
    }
    if !runs("zig", &["version"]) && !runs("python3", &["-m", "ziglang", "version"]) {
        return Err("no zig: `pip install ziglang` where cargo-zigbuild is".to_owned());
    }
    let plan = Plan::new(Route::Musl, TARGET, features(|_| false), vec![stripped()]);
    Ok(Plan { cargo_command: "zigbuild", ..plan })
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether Rust's standard library for `target` is there.
pub(super) fn require_std(target: &str) -> Result<(), String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(&rustc).args(["--print", "target-libdir", "--target", target]).output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", rustc.display()))?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() && output.status.success() {
        return Ok(());
    }
    Err(format!("no standard library for {target}: `rustup target add {target}`"))
}
