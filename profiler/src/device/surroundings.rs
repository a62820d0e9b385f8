//! Who else uses the machine, and what the kernel allows us: what may spoil a measurement.

use std::path::Path;

use serde::Serialize;

use super::{Ticks, root::Root, state::memory_kib};

/// Limits and contention, at one moment.
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

impl Surroundings {
    /// This machine's.
    pub fn of_this_machine() -> Self {
        Self::read(Path::new("/"))
    }

    /// Those of the machine whose `/sys` and `/proc` lie below `root`.
    pub fn read(root: &Path) -> Self {
        let root = Root::new(root);
        let cpu = "sys/devices/system/cpu";
        let cores = |file: &str| root.line(&format!("{cpu}/{file}")).and_then(|list| cores(&list));
        Self {
            ticks: Ticks::by_core(&root).map(|cores| cores.into_values().sum()),
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
    let groups = root.numbered(folder, "cpu").into_iter().filter_map(|core| siblings_of(root, core));
    let mut groups: Vec<Vec<usize>> = groups.filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Hardware threads that share a core with this one, itself among them. The file's old name is the one all kernels have.
pub(super) fn siblings_of(root: &Root, core: usize) -> Option<Vec<usize>> {
    let file = |name: &str| root.line(&format!("sys/devices/system/cpu/cpu{core}/topology/{name}"));
    cores(&file("thread_siblings_list").or_else(|| file("core_cpus_list"))?)
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
    use super::*;
    use crate::device::test_machine::machine;

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
            ("proc/stat", "cpu  9 9 9 9 9 9 9 9\ncpu0 1 0 0 2 0 0 0 3\ncpu1 1 0 0 2 0 0 0 4\n"),
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
        assert_eq!(found.ticks, Some(Ticks { busy: 2, idle: 4, stolen: 7 }));
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Surroundings::read(empty.path()), Surroundings::default());
    }
}
