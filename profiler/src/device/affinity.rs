//! Which cores the measuring thread may run on.

use std::collections::BTreeSet;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::{Cluster, Device};

/// Why a thread could not be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum AffinityError {
    /// Not a list of cores.
    #[error("`{0}` is not a list of cores like `4-7` or `0,2,4-5`, nor `big` or `little`")]
    List(String),
    /// A core beyond what the kernel counts.
    #[error("there is no core {core}: the kernel knows cores 0 to {last}")]
    Core { core: usize, last: usize },
    /// Cores of one kind only.
    #[error("there are no little cores: all of this machine's are of one kind")]
    OneKind,
    /// More threads than cores.
    #[error("{threads} threads do not fit on {} {cores:?}: give one core per thread, or fewer threads", if cores.len() == 1 { "core" } else { "cores" })]
    TooFew { threads: usize, cores: Vec<usize> },
    /// The kernel refused, or gave something else.
    #[error("the thread cannot run on cores {asked:?}: {reason}")]
    Refused { asked: Vec<usize>, reason: String },
}

/// Reads a list of cores in the kernel's notation.
fn parse_cpus(text: &str) -> Result<BTreeSet<usize>, AffinityError> {
    let wrong = || AffinityError::List(text.to_owned());
    let number = |part: &str| part.trim().parse::<usize>().map_err(|_| wrong());
    let mut cpus = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(wrong());
        }
        if last >= CpuSet::count() {
            return Err(AffinityError::Core { core: last, last: CpuSet::count() - 1 });
        }
        cpus.extend(first..=last);
    }
    Ok(cpus)
}

/// Pins the calling thread, and the threads it starts from then on, and returns the cores the kernel confirmed.
///
/// To the cores of `list` (`4-7`, `0,2,4-5`), or without one to as many cores as there are `threads`: of the
/// strongest kind, counted from the last, because the first core serves most interrupts. `big` is the same without the
/// weakest kind, `little` the weakest kind alone.
///
/// # Errors
/// [`AffinityError::List`] and [`AffinityError::Core`] for a list that makes no sense;
/// [`AffinityError::OneKind`] for `little` where there is no such thing; [`AffinityError::TooFew`] for fewer cores than threads, which would take turns on them;
/// [`AffinityError::Refused`] if the kernel does not give exactly these cores.
pub fn pin(list: Option<&str>, threads: usize) -> Result<Vec<usize>, AffinityError> {
    let cpus = match list {
        Some("big") => choose_of(big(&Device::of_this_machine().clusters), threads)?,
        Some("little") => choose_of(little(&Device::of_this_machine().clusters)?, threads)?,
        Some(list) => parse_cpus(list)?,
        None => choose(&Device::of_this_machine().clusters, &allowed_cpus()?, threads),
    };
    if cpus.len() < threads {
        return Err(AffinityError::TooFew { threads, cores: cpus.into_iter().collect() });
    }
    pin_to(&cpus).map(|given| given.into_iter().collect())
}

/// All kinds but the weakest; the only one where there is one.
fn big(clusters: &[Cluster]) -> &[Cluster] {
    &clusters[..clusters.len().saturating_sub(1).max(clusters.len().min(1))]
}

/// The weakest kind.
fn little(clusters: &[Cluster]) -> Result<&[Cluster], AffinityError> {
    if clusters.len() < 2 { Err(AffinityError::OneKind) } else { Ok(&clusters[clusters.len() - 1..]) }
}

/// As [`choose`], of the cores of these clusters only.
fn choose_of(clusters: &[Cluster], threads: usize) -> Result<BTreeSet<usize>, AffinityError> {
    let allowed = allowed_cpus()?;
    let of_these = |core: &usize| clusters.iter().any(|cluster| cluster.cores.contains(core));
    Ok(choose(clusters, &allowed.into_iter().filter(of_these).collect(), threads))
}

/// Up to `threads` of the allowed cores, strongest cluster first, from the last core down.
fn choose(clusters: &[Cluster], allowed: &BTreeSet<usize>, threads: usize) -> BTreeSet<usize> {
    let by_strength = clusters.iter().flat_map(|cluster| cluster.cores.iter().rev()).copied();
    let unlisted = allowed.iter().rev().copied();
    let mut chosen = BTreeSet::new();
    for core in by_strength.chain(unlisted).filter(|core| allowed.contains(core)) {
        if chosen.len() == threads.max(1) {
            break;
        }
        chosen.insert(core);
    }
    chosen
}

/// Cores the calling thread may run on.
///
/// # Errors
/// [`AffinityError::Refused`] if the kernel does not say.
pub fn allowed_cpus() -> Result<BTreeSet<usize>, AffinityError> {
    let set = sched_getaffinity(Pid::from_raw(0))
        .map_err(|errno| AffinityError::Refused { asked: Vec::new(), reason: errno.desc().to_owned() })?;
    Ok((0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect())
}

fn pin_to(cpus: &BTreeSet<usize>) -> Result<BTreeSet<usize>, AffinityError> {
    let refused = |reason: String| AffinityError::Refused { asked: cpus.iter().copied().collect(), reason };
    let mut set = CpuSet::new();
    for core in cpus {
        let last = CpuSet::count() - 1;
        set.set(*core).map_err(|_| AffinityError::Core { core: *core, last })?;
    }
    let cores_now = || allowed_cpus().map_or_else(|_| "unknown".to_owned(), |cores| format!("{cores:?}"));
    sched_setaffinity(Pid::from_raw(0), &set)
        .map_err(|errno| refused(format!("{}; it can run on {} now", errno.desc(), cores_now())))?;
    let given = allowed_cpus()?;
    if given == *cpus { Ok(given) } else { Err(refused(format!("the kernel gave {given:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_the_kernels_notation() {
        let cpus = |text| parse_cpus(text).map(|set| set.into_iter().collect::<Vec<_>>());
        assert_eq!(cpus("4-7").unwrap(), [4, 5, 6, 7]);
        assert_eq!(cpus("0,2, 4-5,4").unwrap(), [0, 2, 4, 5]);
        for wrong in ["", "a", "3-1", "1,", "-2", "1-2-3", "0x1"] {
            assert_eq!(cpus(wrong), Err(AffinityError::List(wrong.to_owned())), "{wrong}");
        }
        assert!(matches!(cpus("0-99999999"), Err(AffinityError::Core { core: 99_999_999, .. })));
    }

    /// A phone: one prime core, three big ones, four little ones.
    fn clusters() -> [Cluster; 3] {
        [vec![7], vec![4, 5, 6], vec![0, 1, 2, 3]].map(|cores| Cluster { cores, ..Cluster::default() })
    }

    #[test]
    fn the_strongest_cores_are_chosen_from_the_last_down() {
        let clusters = clusters();
        let all: BTreeSet<usize> = (0..8).collect();
        let chosen = |allowed: &BTreeSet<usize>, threads| {
            choose(&clusters, allowed, threads).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(chosen(&all, 1), [7]);
        assert_eq!(chosen(&all, 3), [5, 6, 7]);
        assert_eq!(chosen(&BTreeSet::from([0, 1, 4]), 2), [1, 4]);
        assert_eq!(chosen(&BTreeSet::from([0, 1]), 9), [0, 1]);
        // A core that no cluster lists can still be had.
        assert_eq!(chosen(&BTreeSet::from([12]), 1), [12]);
    }

    #[test]
    fn big_and_little_are_kinds() {
        let kinds = clusters();
        assert_eq!(big(&kinds), &kinds[..2]);
        assert_eq!(little(&kinds).unwrap(), &kinds[2..]);
        assert_eq!(big(&kinds[..1]), &kinds[..1]);
        assert_eq!(big(&[]), &[]);
        assert_eq!(little(&kinds[..1]), Err(AffinityError::OneKind));
    }

    #[test]
    fn pinning_is_checked_with_the_kernel() {
        // In a thread of its own: other tests keep their cores.
        std::thread::spawn(|| {
            let before = allowed_cpus().unwrap();
            let one: BTreeSet<usize> = before.iter().copied().take(1).collect();
            let first = one.first().unwrap();
            assert_eq!(pin(Some(&first.to_string()), 1).unwrap(), [*first]);
            assert_eq!(allowed_cpus().unwrap(), one);
            let far = (CpuSet::count() - 1).to_string();
            assert!(matches!(pin(Some(&far), 1), Err(AffinityError::Refused { .. })));
            let beyond = CpuSet::count().to_string();
            assert!(matches!(pin(Some(&beyond), 1), Err(AffinityError::Core { .. })));
            assert!(matches!(pin_to(&BTreeSet::new()), Err(AffinityError::Refused { .. })));
            assert_eq!(allowed_cpus().unwrap(), one, "a refused pin changes nothing");
            assert_eq!(pin(None, 1).unwrap(), [*first], "only what is allowed is chosen");
            let error = pin(Some(&first.to_string()), 2).unwrap_err().to_string();
            let expected =
                format!("2 threads do not fit on core [{first}]: give one core per thread, or fewer threads");
            assert_eq!(error, expected);
            assert!(matches!(pin(None, 2), Err(AffinityError::TooFew { threads: 2, .. })));
        })
        .join()
        .unwrap();
    }
}
