//! Checks of who else is there, and what the kernel leaves us.

use super::{Facts, Finding};
use crate::measure::Rival;

pub(super) fn load(facts: &Facts) -> Finding {
    rival(facts, "load on our cores", Rival::OurCores)
}

pub(super) fn siblings_load(facts: &Facts) -> Finding {
    rival(facts, "load on siblings", Rival::Siblings)
}

pub(super) fn load_elsewhere(facts: &Facts) -> Finding {
    rival(facts, "load elsewhere", Rival::OtherCores)
}

pub(super) fn stolen(facts: &Facts) -> Finding {
    rival(facts, "stolen time", Rival::OtherMachines)
}

/// By the limits beyond which a session is contended.
fn rival(facts: &Facts, check: &'static str, rival: Rival) -> Finding {
    let Some(others) = facts.others.filter(|others| others.our_cores.is_some()) else {
        return Finding::unknown(check, "the kernel does not say");
    };
    match rival.share(&others) {
        None => Finding::ok(check, "there are no such cores"),
        Some(share) => {
            let seen = format!("{:.1} %", 100.0 * share);
            Finding::unless(|| !rival.exceeds(&others), check, seen, rival.advice())
        }
    }
}

pub(super) fn virtual_machine(facts: &Facts) -> Finding {
    const CHECK: &str = "virtual machine";
    match facts.device.virtualised {
        None => Finding::unknown(CHECK, "cannot be told here"),
        Some(false) => Finding::ok(CHECK, "no"),
        Some(true) => Finding::warn(
            CHECK,
            "yes",
            "neighbours are invisible: trust ratios within a session, and compare sessions with `profiler compare`",
        ),
    }
}

pub(super) fn quota(facts: &Facts) -> Finding {
    const CHECK: &str = "quota";
    match facts.surroundings.quota_cores {
        None => Finding::ok(CHECK, "none"),
        Some(cores) => Finding::unless(
            || cores >= facts.allowed.len() as f64,
            CHECK,
            format!("{cores} cores"),
            "the control group stops us when the quota is used up: raise cpu.max, or measure with fewer threads",
        ),
    }
}

pub(super) fn affinity(facts: &Facts) -> Finding {
    let (allowed, online) = (facts.allowed.len(), facts.surroundings.online.len());
    Finding::unless(
        || allowed >= online,
        "affinity",
        format!("{allowed} of {online} cores are allowed"),
        "only some cores can be had: see whether the strongest are among them (taskset, cpuset)",
    )
}

pub(super) fn memory(facts: &Facts) -> Finding {
    const CHECK: &str = "memory";
    const LEAST_KIB: u64 = 512 * 1024;
    const ADVICE: &str = "memory runs out, and pages come from the disk while measuring: end other programs";
    let Some(available) = facts.surroundings.memory_available_kib else {
        return Finding::unknown(CHECK, "the kernel does not say");
    };
    let swapped = facts.swapped_pages.unwrap_or(0);
    let seen = format!("{} MiB available, {swapped} pages swapped meanwhile", available / 1024);
    Finding::unless(|| available >= LEAST_KIB && swapped == 0, CHECK, seen, ADVICE)
}
