//! Making caches cold when there are too few other subjects to do it.

use std::hint::black_box;

use super::subject::{Subject, SubjectFailure};

/// Streams through a buffer and so pushes everything else out of the caches it exceeds.
pub struct CacheEvictor {
    buffer: Vec<u64>,
}

impl CacheEvictor {
    /// 16 MiB: more than the last-level cache of phones.
    pub const DEFAULT_BYTES: usize = 16 << 20;

    /// The buffer is only allocated on the first run: most sessions never need it.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: Vec::new() }
    }
}

impl Default for CacheEvictor {
    fn default() -> Self {
        Self::new()
    }
}

impl Subject for CacheEvictor {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        if self.buffer.is_empty() {
            self.buffer = vec![1; Self::DEFAULT_BYTES / size_of::<u64>()];
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
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn every_byte_is_touched() {
        let mut evictor = CacheEvictor::new();
        evictor.run().unwrap();
        evictor.run().unwrap();
        // Started at 1, incremented twice.
        assert_eq!(evictor.buffer.len() * 8, 16 * 1024 * 1024);
        assert!(evictor.buffer.iter().all(|value| *value == 3));
    }
}
