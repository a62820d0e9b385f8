//! What others take of the processor while this process measures.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::process::processor_time_ns;
use super::root::Root;
use super::surroundings::siblings_of;
use super::{Ticks, allowed_cpus};

/// Shares of processor time over some while, as fractions. Absent is what the kernel does not report, or what is of no core:
/// where the measuring cores are all there are, say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Others {
    /// Of the cores that this process may run on: what other processes had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub our_cores: Option<f64>,
    /// Of the hardware threads that share those cores: what anyone had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub siblings: Option<f64>,
    /// Of all further cores: what anyone had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_cores: Option<f64>,
    /// Of our cores and their siblings: what the hypervisor gave to other machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stolen: Option<f64>,
}

/// Reads them again and again.
///
/// The kernel counts in hundredths of a second, so over a second a share is known to one or two per cent. One reading
/// costs a few tens of microseconds on a phone or a laptop.
pub struct OthersWatch {
    root: Root,
    our_cores: Vec<usize>,
    siblings: Vec<usize>,
    last: Option<Moment>,
}

struct Moment {
    cores: BTreeMap<usize, Ticks>,
    own_ns: u64,
}

impl OthersWatch {
    /// Of this machine's cores, those that the calling thread may run on are ours. It should be pinned already: what this
    /// process does on other cores counts as others' work.
    pub fn of_this_machine() -> Self {
        let cores = allowed_cpus().map(|cores| cores.into_iter().collect::<Vec<_>>());
        Self::below(Path::new("/"), &cores.unwrap_or_default())
    }

    /// Of the machine whose `/sys` and `/proc` lie below `root`, where this process runs on `cores`.
    pub fn below(root: &Path, cores: &[usize]) -> Self {
        let root = Root::new(root);
        let mut siblings: Vec<usize> =
            cores.iter().flat_map(|core| siblings_of(&root, *core).unwrap_or_default()).collect();
        siblings.retain(|core| !cores.contains(core));
        siblings.sort_unstable();
        siblings.dedup();
        Self { root, our_cores: cores.to_vec(), siblings, last: None }
    }

    /// What others took since the last reading, of which the first one knows no share; `None` where the kernel reports nothing.
    pub fn read(&mut self) -> Option<Others> {
        self.read_beside(processor_time_ns())
    }

    /// The same, where this process had so much processor time so far.
    fn read_beside(&mut self, own_ns: Option<u64>) -> Option<Others> {
        let now = Ticks::by_core(&self.root).zip(own_ns).map(|(cores, own_ns)| Moment { cores, own_ns });
        let last = std::mem::replace(&mut self.last, now);
        let now = self.last.as_ref().filter(|_| !self.our_cores.is_empty())?;
        let Some(last) = last else { return Some(Others::default()) };
        let (mut ours, mut siblings, mut others) = (Ticks::default(), Ticks::default(), Ticks::default());
        for (core, ticks) in &now.cores {
            // A core that was switched on meanwhile has not been seen for the whole while.
            let Some(ticks) = last.cores.get(core).map(|last| ticks.since(last)) else { continue };
            if self.our_cores.contains(core) {
                ours += ticks;
            } else if self.siblings.contains(core) {
                siblings += ticks;
            } else {
                others += ticks;
            }
        }
        let own = now.own_ns.saturating_sub(last.own_ns) as f64 / Ticks::NS as f64;
        Some(Others {
            our_cores: share((ours.busy as f64 - own).max(0.0), &ours),
            siblings: share(siblings.busy as f64, &siblings),
            other_cores: share(others.busy as f64, &others),
            stolen: share((ours.stolen + siblings.stolen) as f64, &[ours, siblings].into_iter().sum()),
        })
    }
}

/// With four digits, which are two more than the kernel's count has.
fn share(ticks: f64, of: &Ticks) -> Option<f64> {
    (of.total() > 0).then(|| (1e4 * ticks / of.total() as f64).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_machine::machine;

    /// Per core, ticks that were user's, idle and stolen.
    fn stat(cores: &[(usize, [u64; 3])]) -> String {
        let line = |(core, [user, idle, stolen]): &(usize, [u64; 3])| {
            format!("cpu{core} {user} 0 0 {idle} 0 0 0 {stolen} 0 0\n")
        };
        format!("cpu  1 1 1 1 1 1 1 1 0 0\n{}intr 5\n", cores.iter().map(line).collect::<String>())
    }

    /// Four cores, two hardware threads each: 0 with 2, 1 with 3.
    fn smt() -> tempfile::TempDir {
        let list = |core: usize| format!("sys/devices/system/cpu/cpu{core}/topology/");
        let (old, new) = ("thread_siblings_list", "core_cpus_list");
        machine(&[
            (&(list(0) + old), "0,2\n"),
            (&(list(1) + new), "1,3\n"),
            (&(list(2) + old), "0,2\n"),
            ("proc/stat", &stat(&[(0, [100, 100, 0]), (1, [5, 5, 5]), (2, [0, 7, 0]), (3, [0, 0, 0])])),
        ])
    }

    #[test]
    fn shares_match_a_hand_count() {
        let machine = smt();
        let write = |text: &str| std::fs::write(machine.path().join("proc/stat"), text).unwrap();
        let mut watch = OthersWatch::below(machine.path(), &[1]);
        assert_eq!(watch.siblings, [3], "by the newer name of the file, too");
        assert_eq!(OthersWatch::below(machine.path(), &[0]).siblings, [2]);
        let first = watch.read_beside(Some(7_000_000_000));
        assert_eq!(first, Some(Others::default()), "nothing to compare with");
        // A second later: core 1 ran for 88 of 100 ticks, of which 0.8 s, 80 ticks, were ours, and 2 were stolen. Its sibling
        // ran for 30 of 100, 4 of them stolen. Cores 0 and 2 ran for 10 and 50 of 100.
        write(&stat(&[(0, [110, 190, 0]), (1, [93, 15, 7]), (2, [50, 57, 0]), (3, [30, 66, 4])]));
        // Stolen are 2 + 4 of 200.
        let of = |[ours, siblings, others, stolen]: [f64; 4]| Others {
            our_cores: Some(ours),
            siblings: Some(siblings),
            other_cores: Some(others),
            stolen: Some(stolen),
        };
        assert_eq!(watch.read_beside(Some(7_800_000_000)), Some(of([0.08, 0.3, 0.3, 0.03])));
        // Nothing but us, and a tick less than our own count, since the kernel counts whole ones. Core 2 was switched off.
        write(&stat(&[(0, [110, 290, 0]), (1, [192, 16, 7]), (3, [30, 166, 4])]));
        assert_eq!(watch.read_beside(Some(8_800_000_000)), Some(of([0.0; 4])));
        // No time has passed.
        assert_eq!(watch.read_beside(Some(8_800_000_000)), Some(Others::default()));
    }

    #[test]
    fn what_is_not_told_is_absent() {
        let machine = machine(&[("proc/stat", &stat(&[(0, [0, 0, 0])]))]);
        let mut watch = OthersWatch::below(machine.path(), &[0]);
        assert_eq!(watch.read_beside(Some(0)), Some(Others::default()));
        std::fs::write(machine.path().join("proc/stat"), stat(&[(0, [100, 0, 0])])).unwrap();
        // The only core there is.
        let alone = Others { our_cores: Some(1.0), stolen: Some(0.0), ..Others::default() };
        assert_eq!(watch.read_beside(Some(0)), Some(alone));
        // Phones may forbid the file: after it is back, there is nothing to compare with at first.
        std::fs::remove_file(machine.path().join("proc/stat")).unwrap();
        assert_eq!(watch.read(), None);
        std::fs::write(machine.path().join("proc/stat"), stat(&[(0, [200, 0, 0])])).unwrap();
        assert_eq!(watch.read(), Some(Others::default()));
        assert_eq!(watch.read_beside(None), None);
        let mut unknown = OthersWatch::below(machine.path(), &[]);
        assert_eq!((unknown.read(), unknown.read()), (None, None), "which cores are ours is not known");
    }

    #[test]
    fn a_program_that_spins_on_another_core_is_seen() {
        // In a thread of its own: other tests keep their cores.
        let seen = std::thread::spawn(|| {
            let mut allowed = allowed_cpus().unwrap().into_iter();
            let (Some(ours), Some(other)) = (allowed.next(), allowed.next()) else { return None };
            crate::device::pin(Some(&other.to_string()), 1).unwrap();
            let mut spinning =
                std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
            crate::device::pin(Some(&ours.to_string()), 1).unwrap();
            let mut watch = OthersWatch::of_this_machine();
            watch.read();
            std::thread::sleep(std::time::Duration::from_millis(1500));
            let others = watch.read();
            spinning.kill().unwrap();
            spinning.wait().unwrap();
            let siblings = watch.siblings.len() as f64;
            let further = watch.last?.cores.len() as f64 - 1.0 - siblings;
            let cores = |share: Option<f64>, of: f64| share.unwrap_or(0.0) * of;
            Some(cores(others?.siblings, siblings) + cores(others?.other_cores, further))
        });
        // Nothing to see with one core, or where the kernel reports nothing.
        let cores = seen.join().unwrap().unwrap_or(1.0);
        assert!(cores > 0.5, "{cores} cores were busy beside ours");
    }
}
