//! What programs say: results on stdout, everything else on stderr.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::explain::explain;

/// stdout cannot be written to.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}")]
pub struct StdoutError(#[from] io::Error);

/// Writes a result to stdout, with a line's end. A reader that has seen enough (`… | head -1`) is no failure.
///
/// # Errors
/// [`StdoutError`], such as for a full disk.
pub fn print(text: impl fmt::Display) -> Result<(), StdoutError> {
    let mut stdout = io::stdout().lock();
    forgive_closed(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// Writes a message to stderr, with a line's end. Where nobody can read it, nothing is to be done about that.
pub fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes why a program fails and what would help to stderr; the exit code for it.
pub fn fail(error: &(dyn Error + 'static), is_input: bool, hint: Option<String>) -> ExitCode {
    note(format_args!("error: {}", explain(error)));
    hint.iter().for_each(|hint| note(format_args!("hint: {hint}")));
    failure(is_input)
}

/// The exit code of a program that fails: 2 where what it was given is at fault, 1 for everything else.
pub fn failure(is_input: bool) -> ExitCode {
    if is_input { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn forgive_closed(written: io::Result<()>) -> Result<(), StdoutError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// `terminal::print` with `format!`'s arguments.
#[macro_export]
macro_rules! out {
    ($($argument:tt)*) => { $crate::terminal::print(format_args!($($argument)*)) };
}

/// `terminal::note` with `format!`'s arguments.
#[macro_export]
macro_rules! note {
    ($($argument:tt)*) => { $crate::terminal::note(format_args!($($argument)*)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_that_is_gone_is_forgiven() {
        assert!(forgive_closed(Ok(())).is_ok());
        assert!(forgive_closed(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        let full = forgive_closed(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert!(full.to_string().starts_with("cannot write to stdout: "), "{full}");
    }
}
