//! Continuing although everything is known well enough, since the machine may get faster yet.

use crate::measure::stopping::Convergence;

/// When all subjects were first known well enough, though the machine was slower all the time than it is known to be.
#[derive(Default)]
pub(super) struct Patience {
    settled_ns: Option<u64>,
}

impl Patience {
    /// For how long to continue: together, as long as it took until then; 0 where the machine is as fast as it is known to be.
    pub(super) fn left_ns(&mut self, convergence: &Convergence, spent_ns: u64) -> u64 {
        if !convergence.is_slow {
            return 0;
        }
        let settled_ns = *self.settled_ns.get_or_insert(spent_ns);
        (2 * settled_ns).saturating_sub(spent_ns)
    }
}
