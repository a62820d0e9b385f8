use super::library::{check_made_for, features};
use super::plan::{Toolchain, tools};
use super::{CLibrary, Library, Plan, Route, glibc};
use crate::cache::cache_folder;
use std::process::Command;

const TARGET: &str = "aarch64-unknown-linux-gnu";

pub(super) fn plan(libraries: &[Library]) -> Result<Plan, String> {
    check_made_for(CLibrary::Glibc, libraries)?;
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
    // The flags are for the last step only, so that all crates are compiled once for both kinds of program.
    let features = features(|known| libraries.iter().any(|library| library.runtime.name == known.name));
    let (flags, place, libraries) = if libraries.is_empty() {
        ("-C target-feature=+crt-static".to_owned(), "static", Vec::new())
    } else {
        let from = folder.join("root/usr/aarch64-linux-gnu/lib");
        // For a program that is started in the folder that it, its loader and its libraries are in.
        let loader = glibc::LOADER_OF_PROGRAMS;
        let flags = format!("-C link-arg=-Wl,--dynamic-linker={loader},-rpath,$ORIGIN,--disable-new-dtags");
        (flags, "glibc", glibc::FILES.iter().map(|name| from.join(name)).collect())
    };
    let toolchain = Some(Toolchain { folder, script: include_str!("debian-toolchain.sh") });
    let (last_flags, place) = (flags.split(' ').map(str::to_owned).collect(), Some(place));
    let plan = Plan::new(Route::Debian, TARGET, features, variables);
    Ok(Plan { cargo_command: "rustc", last_flags, toolchain, place, libraries, ..plan })
}
