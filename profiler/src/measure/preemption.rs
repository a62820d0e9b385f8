//! Whether the scheduler took the processor away during a sample.

use super::MeasureError;

/// Counts how often the measuring thread lost its processor against its will.
pub trait Preemptions {
    /// Involuntary context switches so far; only differences mean anything.
    ///
    /// # Errors
    /// [`MeasureError::Preemptions`] if the system does not say.
    fn count(&mut self) -> Result<u64, MeasureError>;
}

/// Never pre-empted: for emulated clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPreemptions;

impl Preemptions for NoPreemptions {
    fn count(&mut self) -> Result<u64, MeasureError> {
        Ok(0)
    }
}

/// The kernel's count for the calling thread, or for the whole process when the runtime uses more threads.
#[derive(Clone, Copy, Debug)]
pub struct ThreadUsage {
    scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    Thread,
    Process,
}

impl ThreadUsage {
    /// The counter that fits a runtime with `threads` threads.
    #[must_use]
    pub fn for_threads(threads: usize) -> Self {
        Self { scope: if threads > 1 { Scope::Process } else { Scope::Thread } }
    }
}

impl Preemptions for ThreadUsage {
    fn count(&mut self) -> Result<u64, MeasureError> {
        let switches = match self.scope {
            Scope::Thread => thread_switches(),
            Scope::Process => process_switches(),
        };
        switches
            .map(|count| count.max(0) as u64)
            .map_err(|errno| MeasureError::Preemptions { reason: errno.to_string() })
    }
}

fn process_switches() -> Result<i64, nix::Error> {
    use nix::sys::resource::{UsageWho, getrusage};
    Ok(getrusage(UsageWho::RUSAGE_SELF)?.involuntary_context_switches())
}

#[cfg(target_os = "linux")]
fn thread_switches() -> Result<i64, nix::Error> {
    use nix::sys::resource::{UsageWho, getrusage};
    Ok(getrusage(UsageWho::RUSAGE_THREAD)?.involuntary_context_switches())
}

/// Android's kernel knows `RUSAGE_THREAD`, but its bindings do not name it.
#[cfg(target_os = "android")]
#[allow(unsafe_code)]
fn thread_switches() -> Result<i64, nix::Error> {
    const RUSAGE_THREAD: nix::libc::c_int = 1;
    let mut usage = std::mem::MaybeUninit::<nix::libc::rusage>::zeroed();
    // SAFETY: the pointer is to a whole, zeroed rusage that the kernel fills; zero is valid for all fields.
    let usage = unsafe {
        nix::errno::Errno::result(nix::libc::getrusage(RUSAGE_THREAD, usage.as_mut_ptr()))?;
        usage.assume_init()
    };
    Ok(usage.ru_nivcsw as i64)
}

/// Elsewhere the process is the nearest the system counts.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn thread_switches() -> Result<i64, nix::Error> {
    process_switches()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn counts_never_fall() {
        for threads in [1, 4] {
            let mut usage = ThreadUsage::for_threads(threads);
            let before = usage.count().unwrap();
            let mut sum = 0u64;
            for i in 0..2_000_000u64 {
                sum = std::hint::black_box(sum.wrapping_add(i));
            }
            assert!(usage.count().unwrap() >= before);
        }
    }

    #[test]
    fn a_thread_is_charged_less_than_its_process() {
        // The process's count includes every thread's, so it is never below this thread's.
        let thread = ThreadUsage::for_threads(1).count().unwrap();
        let process = ThreadUsage::for_threads(2).count().unwrap();
        assert!(process >= thread);
    }
}
