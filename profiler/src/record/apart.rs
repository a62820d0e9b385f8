//! A command's output is none of its inputs.

use std::path::Path;

use super::{ReadError, session_path};

/// Refuses to write over what is read, whatever links lead to it: a table with its session, or any other file.
///
/// # Errors
/// [`ReadError::Content`] naming the output.
pub fn check_apart<'a>(output: &Path, read: impl IntoIterator<Item = &'a Path>) -> Result<(), ReadError> {
    let real = |path: &Path| path.canonicalize().ok();
    let Some(written) = real(output) else { return Ok(()) };
    let is_read = |path: &Path| real(path).as_ref() == Some(&written);
    let is_table = |path: &Path| path.extension().is_some_and(|extension| extension == "csv");
    match read.into_iter().find(|path| is_read(path) || is_table(path) && is_read(&session_path(path))) {
        Some(_) => {
            let reason = "given as --output, but it is what is read; name another file".to_owned();
            Err(ReadError::Content { path: output.to_owned(), reason })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["t.csv", "t.session.json", "a.json"] {
            std::fs::write(path(name), "").unwrap();
        }
        let read = [path("t.csv"), path("a.json")];
        let check = |name: &str| check_apart(&path(name), read.iter().map(|path| path.as_path()));
        assert!(check("m.json").is_ok());
        for name in ["t.csv", "t.session.json", "a.json", "./a.json"] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("it is what is read") && error.contains(name), "{error}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("t.csv"), path("link")).unwrap();
            assert!(check("link").is_err());
        }
    }
}
