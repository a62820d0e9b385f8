//! Making caches cold.

use std::hint::black_box;

use super::subject::{Subject, SubjectFailure};

/// Reads through a buffer and so pushes everything else out of the caches that it exceeds.
///
/// It only reads: what it leaves behind need not be written back while the next subject runs.
pub struct CacheEvictor {
    bytes: usize,
    buffer: Vec<u64>,
}

impl CacheEvictor {
    /// Where the system does not tell, and at least: more than the last-level cache of phones.
    pub const FEWEST_BYTES: usize = 16 << 20;
    /// More takes longer than it is worth.
    pub const MOST_BYTES: usize = 64 << 20;
    /// Bytes that one line of a cache has on the machines this runs on.
    const LINE: usize = 64;

    /// An evictor for caches of which the largest has `largest_cache` bytes, 0 where that is not known: twice as much, as
    /// caches replace only about the oldest lines. The buffer is allocated on the first run.
    #[must_use]
    pub fn new(largest_cache: usize) -> Self {
        let bytes = largest_cache.saturating_mul(2).clamp(Self::FEWEST_BYTES, Self::MOST_BYTES);
        Self { bytes, buffer: Vec::new() }
    }
}

impl Subject for CacheEvictor {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        if self.buffer.is_empty() {
            // Written once: pages that nobody wrote to are all the same one.
            self.buffer = vec![1; self.bytes / size_of::<u64>()];
        }
        let lines = self.buffer.chunks(Self::LINE / size_of::<u64>());
        black_box(lines.filter_map(<[u64]>::first).sum::<u64>());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn its_buffer_is_twice_the_largest_cache_within_bounds() {
        const MIB: usize = 1 << 20;
        for (cache, expected) in [(0, 16), (2 * MIB, 16), (20 * MIB, 40), (32 * MIB, 64), (usize::MAX, 64)] {
            let mut evictor = CacheEvictor::new(cache);
            assert!(evictor.buffer.is_empty(), "nothing is allocated before it is needed");
            evictor.run().unwrap();
            assert_eq!(evictor.buffer.len() * 8, expected * MIB);
        }
    }
}
