//! `android build`: which route is taken, and why the others are not. Nothing is compiled here: scripts stand in for
//! cargo, rustc and the rest, in a `PATH` that holds nothing else.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod fake;

use assert_cmd::Command;
use std::fs;
use tempfile::TempDir;

/// A computer with rustup's cargo and no arm64 anything. Its cargo "builds" by writing the file that BUILDS names.
struct Computer {
    folder: TempDir,
}

impl Computer {
    fn new() -> Self {
        let computer = Self { folder: tempfile::tempdir().unwrap() };
        let root = computer.folder.path().display().to_string();
        computer.program(
            "cargo",
            &format!(
                r#"case "$1" in
metadata) echo '{{"packages":[{{"name":"profiler"}}],"workspace_root":"{root}","target_directory":"{root}/target"}}' ;;
*) echo "$* strip=$CARGO_PROFILE_RELEASE_STRIP flags=$RUSTFLAGS" > '{root}/built'
   for target; do :; done
   /bin/mkdir -p '{root}/target/'"$target"/release
   /bin/cp '{root}/program' '{root}/target/'"$target"/release/profiler || exit 101 ;;
esac"#
            ),
        );
        computer.program("rustc", &format!("echo '{root}/std-'\"$4\""));
        computer
    }

    fn program(&self, name: &str, body: &str) {
        fake::program(&self.folder.path().join("bin").join(name), body);
    }

    fn with_ndk(self) -> Self {
        let tools = self.folder.path().join("ndk/toolchains/llvm/prebuilt/linux-x86_64/bin");
        fake::program(&tools.join("aarch64-linux-android24-clang"), "");
        self
    }

    fn with_std(self, target: &str) -> Self {
        fs::create_dir_all(self.folder.path().join(format!("std-{target}"))).unwrap();
        self
    }

    fn with_zigbuild(self) -> Self {
        self.program("cargo-zigbuild", "exit 0");
        self.program("zig", "exit 0");
        self
    }

    /// What cargo will produce: the header of an ELF file for `machine`.
    fn that_builds_for(self, machine: u8) -> Self {
        let mut header = [&b"\x7fELF\x02\x01\x01"[..], &[0; 57]].concat();
        header[18] = machine;
        fs::write(self.folder.path().join("program"), header).unwrap();
        self
    }

    fn build(&self) -> Command {
        let mut command = Command::cargo_bin("android").unwrap();
        command.env_clear().env("PATH", self.folder.path().join("bin")).env("HOME", self.folder.path());
        if self.folder.path().join("ndk").exists() {
            command.env("ANDROID_NDK_HOME", self.folder.path().join("ndk"));
        }
        command.args(["build", "--source"]).arg(self.folder.path());
        command
    }
}

/// What a build that fails with this code says.
fn failure(build: &mut Command, code: i32) -> String {
    let failed = build.assert().code(code).stdout("");
    String::from_utf8_lossy(&failed.get_output().stderr).into_owned()
}

#[test]
fn without_any_route_each_says_what_it_lacks() {
    let message = failure(&mut Computer::new().build(), 1);
    let (_, error) = message.split_once("error: ").unwrap();
    let expected = "no way to build for arm64 here:\n  \
        ndk: no NDK: install one and set ANDROID_NDK_HOME to its folder\n  \
        musl: no standard library for aarch64-unknown-linux-musl: `rustup target add aarch64-unknown-linux-musl`\n  \
        debian: this is no Debian or Ubuntu system: no program dpkg\n";
    assert_eq!(error, expected);
}

#[test]
fn the_first_route_that_works_is_taken() {
    let computer =
        Computer::new().with_std("aarch64-unknown-linux-musl").with_zigbuild().that_builds_for(183);
    let output = computer.build().arg("--json").env("RUSTFLAGS", "-Ctarget-cpu=native").assert().success();
    let built: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((&built["route"], &built["bytes"]), (&"musl".into(), &64.into()));
    assert_eq!(built["refused"][0]["route"], "ndk");
    let call = fs::read_to_string(computer.folder.path().join("built")).unwrap();
    let expected = "zigbuild --release --locked --package profiler --bin profiler --no-default-features \
        --features cli,tract --target aarch64-unknown-linux-musl strip=symbols flags=\n";
    assert_eq!(call, expected);
}

#[test]
fn the_ndk_comes_before_musl_and_needs_its_standard_library() {
    let computer = Computer::new().with_ndk().with_std("aarch64-unknown-linux-musl").with_zigbuild();
    let without = computer.build().arg("--dry-run").assert().success();
    let text = String::from_utf8_lossy(&without.get_output().stderr).into_owned();
    assert!(text.contains("not by ndk: no standard library for aarch64-linux-android"), "{text}");
    let computer = computer.with_std("aarch64-linux-android");
    let with = computer.build().arg("--dry-run").assert().success();
    let text = String::from_utf8_lossy(&with.get_output().stdout).into_owned();
    assert!(text.contains("linux-x86_64/bin/aarch64-linux-android24-clang"), "{text}");
    assert!(text.ends_with("--target aarch64-linux-android\n"), "{text}");
    assert!(!computer.folder.path().join("built").exists(), "--dry-run must build nothing");
}

#[test]
fn a_program_for_the_wrong_machine_is_not_taken() {
    // 62 is x86-64.
    let computer = Computer::new().with_std("aarch64-unknown-linux-musl").with_zigbuild().that_builds_for(62);
    let message = failure(computer.build().args(["--route", "musl"]), 1);
    assert!(
        message.contains("is not a program for arm64 Linux: ELF for machine 62, arm64 is 183"),
        "{message}"
    );
}

#[test]
fn a_failed_build_is_a_reason_like_any_other() {
    let computer = Computer::new().with_std("aarch64-unknown-linux-musl").with_zigbuild(); // cargo finds no `program`
    let message = failure(&mut computer.build(), 1);
    assert!(
        message.contains("\n  musl: cargo failed (exit status: 101); its messages are above\n"),
        "{message}"
    );
    assert!(message.contains("\n  debian: "), "the next route is tried: {message}");
}

#[test]
fn elsewhere_than_in_a_checkout_is_wrong_usage() {
    let computer = Computer::new();
    computer
        .program("cargo", "echo 'error: could not find `Cargo.toml` in here or any parent' >&2; exit 101");
    let message = failure(&mut computer.build(), 2);
    assert!(message.starts_with("error: `") && message.contains("could not find `Cargo.toml`"), "{message}");
    assert!(message.ends_with("name its folder\nhint: --source FOLDER\n"), "{message}");
    assert!(failure(computer.build().args(["--route", "gcc"]), 2).contains("[possible values:"));
}

#[test]
fn inside_of_the_test_phone_a_missing_toolchain_is_named_with_what_brings_it() {
    let computer = Computer::new();
    computer.program("dpkg", "echo amd64");
    let message = failure(computer.build().env("TAILOR_TEST_PHONES", "127.0.0.1:7777"), 1);
    let (_, error) = message.split_once("\n  debian: no toolchain in ").unwrap();
    let expected = "/.cache/tailor/debian-arm64, and the test phone has no network: \
        run `android build --route debian` outside of it\n";
    assert!(error.ends_with(expected), "{error}");
}
