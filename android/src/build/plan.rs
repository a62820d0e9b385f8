use super::{Program, Refusal, Route, Source};
use crate::{error::AndroidError, inside::inside_test_phone};
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a route does: make a toolchain if it must, then run cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) route: Route,
    /// Rust's name for the kind of program that is built.
    pub(crate) target: &'static str,
    /// Cargo's command: `build`, or another program's command that does the same.
    pub(crate) cargo_command: &'static str,
    pub(crate) features: String,
    /// Flags for rustc in the last step, which makes the program out of compiled crates.
    pub(crate) last_flags: Vec<String>,
    /// Environment variables by which cargo finds the toolchain.
    pub(crate) variables: Vec<(String, OsString)>,
    /// A toolchain that must be there first.
    pub(crate) toolchain: Option<Toolchain>,
    /// Folder among cargo's release programs that the program is copied to, where one target has several kinds.
    pub(crate) place: Option<&'static str>,
    /// Shared libraries that are put there beside it.
    pub(crate) libraries: Vec<PathBuf>,
}

/// A toolchain that a script makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    pub(crate) folder: PathBuf,
    /// Bash script that makes it, given `folder`; does nothing when it is there.
    pub(crate) script: &'static str,
}

impl Plan {
    /// One that runs `cargo build` with these variables.
    pub(super) fn new(
        route: Route,
        target: &'static str,
        features: String,
        variables: Vec<(String, OsString)>,
    ) -> Self {
        let (last_flags, libraries, cargo_command) = (Vec::new(), Vec::new(), "build");
        let (toolchain, place) = (None, None);
        Self { route, target, cargo_command, features, last_flags, variables, toolchain, place, libraries }
    }

    /// Makes the toolchain, builds, and looks at what came out.
    ///
    /// The script's and cargo's own messages go to stderr while they run.
    pub(crate) fn carry_out(&self, source: &Source) -> Result<Program, Refusal> {
        self.make_toolchain()?;
        let mut cargo = source.cargo();
        cargo.args(self.arguments()).envs(self.variables.iter().cloned());
        // Flags meant for this computer would take the place of the target's own.
        for general in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(general);
        }
        self.finish(cargo, "cargo")?;
        let made = source.target_folder.join(self.target).join("release");
        let kept = self.keep(&made).map_err(|error| self.route.refuse(error.to_string()))?;
        Program::inspect(kept).map_err(|error| self.route.refuse(error.to_string()))
    }

    /// Makes the toolchain that must be there first, if there is one, and it is not there yet.
    pub(crate) fn make_toolchain(&self) -> Result<(), Refusal> {
        let Some(Toolchain { folder, script }) = &self.toolchain else { return Ok(()) };
        if inside_test_phone() && !folder.join("complete").exists() {
            return Err(self.route.refuse(format!(
                "no toolchain in {}, and the test phone has no network: run `android build --route {}` outside of it",
                folder.display(),
                self.route
            )));
        }
        let mut bash = Command::new("bash");
        bash.args(["-c", script, "bash"]).arg(folder);
        self.finish(bash, "making the toolchain")
    }

    /// Puts the program in its place, with its libraries.
    fn keep(&self, made: &Path) -> Result<PathBuf, AndroidError> {
        let program = made.join("profiler");
        let Some(place) = self.place else { return Ok(program) };
        let folder = made.join(place);
        let unusable = |path: &Path, reason| AndroidError::Unusable { path: path.to_owned(), reason };
        std::fs::create_dir_all(&folder).map_err(|reason| unusable(&folder, reason))?;
        for file in [&program].into_iter().chain(&self.libraries) {
            let to = folder.join(file.file_name().unwrap_or_default());
            let part = to.with_added_extension("part");
            std::fs::copy(file, &part).map_err(|reason| unusable(file, reason))?;
            std::fs::rename(&part, &to).map_err(|reason| unusable(&to, reason))?;
        }
        Ok(folder.join("profiler"))
    }

    fn finish(&self, mut command: Command, what: &str) -> Result<(), Refusal> {
        let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
        Err(self.route.refuse(match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => format!("{what} failed ({status}); its messages are above"),
            Err(error) => format!("cannot run {:?}: {error}", command.get_program()),
        }))
    }

    fn arguments(&self) -> Vec<String> {
        let fixed = "--release --locked --package profiler --bin profiler --no-default-features --features";
        let mut arguments = vec![self.cargo_command.to_owned()];
        arguments.extend(fixed.split(' ').chain([self.features.as_str()]).map(str::to_owned));
        arguments.extend(["--target".to_owned(), self.target.to_owned()]);
        if !self.last_flags.is_empty() {
            arguments.push("--".to_owned());
            arguments.extend(self.last_flags.iter().cloned());
        }
        arguments
    }

    /// The commands, as a person would type them.
    pub(crate) fn commands(&self) -> String {
        let mut text = String::new();
        if let Some(toolchain) = &self.toolchain {
            let folder = word(toolchain.folder.as_os_str());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "bash android/src/build/debian-toolchain.sh {folder}");
        }
        for (name, value) in &self.variables {
            let _ = writeln!(text, "{name}={} \\", word(value));
        }
        let arguments = self.arguments().iter().map(|argument| word(argument.as_ref())).collect::<Vec<_>>();
        let _ = writeln!(text, "cargo {}", arguments.join(" "));
        text
    }
}

/// `text`, quoted for a shell where it needs to be.
fn word(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=./,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Cargo's variables for a compiler, archiver and linker of `target`; the program is stripped in every case.
pub(super) fn tools(target: &str, compiler: &Path, archiver: &Path) -> Vec<(String, OsString)> {
    let small = target.replace('-', "_");
    vec![
        (format!("CC_{small}"), compiler.into()),
        (format!("AR_{small}"), archiver.into()),
        (format!("CARGO_TARGET_{}_LINKER", small.to_uppercase()), compiler.into()),
        stripped(),
    ]
}

/// Leaves symbol tables out of the program.
pub(super) fn stripped() -> (String, OsString) {
    ("CARGO_PROFILE_RELEASE_STRIP".to_owned(), "symbols".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted_where_needed() {
        let target = "aarch64-linux-android";
        let variables = tools(target, Path::new("/my ndk/it's/clang"), Path::new("/ndk/ar"));
        let last_flags = vec!["-C".to_owned(), "link-arg=-Wl,-rpath,$ORIGIN".to_owned()];
        let plan = Plan::new(Route::Ndk, target, "cli,tract".to_owned(), variables);
        let plan = Plan { last_flags, ..plan };
        let expected = "CC_aarch64_linux_android='/my ndk/it'\\''s/clang' \\\n\
            AR_aarch64_linux_android=/ndk/ar \\\n\
            CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER='/my ndk/it'\\''s/clang' \\\n\
            CARGO_PROFILE_RELEASE_STRIP=symbols \\\n\
            cargo build --release --locked --package profiler --bin profiler --no-default-features \
            --features cli,tract --target aarch64-linux-android -- -C 'link-arg=-Wl,-rpath,$ORIGIN'\n";
        assert_eq!(plan.commands(), expected);
    }
}
