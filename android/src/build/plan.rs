use super::{Program, Refusal, Route, Source};
use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a route does: make a toolchain if it must, then run cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The route this plan belongs to.
    pub route: Route,
    /// Rust's name for the kind of program that is built.
    pub target: &'static str,
    /// Cargo's command: `build`, or another program's command that does the same.
    pub cargo_command: &'static str,
    /// Environment variables that tell cargo about the toolchain.
    pub variables: Vec<(String, OsString)>,
    /// A toolchain that must be there first.
    pub toolchain: Option<Toolchain>,
}

/// A toolchain that a script makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// Where it goes.
    pub folder: PathBuf,
    /// Bash script that makes it, given `folder`; does nothing when it is there.
    pub script: &'static str,
}

impl Plan {
    /// Makes the toolchain, builds, and looks at what came out.
    ///
    /// The script's and cargo's own messages go to stderr while they run.
    ///
    /// # Errors
    /// [`Refusal`] if the toolchain or the program could not be built.
    pub fn carry_out(&self, source: &Source) -> Result<Program, Refusal> {
        if let Some(toolchain) = &self.toolchain {
            let mut bash = Command::new("bash");
            bash.args(["-c", toolchain.script, "bash"]).arg(&toolchain.folder);
            self.finish(bash, "making the toolchain")?;
        }
        let mut cargo = source.cargo();
        cargo.args(self.arguments()).envs(self.variables.iter().cloned());
        // Flags meant for this computer would take the place of the target's own.
        for general in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(general);
        }
        self.finish(cargo, "cargo")?;
        let path = source.target_folder.join(self.target).join("release/profiler");
        Program::inspect(path).map_err(|error| self.route.refuse(error.to_string()))
    }

    fn finish(&self, mut command: Command, what: &str) -> Result<(), Refusal> {
        let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.route.refuse(format!("{what} failed ({status}); its messages are above"))),
            Err(error) => Err(self.route.refuse(format!("cannot run {:?}: {error}", command.get_program()))),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let fixed = "--release --locked --package profiler --bin profiler --no-default-features --features";
        // A static program can load no library.
        let features = if self.route == Route::Ndk { "cli,tract,onnxruntime" } else { "cli,tract" };
        let mut arguments = vec![self.cargo_command.to_owned()];
        arguments.extend(fixed.split(' ').chain([features]).map(str::to_owned));
        arguments.extend(["--target".to_owned(), self.target.to_owned()]);
        arguments
    }

    /// The commands, as a person would type them.
    #[must_use]
    pub fn commands(&self) -> String {
        let mut text = String::new();
        if let Some(toolchain) = &self.toolchain {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "bash android/src/build/debian-toolchain.sh {}",
                word(toolchain.folder.as_os_str())
            );
        }
        for (name, value) in &self.variables {
            let _ = writeln!(text, "{name}={} \\", word(value));
        }
        let _ = writeln!(text, "cargo {}", self.arguments().join(" "));
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
        let plan = Plan {
            route: Route::Ndk,
            target: "aarch64-linux-android",
            cargo_command: "build",
            variables: tools("aarch64-linux-android", Path::new("/my ndk/it's/clang"), Path::new("/ndk/ar")),
            toolchain: None,
        };
        let expected = "CC_aarch64_linux_android='/my ndk/it'\\''s/clang' \\\n\
            AR_aarch64_linux_android=/ndk/ar \\\n\
            CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER='/my ndk/it'\\''s/clang' \\\n\
            CARGO_PROFILE_RELEASE_STRIP=symbols \\\n\
            cargo build --release --locked --package profiler --bin profiler --no-default-features \
            --features cli,tract,onnxruntime --target aarch64-linux-android\n";
        assert_eq!(plan.commands(), expected);
    }
}
