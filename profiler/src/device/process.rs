//! What the system says of this process.

use nix::time::ClockId;

/// Most memory this process had in use at once (resident set, `VmHWM`), in KiB; `None` where the system does not say.
pub fn peak_memory_kib() -> Option<u64> {
    peak_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Processor time that this process has had, all its threads together, in nanoseconds; `None` where the system does not say.
pub(super) fn processor_time_ns() -> Option<u64> {
    let time = ClockId::CLOCK_PROCESS_CPUTIME_ID.now().ok()?;
    Some(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// Gives memory that was freed back to the system, where the allocator can be asked to (glibc's).
///
/// Loading a model takes several times what it needs afterwards; without this, what is loaded later comes on top of it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn return_free_memory() {
    // SAFETY: it takes no pointers, and may be called at any time from any thread.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

/// Allocators that cannot be asked.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn return_free_memory() {}

fn peak_in(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status() {
        let status = "Name:\tprofiler\nVmPeak:\t  999 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(peak_in(status), Some(1234));
        assert_eq!(peak_in("Name:\tprofiler\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_holds_what_was_touched_and_given_back() {
        let touched = vec![1u8; 64 << 20];
        assert_eq!(std::hint::black_box(&touched)[7], 1);
        drop(touched);
        assert!(peak_memory_kib().unwrap() >= 64 << 10);
    }
}
