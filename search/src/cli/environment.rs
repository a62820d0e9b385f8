//! What libtorch's libraries read from the environment before `main` begins.

/// OpenMP threads that wait must sleep, not spin: on a busy machine a training step is then several times faster. They
/// may spin for some 100 µs before: most waits are shorter, and waking up a thread takes about as long.
/// Freed activations must stay with the process: otherwise every step gets its memory from the system anew, page by
/// page, which costs a quarter of its time.
const SETTINGS: [(&str, &str); 4] = [
    ("OMP_WAIT_POLICY", "PASSIVE"),
    ("GOMP_SPINCOUNT", "10000"),
    ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
];

/// Starts this program once again, in its place, with the settings that are not set yet; returns if all are.
///
/// Where it cannot be started again the program runs on, slower.
pub fn set_environment() {
    let missing: Vec<_> = SETTINGS.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() {
        return;
    }
    #[cfg(unix)]
    if let Ok(program) = std::env::current_exe() {
        use std::os::unix::process::CommandExt;
        // The variables are there afterwards, so this happens once.
        let _ = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(missing).exec();
    }
}
