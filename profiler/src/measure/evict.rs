//! Making caches cold.

use std::hint::black_box;

use super::{Subject, SubjectFailure};

/// Goes through a buffer of the size of the largest cache and so pushes everything else out.
///
/// It writes, as other subjects would: what it leaves behind must be written back to make room, which a run after it waits for.
pub struct CacheEvictor {
    bytes: usize,
    buffer: Vec<u64>,
}

impl CacheEvictor {
    /// Where the system does not report it, and at least: more than the last-level cache of phones.
    pub const FEWEST_BYTES: usize = 16 << 20;
    /// More takes longer than it is worth.
    pub const MOST_BYTES: usize = 64 << 20;

    /// An evictor for caches of which the largest has so many bytes, 0 where that is not known. The buffer is allocated on
    /// the first run.
    pub fn new(largest_cache: usize) -> Self {
        Self { bytes: largest_cache.clamp(Self::FEWEST_BYTES, Self::MOST_BYTES), buffer: Vec::new() }
    }
}

impl Subject for CacheEvictor {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        if self.buffer.is_empty() {
            self.buffer = vec![1; self.bytes / size_of::<u64>()];
        }
        for value in &mut self.buffer {
            *value = value.wrapping_add(1);
        }
        black_box(&self.buffer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_buffer_as_large_as_the_cache_is_touched() {
        const MIB: usize = 1 << 20;
        for (cache, expected) in [(0, 16), (2 * MIB, 16), (32 * MIB, 32), (usize::MAX, 64)] {
            let mut evictor = CacheEvictor::new(cache);
            assert!(evictor.buffer.is_empty(), "nothing is allocated before it is needed");
            evictor.run().unwrap();
            evictor.run().unwrap();
            assert_eq!(evictor.buffer.len() * 8, expected * MIB);
            // Started at 1, incremented twice.
            assert!(evictor.buffer.iter().all(|value| *value == 3));
        }
    }
}
