//! The time that a bench may take, divided over its parts.

/// What is left of the time, and of the work, in seconds of a calm hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left_ns: f64,
    work: f64,
}

impl Budget {
    /// For so much work; earlier processes did the rest of `whole`, and had their share of the time.
    pub(super) fn new(budget_s: u64, whole: f64, work: f64) -> Self {
        Self { left_ns: budget_s as f64 * 1e9 * work / whole, work }
    }

    /// What is left.
    pub(super) fn left_ns(self) -> u64 {
        self.left_ns as u64
    }

    /// What a part may take: of what is left, its share of the work that is left. So what others did not need is divided again, and
    /// what one takes too much is missing to all.
    pub(super) fn share_ns(self, work: f64) -> u64 {
        (self.left_ns * work / self.work) as u64
    }

    /// A part is done.
    pub(super) fn spend(&mut self, work: f64, took_ns: u64) {
        self.work -= work;
        self.left_ns = (self.left_ns - took_ns as f64).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn what_one_part_leaves_is_divided_over_the_others() {
        // 120 s for 60 of work: 20 of it are 40 s. It takes 10 s: 110 s for 40.
        let mut budget = Budget::new(120, 60.0, 60.0);
        assert_eq!(budget.share_ns(20.0), 40 * SECOND);
        budget.spend(20.0, 10 * SECOND);
        assert_eq!((budget.share_ns(10.0) * 4, budget.left_ns()), (110 * SECOND, 110 * SECOND));
        // One that took more than all leaves nothing.
        budget.spend(10.0, 200 * SECOND);
        assert_eq!((budget.share_ns(30.0), budget.left_ns()), (0, 0));
    }

    #[test]
    fn a_bench_that_goes_on_has_the_share_of_what_is_missing() {
        assert_eq!(Budget::new(120, 60.0, 15.0).left_ns(), 30 * SECOND);
    }
}
