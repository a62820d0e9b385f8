//! Everything the protocol needs from the machine, in one place that tests replace.

use super::{
    CacheEvictor, Clock, DeviceThermometer, FakeClock, FakeSubject, KernelUsage, NeverPreempted,
    NoThermometer, Processor, ReferenceBlock, Subject, SystemClock, Thermometer,
};
use crate::device::largest_cache_bytes;

/// Clock, processor usage, reference block, cache evictor and thermometer.
pub struct Instruments {
    /// What time it is.
    pub clock: Box<dyn Clock>,
    /// What a sample got of the processor.
    pub processor: Box<dyn Processor>,
    /// The yardstick of drift where no runtime's references are at hand.
    pub reference: Box<dyn Subject>,
    /// Small models of the runtime that is measured, timed in between in turn: they feel what subjects feel.
    pub references: Vec<Box<dyn Subject>>,
    /// What each of them takes at the speed that the machine is known for, in nanoseconds, where that is known.
    pub known_ns: Vec<Option<f64>>,
    /// What makes caches cold.
    pub evictor: Box<dyn Subject>,
    /// How hot it is.
    pub thermometer: Box<dyn Thermometer>,
}

impl Instruments {
    /// The real ones, for a runtime that uses `threads` threads.
    pub fn of_this_machine(threads: usize) -> Self {
        Self {
            clock: Box::new(SystemClock::new()),
            processor: Box::new(KernelUsage::for_threads(threads)),
            reference: Box::new(ReferenceBlock::new()),
            references: Vec::new(),
            known_ns: Vec::new(),
            evictor: Box::new(CacheEvictor::new(largest_cache_bytes())),
            thermometer: Box::new(DeviceThermometer::new()),
        }
    }

    /// Emulated ones around a fake clock: a reference of exactly 150 µs, no pre-emption, free eviction,
    /// no temperature.
    pub fn emulated(clock: FakeClock) -> Self {
        Self {
            reference: Box::new(FakeSubject::steady(clock.clone(), 150_000)),
            references: Vec::new(),
            known_ns: Vec::new(),
            evictor: Box::new(FakeSubject::steady(clock.clone(), 0)),
            thermometer: Box::new(NoThermometer),
            clock: Box::new(clock),
            processor: Box::new(NeverPreempted),
        }
    }
}
