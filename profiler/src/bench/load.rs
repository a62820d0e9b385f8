//! Another process that keeps the machine busy in bursts.
//!
//! On each processor a thread is on and off for random times. In bursts, of 50 to 500 ms, it either spins or streams
//! through 32 MiB while on, at random; in stretches, of 0.2 to 5 s, it spins.

use std::hint::black_box;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{Bench, BenchError, tables::said};
use crate::device::{AffinityError, pin};

const BURST_MS: std::ops::Range<u64> = 50..500;
const STREAM_BYTES: usize = 32 << 20;

/// When the load is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pattern {
    /// On and off for 50 to 500 ms.
    Bursts,
    /// On for 0.2 to 5 s, and for this share of the time.
    Stretches(f64),
}

const STRETCH_S: std::ops::Range<f64> = 0.2..5.0;

/// The load, as long as it lives. It ends when its input is closed, so it never outlives the bench.
pub(super) struct Load {
    child: Child,
}

impl Load {
    pub(super) fn start(bench: &Bench, cpus: &[usize], pattern: Pattern) -> Result<Self, BenchError> {
        let cpus: Vec<String> = cpus.iter().map(usize::to_string).collect();
        let mut command = Command::new(&bench.program);
        command.args(["bench-load", "--cpus", &cpus.join(","), "--seed", &bench.seed.to_string()]);
        if let Pattern::Stretches(share) = pattern {
            command.args(["--share", &share.to_string()]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| failed(error.to_string()))?;
        // Until its buffers are there.
        thread::sleep(Duration::from_millis(500));
        Ok(Self { child })
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`BenchError::Child`] if it was not there any more: then there was no load.
    pub(super) fn end(mut self) -> Result<(), BenchError> {
        if self.child.try_wait().map_err(|error| failed(error.to_string()))?.is_none() {
            return Ok(());
        }
        let said = said(&mut self.child).map_err(|error| failed(error.to_string()))?;
        Err(failed(format!("it ended early: {}", said.trim())))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // An error means that it has ended, which is what is asked for.
        let _ = self.child.wait();
    }
}

fn failed(reason: String) -> BenchError {
    BenchError::Child { command: "bench-load", reason }
}

/// Keeps `cpus` busy until `until_closed` ends; returns then.
///
/// # Errors
/// [`AffinityError`] if one of the processors cannot be had.
pub fn keep_busy(
    cpus: &[usize],
    seed: u64,
    pattern: Pattern,
    mut until_closed: impl Read,
) -> Result<(), AffinityError> {
    let (report, reports) = std::sync::mpsc::channel();
    for cpu in cpus.iter().copied() {
        let report = report.clone();
        thread::spawn(move || {
            let pinned = pin(Some(&cpu.to_string()), 1).map(drop);
            let refused = pinned.is_err();
            // Nobody listens any more when the process is ending.
            let _ = report.send(pinned);
            if !refused {
                let random = Pcg64::seed_from_u64(seed.wrapping_add(cpu as u64));
                match pattern {
                    Pattern::Bursts => bursts(random),
                    Pattern::Stretches(share) => stretches(share, random),
                }
            }
        });
    }
    for _ in cpus {
        if let Ok(pinned) = reports.recv() {
            pinned?;
        }
    }
    let mut ignored = [0; 64];
    // Closed, or broken, which is as good as closed.
    while matches!(until_closed.read(&mut ignored), Ok(1..)) {}
    Ok(())
}

fn spin() {
    (0..10_000u64).for_each(|i| {
        black_box(i);
    });
}

/// On and off until the process ends.
fn bursts(mut random: Pcg64) {
    let mut stream = vec![1u64; STREAM_BYTES / size_of::<u64>()];
    loop {
        let on = Duration::from_millis(random.random_range(BURST_MS));
        let streams: bool = random.random();
        let start = Instant::now();
        while start.elapsed() < on {
            if streams {
                stream.iter_mut().for_each(|value| *value = value.wrapping_add(1));
                black_box(&stream);
            } else {
                spin();
            }
        }
        thread::sleep(Duration::from_millis(random.random_range(BURST_MS)));
    }
}

/// On for so much of the time, until the process ends.
fn stretches(share: f64, mut random: Pcg64) {
    loop {
        let on_s = random.random_range(STRETCH_S) * share.max(0.1);
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < on_s {
            spin();
        }
        thread::sleep(Duration::from_secs_f64(on_s * (1.0 - share) / share));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_that_cannot_be_had_are_refused_and_a_closed_input_ends_it() {
        let error = keep_busy(&[999_999], 0, Pattern::Bursts, std::io::empty()).unwrap_err().to_string();
        assert!(error.contains("999999"), "{error}");
        keep_busy(&[], 0, Pattern::Stretches(0.5), std::io::empty()).unwrap();
    }
}
