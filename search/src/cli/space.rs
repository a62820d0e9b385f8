//! Which search space: a built-in one or a file.

use std::path::Path;

use profiler::{
    record::read_text,
    spec::{SpaceFile, SpecError},
};

use super::UsageError;

/// The space of this name, or in this `.toml` file, with its widths multiplied.
pub(super) fn read_space(name: &str, width: f64) -> anyhow::Result<SpaceFile> {
    if !(0.05..=20.0).contains(&width) {
        return Err(UsageError(format!("--width {width}: expected 0.05 to 20")).into());
    }
    let file = match SpaceFile::built_in(name) {
        Err(SpecError::UnknownSpace(_)) if name.ends_with(".toml") => {
            let text = read_text(Path::new(name))?;
            SpaceFile::parse(&text).map_err(|e| anyhow::Error::new(e).context(name.to_owned()))?
        }
        other => other?,
    };
    Ok(if width == 1.0 { file } else { file.with_width(width) })
}
