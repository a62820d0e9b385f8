//! What the end-to-end tests in `tests/tests/` share: the checkout, and the programs that were built from it.

#![allow(clippy::expect_used)] // All of this is test code: a panic is a failed test with its reason.

pub mod clock;
pub mod commands;
pub mod images;
pub mod phone;
pub mod wire;

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// Top folder of the checkout.
///
/// # Panics
/// If this crate was moved out of the workspace.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is one folder below the top")
}

/// A command that runs the workspace's program `name`, or its example `examples/NAME`, as it was last built.
///
/// Cargo tells a test the paths of its own package's programs only, so this one relies on `./test.sh` (or you) having
/// built the workspace before.
///
/// # Panics
/// If the program has not been built.
#[must_use]
pub fn program(name: &str) -> Command {
    let path = programs_folder().join(name);
    assert!(
        path.is_file(),
        "{} is not there: run `cargo build --workspace --release --bins --examples` first",
        path.display()
    );
    Command::new(path)
}

/// `target/release`, wherever the target folder is: tests run from the folder `deps` in it.
///
/// # Panics
/// If the running program is none of cargo's tests.
#[must_use]
pub fn programs_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the system knows the running program");
    let folder =
        test.parent().and_then(Path::parent).expect("tests are built two folders below the target folder");
    folder.to_path_buf()
}

/// Files under version control that match git's `pattern` and are still there, relative to [`checkout`].
///
/// # Panics
/// If the checkout is not a git repository.
#[must_use]
pub fn tracked(pattern: &str) -> Vec<String> {
    let files = output_of("git", &["ls-files", "--", pattern]);
    files.lines().filter(|file| checkout().join(file).exists()).map(str::to_owned).collect()
}

/// What `program` prints when it is run in [`checkout`].
///
/// # Panics
/// If it cannot be run, or fails.
#[must_use]
pub fn output_of(program: &str, arguments: &[&str]) -> String {
    let run = std::process::Command::new(program).args(arguments).current_dir(checkout()).output();
    let output = run.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the workspace's program in `line` prints, run in `folder` with the arguments behind its name.
///
/// # Panics
/// If it does not end well.
pub fn run(folder: &Path, line: &str) -> String {
    let mut words = line.split(' ');
    let output = program(words.next().unwrap_or_default()).current_dir(folder).args(words).output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The README, whose Rust is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
