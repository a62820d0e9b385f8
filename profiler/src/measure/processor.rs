//! Whether the scheduler took the processor away during a sample, and what was left of it.

use nix::time::ClockId;

use super::{Clock, MeasureError};

/// What the measuring thread got of the processor so far; only differences mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How often it lost the processor against its will.
    pub preemptions: u64,
    /// Time it had the processor, in nanoseconds; `None` where that is not the time the work took, as when a runtime
    /// has several threads.
    pub time_ns: Option<u64>,
}

/// Counts what the measuring thread gets of the processor.
pub trait Processor {
    /// The count so far.
    ///
    /// # Errors
    /// [`MeasureError::Usage`] if the system does not say.
    fn usage(&mut self) -> Result<Usage, MeasureError>;
}

/// Never pre-empted: for emulated clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverPreempted;

impl Processor for NeverPreempted {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        Ok(Usage::default())
    }
}

/// The kernel's count for the calling thread, or for the whole process when the runtime uses more threads.
#[derive(Clone, Copy, Debug)]
pub struct KernelUsage {
    scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    Thread,
    Process,
}

impl KernelUsage {
    /// The counter that fits a runtime with `threads` threads.
    pub fn for_threads(threads: usize) -> Self {
        Self { scope: if threads > 1 { Scope::Process } else { Scope::Thread } }
    }
}

impl Processor for KernelUsage {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        let read = match self.scope {
            Scope::Thread => thread_switches().and_then(|switches| Ok((switches, Some(thread_time_ns()?)))),
            Scope::Process => process_switches().map(|switches| (switches, None)),
        };
        let (switches, time_ns) = read.map_err(|errno| MeasureError::Usage { reason: errno.to_string() })?;
        Ok(Usage { preemptions: switches.max(0) as u64, time_ns })
    }
}

/// Unlike `getrusage`, which counts up to the last timer tick, this clock is exact.
fn thread_time_ns() -> Result<u64, nix::Error> {
    let time = ClockId::CLOCK_THREAD_CPUTIME_ID.now()?;
    Ok(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// A clock that only moves while the calling thread has the processor. Reading it costs a system call, several times as
/// much as [`SystemClock`](super::SystemClock).
#[derive(Clone, Copy, Debug)]
pub struct ThreadClock(());

impl ThreadClock {
    /// The calling thread's clock.
    ///
    /// # Errors
    /// [`MeasureError::Usage`] if the system has none.
    pub fn new() -> Result<Self, MeasureError> {
        match thread_time_ns() {
            Ok(_) => Ok(Self(())),
            Err(errno) => Err(MeasureError::Usage { reason: errno.to_string() }),
        }
    }
}

impl Clock for ThreadClock {
    fn now_ns(&self) -> u64 {
        // It was read before: the system cannot lose a thread's clock.
        thread_time_ns().unwrap_or(0)
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
    use super::*;

    #[test]
    fn counts_never_fall_and_work_takes_time() {
        for threads in [1, 4] {
            let mut kernel = KernelUsage::for_threads(threads);
            let before = kernel.usage().unwrap();
            let mut sum = 0u64;
            for i in 0..2_000_000u64 {
                sum = std::hint::black_box(sum.wrapping_add(i));
            }
            let after = kernel.usage().unwrap();
            assert!(after.preemptions >= before.preemptions);
            assert_eq!(after.time_ns.is_some(), threads == 1);
            assert!(threads > 1 || after.time_ns > before.time_ns);
        }
    }

    #[test]
    fn time_without_the_processor_is_not_counted() {
        let mut kernel = KernelUsage::for_threads(1);
        let before = kernel.usage().unwrap().time_ns.unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let after = kernel.usage().unwrap().time_ns.unwrap();
        assert!(after - before < 25_000_000, "{} ns of 50 ms asleep", after - before);
    }

    #[test]
    fn a_threads_clock_stands_still_while_it_sleeps() {
        let clock = ThreadClock::new().unwrap();
        let before = clock.now_ns();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let asleep = clock.now_ns() - before;
        assert!(asleep < 25_000_000, "{asleep} ns of 50 ms asleep");
        assert!(crate::measure::ClockQuality::of(&clock).unwrap().cost_ns > 0.0);
    }

    #[test]
    fn a_thread_is_charged_less_than_its_process() {
        // The process's count includes every thread's, so it is never below this thread's.
        let thread = KernelUsage::for_threads(1).usage().unwrap().preemptions;
        let process = KernelUsage::for_threads(2).usage().unwrap().preemptions;
        assert!(process >= thread);
    }
}
