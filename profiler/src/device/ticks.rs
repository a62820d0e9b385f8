//! Processor time as the kernel counts it, core by core.

use std::{collections::BTreeMap, ops::AddAssign};

use serde::Serialize;

use super::root::Root;

/// Processor time since the machine started, in clock ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ticks {
    /// Running anything.
    pub busy: u64,
    /// Idle or waiting for a disk.
    pub idle: u64,
    /// Taken by the hypervisor for other machines.
    pub stolen: u64,
}

impl Ticks {
    /// How long one is: `/proc/stat` counts in hundredths of a second, whatever the kernel's own timer does. Source:
    /// `USER_HZ`, proc(5).
    pub(super) const NS: u64 = 10_000_000;

    /// All of them.
    pub fn total(&self) -> u64 {
        self.busy + self.idle + self.stolen
    }

    /// What passed since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(earlier.busy),
            idle: self.idle.saturating_sub(earlier.idle),
            stolen: self.stolen.saturating_sub(earlier.stolen),
        }
    }

    /// Those of every core that is switched on; `None` where the kernel does not report it.
    pub(super) fn by_core(root: &Root) -> Option<BTreeMap<usize, Self>> {
        let text = root.text("proc/stat")?;
        // What follows, interrupts above all, is longer than the cores.
        let lines = text.lines().map_while(|line| line.strip_prefix("cpu"));
        let cores: BTreeMap<usize, Self> = lines.filter_map(core).collect();
        (!cores.is_empty()).then_some(cores)
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        self.busy += other.busy;
        self.idle += other.idle;
        self.stolen += other.stolen;
    }
}

impl std::iter::Sum for Ticks {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, ticks| {
            sum += ticks;
            sum
        })
    }
}

/// Number, then user, nice, system, idle, iowait, irq, softirq and steal; guests are in user already. The sum of all
/// cores, which stands first, has no number.
fn core(line: &str) -> Option<(usize, Ticks)> {
    let (core, numbers) = line.split_once(' ')?;
    let numbers = numbers.split_whitespace().map(|number| number.parse().ok());
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    let [user, nice, system, idle, waiting, irq, softirq, stolen, ..] = numbers[..] else { return None };
    let busy = user + nice + system + irq + softirq;
    Some((core.parse().ok()?, Ticks { busy, idle: idle + waiting, stolen }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_machine::machine;

    fn by_core(stat: &str) -> Option<BTreeMap<usize, Ticks>> {
        Ticks::by_core(&Root::new(machine(&[("proc/stat", stat)]).path()))
    }

    #[test]
    fn ticks_add_up() {
        let stat = "cpu  20 2 10 200 40 4 6 14 8 0\ncpu0 10 1 5 100 20 2 3 7 4 0\ncpu4 1 1 1 1 1 1 1 1 0 0\nintr 9 9\ncpu9 1\n";
        let cores = by_core(stat).unwrap();
        // Busy: user 10, nice 1, system 5, irq 2, softirq 3; idle 100 and iowait 20; steal 7.
        let zero = Ticks { busy: 21, idle: 120, stolen: 7 };
        assert_eq!(cores, BTreeMap::from([(0, zero), (4, Ticks { busy: 5, idle: 2, stolen: 1 })]));
        assert_eq!(cores.into_values().sum::<Ticks>(), Ticks { busy: 26, idle: 122, stolen: 8 });
        let later = Ticks { busy: 31, idle: 119, stolen: 8 };
        // A count of idle time may fall by a tick.
        assert_eq!(later.since(&zero), Ticks { busy: 10, idle: 0, stolen: 1 });
        assert_eq!(later.since(&zero).total(), 11);
    }

    #[test]
    fn what_is_no_such_file_tells_nothing() {
        for stat in ["", "intr 1\n", "cpu  1 2 3 4 5 6 7 8\n", "cpu0 1 2 3 4\n", "cpu0 1 2 3 4 5 6 7 x\n"] {
            assert_eq!(by_core(stat), None, "{stat}");
        }
    }
}
