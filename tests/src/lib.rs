//! What the end-to-end tests in `tests/tests/` share: the checkout, and the programs that were built from it.

pub mod clock;
pub mod commands;
pub mod images;
pub mod phone;
pub mod wire;

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Top folder of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is one folder below the top")
}

/// A command that runs the workspace's program `name`, or its example `examples/NAME`, as it was last built.
///
/// Cargo gives a test the paths of its own package's programs only, so this one relies on `./test.sh` (or you) having
/// built the workspace before.
pub fn program(name: &str) -> Command {
    let path = programs_folder().join(name);
    assert!(
        path.is_file(),
        "{} is not there: run `cargo build --workspace --release --bins --examples` first",
        path.display()
    );
    Command::new(path)
}

/// [`program`], to be started and waited for by hand.
pub fn command(name: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program(name).get_program());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `target/release`, wherever the target folder is: tests run from the folder `deps` in it.
pub fn programs_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the system knows the running program");
    let folder =
        test.parent().and_then(Path::parent).expect("tests are built two folders below the target folder");
    folder.to_path_buf()
}

/// Files under version control that match git's `pattern` and are still there, relative to [`checkout`].
pub fn tracked(pattern: &str) -> Vec<String> {
    let files = output_of("git", &["ls-files", "--", pattern]);
    files.lines().filter(|file| checkout().join(file).exists()).map(str::to_owned).collect()
}

/// What `program` prints when it is run in [`checkout`].
pub fn output_of(program: &str, arguments: &[&str]) -> String {
    let run = std::process::Command::new(program).args(arguments).current_dir(checkout()).output();
    let output = run.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the workspace's program in `line` prints, run in `folder` with the arguments behind its name.
pub fn run(folder: &Path, line: &str) -> String {
    let (code, stdout, stderr) = try_run(folder, line);
    assert_eq!(code, Some(0), "{line}: {stderr}");
    stdout
}

/// Exit code, stdout and stderr of [`run`]'s line, however it ends.
pub fn try_run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    let mut words = line.split(' ');
    let output = program(words.next().unwrap_or_default()).current_dir(folder).args(words).output();
    let output = output.expect("the program starts");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), stdout, stderr)
}

/// The README, whose Rust is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
