use crate::error::AndroidError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A checkout of Tailor, and where cargo puts what it builds from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) root: PathBuf,
    pub(crate) target_folder: PathBuf,
}

impl Source {
    /// The checkout that `folder` is in.
    pub(crate) fn find(folder: &Path) -> Result<Self, AndroidError> {
        let wrong = |reason: String| AndroidError::NotTheSource { folder: folder.into(), reason };
        let mut command = Command::new(cargo_program());
        command.args(["metadata", "--no-deps", "--format-version=1"]).current_dir(folder);
        let output = command.output().map_err(|error| wrong(format!("cannot run cargo there: {error}")))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(wrong(message.trim().trim_start_matches("error: ").replace('\n', " ")));
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| wrong(format!("cargo metadata is not JSON: {error}")))?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        if !packages.into_iter().any(|package| package["name"] == "profiler") {
            return Err(wrong("its workspace has no package `profiler`".to_owned()));
        }
        match (metadata["workspace_root"].as_str(), metadata["target_directory"].as_str()) {
            (Some(root), Some(target)) => Ok(Self { root: root.into(), target_folder: target.into() }),
            _ => Err(wrong("cargo metadata names no folders".to_owned())),
        }
    }

    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root);
        command
    }
}

/// The cargo that runs this program, else the one in `PATH`.
fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
