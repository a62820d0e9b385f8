//! Who else uses the machine, and what the kernel allows us: what may spoil a measurement.

use std::path::Path;

use serde::Serialize;

use super::root::Root;
use super::state::memory_kib;

/// Limits and company, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Surroundings {
    /// Processor time spent so far by everyone, in clock ticks; `None` if it cannot be read.
    pub ticks: Option<Ticks>,
    /// Cores this process's control group may use at once, if it is limited.
    pub quota_cores: Option<f64>,
    /// Cores that are switched on, as the kernel lists them.
    pub online: Vec<usize>,
    /// Cores there are.
    pub present: Vec<usize>,
    /// Groups of hardware threads that share a core, of more than one each.
    pub siblings: Vec<Vec<usize>>,
    /// Whether cores may exceed their nominal frequency; `None` where the kernel does not say.
    pub turbo: Option<bool>,
    /// The kernel's source of time.
    pub clock_source: Option<String>,
    /// Main memory in KiB.
    pub memory_total_kib: Option<u64>,
    /// Memory that could be had, in KiB.
    pub memory_available_kib: Option<u64>,
    /// Pages swapped in and out so far.
    pub swapped_pages: Option<u64>,
}

/// Processor time of all cores since the start, in clock ticks.
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
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.busy + self.idle + self.stolen
    }

    /// What passed since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(earlier.busy),
            idle: self.idle.saturating_sub(earlier.idle),
            stolen: self.stolen.saturating_sub(earlier.stolen),
        }
    }
}

impl Surroundings {
    /// This machine's.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::read(Path::new("/"))
    }

    /// Those of the machine whose `/sys` and `/proc` lie below `root`.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let root = Root::new(root);
        let cpu = "sys/devices/system/cpu";
        let cores = |file: &str| root.line(&format!("{cpu}/{file}")).and_then(|list| cores(&list));
        Self {
            ticks: ticks(&root),
            quota_cores: quota_cores(&root),
            online: cores("online").unwrap_or_default(),
            present: cores("present").unwrap_or_default(),
            siblings: siblings(&root),
            turbo: turbo(&root),
            clock_source: root.line("sys/devices/system/clocksource/clocksource0/current_clocksource"),
            memory_total_kib: memory_kib(&root, "MemTotal"),
            memory_available_kib: memory_kib(&root, "MemAvailable"),
            swapped_pages: swapped_pages(&root),
        }
    }
}

/// `0-3,6` as 0, 1, 2, 3, 6.
fn cores(list: &str) -> Option<Vec<usize>> {
    const MOST: usize = 4096;
    let mut cores = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        cores.extend(first..=last);
    }
    Some(cores)
}

/// First line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
fn ticks(root: &Root) -> Option<Ticks> {
    let line = root.line("proc/stat")?;
    let numbers = line.strip_prefix("cpu ")?.split_whitespace().map(|number| number.parse().ok());
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
    Some(Ticks { busy: at(0) + at(1) + at(2) + at(5) + at(6), idle: at(3) + at(4), stolen: at(7) })
}

/// The tightest limit along this process's path of control groups, version 2 or 1.
fn quota_cores(root: &Root) -> Option<f64> {
    let groups = root.text("proc/self/cgroup")?;
    let mut tightest: Option<f64> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let second = controllers.is_empty();
        if !second && !controllers.split(',').any(|name| name == "cpu") {
            continue;
        }
        let folder = if second { "sys/fs/cgroup".to_owned() } else { "sys/fs/cgroup/cpu".to_owned() };
        let mut path = path.trim_matches('/');
        loop {
            let here = format!("{folder}/{path}");
            let quota = if second { quota_v2(root, &here) } else { quota_v1(root, &here) };
            tightest = match (tightest, quota) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if path.is_empty() {
                break;
            }
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    tightest
}

/// `cpu.max`: microseconds per period, or `max`.
fn quota_v2(root: &Root, folder: &str) -> Option<f64> {
    let line = root.line(&format!("{folder}/cpu.max"))?;
    let (quota, period) = line.split_once(' ')?;
    ratio(quota.parse().ok()?, period.trim().parse().ok()?)
}

fn quota_v1(root: &Root, folder: &str) -> Option<f64> {
    let quota = root.count(&format!("{folder}/cpu.cfs_quota_us"))?;
    ratio(quota as f64, root.count(&format!("{folder}/cpu.cfs_period_us"))? as f64)
}

fn ratio(quota: f64, period: f64) -> Option<f64> {
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

fn siblings(root: &Root) -> Vec<Vec<usize>> {
    let folder = "sys/devices/system/cpu";
    let of = |core: usize| cores(&root.line(&format!("{folder}/cpu{core}/topology/thread_siblings_list"))?);
    let mut groups: Vec<Vec<usize>> =
        root.numbered(folder, "cpu").into_iter().filter_map(of).filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn turbo(root: &Root) -> Option<bool> {
    let cpu = "sys/devices/system/cpu";
    match root.count(&format!("{cpu}/intel_pstate/no_turbo")) {
        Some(off) => Some(off == 0),
        None => root.count(&format!("{cpu}/cpufreq/boost")).map(|on| on == 1),
    }
}

fn swapped_pages(root: &Root) -> Option<u64> {
    let text = root.text("proc/vmstat")?;
    let of = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse::<u64>().ok())
    };
    Some(of("pswpin")? + of("pswpout")?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::device::test_machine::machine;

    #[test]
    fn ticks_add_up() {
        let files = [("proc/stat", "cpu  10 1 5 100 20 2 3 7 4 0\ncpu0 10 1 5 100 20 2 3 7 4 0\n")];
        let ticks = Surroundings::read(machine(&files).path()).ticks.unwrap();
        // Busy: user 10, nice 1, system 5, irq 2, softirq 3; idle 100 and iowait 20; steal 7.
        assert_eq!(ticks, Ticks { busy: 21, idle: 120, stolen: 7 });
        let later = Ticks { busy: 31, idle: 120, stolen: 8 };
        assert_eq!(
            (later.since(&ticks), later.since(&ticks).total()),
            (Ticks { busy: 10, idle: 0, stolen: 1 }, 11)
        );
    }

    #[test]
    fn the_tightest_quota_on_the_path_counts() {
        let second = machine(&[
            ("proc/self/cgroup", "0::/user/job\n"),
            ("sys/fs/cgroup/user/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/user/job/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(Surroundings::read(second.path()).quota_cores, Some(1.5));
        let first = machine(&[
            ("proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/job\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(Surroundings::read(first.path()).quota_cores, Some(0.5));
    }

    #[test]
    fn cores_turbo_swap_and_clock_are_read() {
        let cpu = "sys/devices/system/cpu";
        let topology = |core: usize| format!("{cpu}/cpu{core}/topology/thread_siblings_list");
        let (zero, one, two) = (topology(0), topology(1), topology(2));
        let machine = machine(&[
            ("sys/devices/system/cpu/online", "0-1\n"),
            ("sys/devices/system/cpu/present", "0-2\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
            ("proc/vmstat", "pswpin 3\npswpout 4\n"),
            (&zero, "0-1\n"),
            (&one, "0-1\n"),
            (&two, "2\n"),
        ]);
        let found = Surroundings::read(machine.path());
        assert_eq!((found.online.as_slice(), found.present.as_slice()), (&[0, 1][..], &[0, 1, 2][..]));
        assert_eq!(
            (found.siblings, found.turbo, found.swapped_pages),
            (vec![vec![0, 1]], Some(false), Some(7))
        );
        assert_eq!(found.clock_source.as_deref(), Some("tsc"));
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Surroundings::read(empty.path()), Surroundings::default());
    }
}
