//! Anything that can be timed.

use super::FakeClock;

/// Why a subject could not run.
pub type SubjectFailure = Box<dyn std::error::Error + Send + Sync>;

/// Something that can be run again and again; a run is what gets timed, so it holds nothing but the work.
pub trait Subject {
    /// Runs once.
    ///
    /// # Errors
    /// Whatever kept it from finishing.
    fn run(&mut self) -> Result<(), SubjectFailure>;

    /// Bytes that every run reads again, such as weights; `None` where nobody knows.
    fn kept_bytes(&self) -> Option<usize> {
        None
    }
}

impl<S: Subject + ?Sized> Subject for Box<S> {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        (**self).run()
    }

    fn kept_bytes(&self) -> Option<usize> {
        (**self).kept_bytes()
    }
}

/// A subject that takes a given time of a [`FakeClock`], and no time at all otherwise.
pub struct FakeSubject {
    clock: FakeClock,
    cost_ns: Box<dyn FnMut() -> u64>,
}

impl FakeSubject {
    /// A subject whose runs take what `cost_ns` says, run by run.
    pub fn new(clock: FakeClock, cost_ns: impl FnMut() -> u64 + 'static) -> Self {
        Self { clock, cost_ns: Box::new(cost_ns) }
    }

    /// A subject whose every run takes the same time.
    pub fn steady(clock: FakeClock, cost_ns: u64) -> Self {
        Self::new(clock, move || cost_ns)
    }
}

impl Subject for FakeSubject {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        self.clock.advance((self.cost_ns)());
        Ok(())
    }
}
