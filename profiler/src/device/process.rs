//! What the system says of this process.

/// Most memory this process had in use at once (resident set, `VmHWM`), in KiB; `None` where the system does not say.
#[must_use]
pub fn peak_memory_kib() -> Option<u64> {
    peak_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn peak_in(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
