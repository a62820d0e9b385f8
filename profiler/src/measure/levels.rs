//! A level that moves slowly, from readings that jump: medians over windows of time.

use super::median;

/// Which readings make a level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Those up to this far away.
    pub(super) reach_ns: u64,
    /// And so many at least, however far away.
    pub(super) fewest: usize,
    /// Levels are so far apart at least.
    pub(super) step_ns: u64,
}

/// A level at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level {
    at_ns: f64,
    value: f64,
}

/// Levels of one uninterrupted stretch, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Levels(Vec<Level>);

impl Levels {
    /// Of readings in order of time, (nanoseconds, value).
    pub(super) fn of(readings: &[(u64, f64)], window: Window) -> Self {
        let step_ns = window.step_ns as f64;
        let mut levels: Vec<Level> = Vec::new();
        for (i, (at_ns, _)) in readings.iter().enumerate() {
            let since = levels.last().map(|last| *at_ns as f64 - last.at_ns);
            if since.is_some_and(|since| since < step_ns) && i + 1 < readings.len() {
                continue;
            }
            let values: Vec<f64> = window.around(readings, i).iter().map(|(_, value)| *value).collect();
            levels.extend(median(&values).map(|value| Level { at_ns: *at_ns as f64, value }));
        }
        Self(levels)
    }

    /// The level at a moment, interpolated linearly; `None` if there was no reading.
    pub(super) fn at(&self, at_ns: f64) -> Option<f64> {
        let next = self.0.partition_point(|level| level.at_ns <= at_ns);
        match (next.checked_sub(1).map(|i| self.0[i]), self.0.get(next)) {
            (Some(before), Some(after)) => {
                let share = (at_ns - before.at_ns) / (after.at_ns - before.at_ns);
                Some(before.value + share * (after.value - before.value))
            }
            (Some(level), None) => Some(level.value),
            (None, Some(level)) => Some(level.value),
            (None, None) => None,
        }
    }

    /// The level at a moment that has one so near.
    pub(super) fn near(&self, at_ns: f64, reach_ns: u64) -> Option<f64> {
        let next = self.0.partition_point(|level| level.at_ns <= at_ns);
        let around = self.0[next.saturating_sub(1)..].iter().take(2);
        let is_near = around.into_iter().any(|level| (level.at_ns - at_ns).abs() <= reach_ns as f64);
        self.at(at_ns).filter(|_| is_near)
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|level| level.value)
    }
}

impl Window {
    /// The readings that make the level at the `i`-th.
    fn around(self, readings: &[(u64, f64)], i: usize) -> &[(u64, f64)] {
        let at_ns = readings[i].0;
        let mut first = readings.partition_point(|(at, _)| at + self.reach_ns < at_ns);
        let mut end = readings.partition_point(|(at, _)| *at <= at_ns + self.reach_ns);
        while end - first < self.fewest.min(readings.len()) {
            let earlier = first.checked_sub(1).map(|e| at_ns - readings[e].0);
            let later = readings.get(end).map(|(at, _)| at - at_ns);
            if earlier.is_some_and(|earlier| later.is_none_or(|later| earlier <= later)) {
                first -= 1;
            } else {
                end += 1;
            }
        }
        &readings[first..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_the_nearest_where_few_are_within_reach() {
        // At 0, 10, 20, .., 90, values the same; around 30 within 12: 20, 30, 40. Five at least: 10 to 50.
        let readings: Vec<(u64, f64)> = (0..10).map(|i| (10 * i, 10.0 * i as f64)).collect();
        let around = |fewest, i| {
            let taken = Window { reach_ns: 12, fewest, step_ns: 3 }.around(&readings, i);
            (taken[0].0, taken[taken.len() - 1].0)
        };
        assert_eq!((around(1, 3), around(5, 3), around(5, 0)), ((20, 40), (10, 50), (0, 40)));
        assert_eq!(around(50, 3), (0, 90));
    }

    #[test]
    fn between_levels_is_interpolated_and_beyond_them_the_nearest_holds() {
        let levels = Levels::of(&[(0, 1.0), (100, 3.0)], Window { reach_ns: 1, fewest: 1, step_ns: 1 });
        assert_eq!([-5.0, 25.0, 200.0].map(|at| levels.at(at).unwrap()), [1.0, 1.5, 3.0]);
        assert_eq!(Levels::default().at(0.0), None);
        let near = |at_ns| levels.near(at_ns, 10);
        assert_eq!(
            [-11.0, -9.0, 50.0, 92.5, 110.0, 111.0].map(near),
            [None, Some(1.0), None, Some(2.85), Some(3.0), None]
        );
    }
}
