//! The yardstick: a fixed piece of work whose time shows how fast the machine is right now.

use std::hint::black_box;

use super::{Subject, SubjectFailure};

const TABLE: usize = 1024;
const LANES: usize = 8;
const SWEEPS: usize = 900;
const STREAM: usize = 64 * 1024;
const PASSES: usize = 4;

/// A fixed kernel of about 100-200 µs: multiply-adds out of the first-level cache (900 × 1024), then four
/// read-modify-write passes over a quarter of a mebibyte.
///
/// It never changes between versions of the same table format, so that a drift trace means the same in every
/// session. It mixes, about 5 to 1, the two things that slow inference down machine-wide: a slower core and busier
/// caches. Only eight sums are kept at a time, so that the time is that of a chain of additions: with more, it is
/// that of the scheduling of ports, which settles into one of several modes 8 % apart, at random.
pub struct ReferenceBlock {
    table: Vec<f32>,
    stream: Vec<f32>,
}

impl ReferenceBlock {
    /// Allocates and fills the two buffers.
    pub fn new() -> Self {
        Self {
            table: (0..TABLE).map(|i| 1.0 + (i % 7) as f32 * 0.125).collect(),
            stream: (0..STREAM).map(|i| (i % 13) as f32).collect(),
        }
    }

    fn multiply_add(&self) -> f32 {
        let mut sums = [0.0f32; LANES];
        for sweep in 0..SWEEPS {
            // A new factor each sweep, so that the sweeps cannot be folded into one.
            let factor = black_box(1.0 / (1 + sweep) as f32);
            for chunk in self.table.chunks_exact(LANES) {
                for (sum, value) in sums.iter_mut().zip(chunk) {
                    *sum += value * factor;
                }
            }
        }
        sums.iter().sum()
    }

    fn stream(&mut self, offset: f32) {
        // Halving keeps the values bounded however often the block runs.
        for value in &mut self.stream {
            *value = 0.5 * (*value + offset);
        }
    }
}

impl Default for ReferenceBlock {
    fn default() -> Self {
        Self::new()
    }
}

impl Subject for ReferenceBlock {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        let sum = self.multiply_add();
        for _ in 0..PASSES {
            self.stream(black_box(1.0 + sum * 1e-9));
            black_box(&self.stream);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_really_done() {
        let mut block = ReferenceBlock::new();
        // Σ table = 1024 + 0.125·Σ(i mod 7). 1024 = 146·7 + 2: 146·21 + (0 + 1) = 3067, ·0.125 = 383.375.
        // Each sweep adds 1407.375 / (1 + sweep); the harmonic sum to 900 is about ln 900 + 0.5772 + 1/1800.
        let expected = 1407.375 * (900f64.ln() + 0.577_216 + 1.0 / 1800.0);
        let sum = f64::from(block.multiply_add());
        assert!((sum / expected - 1.0).abs() < 1e-4, "{sum} against {expected}");
        // Streaming halves the distance to the offset: ((12 + 1) / 2 = 6.5), then 3.75.
        block.stream(1.0);
        assert_eq!(block.stream[12], 6.5);
        block.stream(1.0);
        assert_eq!(block.stream[12], 3.75);
    }

    #[test]
    fn stays_finite_however_often_it_runs() {
        let mut block = ReferenceBlock::new();
        for _ in 0..50 {
            block.run().unwrap();
        }
        assert!(block.stream.iter().all(|value| value.is_finite() && *value > 0.5));
    }
}
