//! A runtime's panic as an error, so that one model does not end what others are measured in.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught, so that nothing needs to be printed.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; nothing is printed when it panics. What it worked on is not to be used again then.
///
/// An abort cannot be caught: an allocation that fails, or a stack that overflows, still ends the process.
///
/// # Errors
/// What the panic said.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                loud(info);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(was_guarded);
    result.map_err(|panic| format!("it panicked: {}", said(panic.as_ref())))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| Some(panic.downcast_ref::<String>()?.as_str()));
    text.unwrap_or("without a word").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_says_what_it_said() {
        assert_eq!(guarded(|| 7), Ok(7));
        let divisor = std::hint::black_box(0);
        let error = guarded(|| 7 / divisor).unwrap_err();
        assert_eq!(error, "it panicked: attempt to divide by zero");
        let error = guarded(|| panic!("side {}\n is odd", 3)).unwrap_err();
        assert_eq!(error, "it panicked: side 3 is odd");
        let error = guarded(|| panic::panic_any(3)).unwrap_err();
        assert_eq!(error, "it panicked: without a word");
        // One within another ends none but itself.
        assert_eq!(guarded(|| guarded(|| panic!("inner")).is_err() && IS_GUARDED.get()), Ok(true));
        assert!(!IS_GUARDED.get());
    }
}
