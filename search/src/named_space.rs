use std::path::Path;

use profiler::record::{ReadError, read_text};
use profiler::spec::{SpaceFile, SpecError};

use crate::error::SearchError;

/// The built-in space of this name, or the space in this `.toml` file.
pub(crate) fn named_space(name: &str) -> Result<SpaceFile, SearchError> {
    match SpaceFile::built_in(name) {
        Err(SpecError::UnknownSpace(_)) if name.ends_with(".toml") => {
            let content = |e: SpecError| ReadError::Content { path: name.into(), reason: e.to_string() };
            Ok(SpaceFile::parse(&read_text(Path::new(name))?).map_err(content)?)
        }
        other => Ok(other?),
    }
}
