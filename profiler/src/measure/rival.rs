//! Who else takes of the machine, and how much of it spoils figures.

use crate::device::Others;

/// One kind of contention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rival {
    /// Programs on the measuring cores.
    OurCores,
    /// Anything on the hardware threads that share those cores.
    Siblings,
    /// Anything on all further cores.
    OtherCores,
    /// Other machines of the same host.
    OtherMachines,
}

impl Rival {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::OurCores, Self::Siblings, Self::OtherCores, Self::OtherMachines];

    /// Its share of the processor time, as a fraction; `None` where that is not known.
    pub fn share(self, others: &Others) -> Option<f64> {
        match self {
            Self::OurCores => others.our_cores,
            Self::Siblings => others.siblings,
            Self::OtherCores => others.other_cores,
            Self::OtherMachines => others.stolen,
        }
    }

    /// What each kind has of something.
    pub(super) fn each(share: impl Fn(Self) -> Option<f64>) -> Others {
        Others {
            our_cores: share(Self::OurCores),
            siblings: share(Self::Siblings),
            other_cores: share(Self::OtherCores),
            stolen: share(Self::OtherMachines),
        }
    }

    /// The largest share that still leaves figures alone, as a fraction.
    ///
    /// A second counts as calm for a subject when it is at most 5 % slower, so each limit is about what slows that much.
    /// On the measuring cores that is 5 % itself, which also is more than the one or two hundredths to which a second's
    /// share is known. A busy sibling makes its core slower by a third to a half: a tenth of the time is 3 to 5 %. Other
    /// cores share the last-level cache, memory and the frequency that heat leaves: one of four busy all the time costs
    /// memory-bound ops some per cent. What a hypervisor takes comes in slices of milliseconds, within runs, and empties
    /// caches: 2 %, the least that can be distinguished from none within a second.
    pub fn limit(self) -> f64 {
        match self {
            Self::OurCores => 0.05,
            Self::Siblings => 0.1,
            Self::OtherCores => 0.25,
            Self::OtherMachines => 0.02,
        }
    }

    /// Whether it took more than it may.
    pub fn exceeds(self, others: &Others) -> bool {
        self.share(others).is_some_and(|share| share > self.limit())
    }

    /// What it did, with its share in per cent.
    pub fn described(self, share: f64) -> String {
        let percent = format!("{:.0} %", 100.0 * share);
        match self {
            Self::OurCores => format!("other programs had {percent} of the measuring cores"),
            Self::Siblings => {
                format!("the hardware threads beside the measuring ones were busy {percent} of the time")
            }
            Self::OtherCores => format!("the other cores were busy {percent} of the time"),
            Self::OtherMachines => {
                format!("the hypervisor gave {percent} of the measuring cores to other machines")
            }
        }
    }

    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::OurCores => "end them, or choose cores that are idle",
            Self::Siblings => {
                "end other programs, which slow the core that they share, or turn SMT off (root: cpu/smt/control off)"
            }
            Self::OtherCores => "end other programs, which take caches, memory and frequency even there",
            Self::OtherMachines => "measure at another time, or on a dedicated host",
        }
    }
}
