//! Checks of who else is there, and what the kernel leaves us.

use super::{Facts, Finding};

/// Cores that others keep busy, on average over the time watched.
pub(super) fn load(facts: &Facts) -> Finding {
    const CHECK: &str = "other load";
    const MOST_CORES: f64 = 0.1;
    let Some(ticks) = facts.ticks.filter(|ticks| ticks.total() > 0) else {
        return Finding::unknown(CHECK, "the kernel does not say");
    };
    let cores = facts.surroundings.online.len().max(1) as f64;
    let busy = cores * ticks.busy as f64 / ticks.total() as f64;
    let others = (busy - facts.own_cores).max(0.0);
    Finding::unless(
        || others <= MOST_CORES,
        CHECK,
        format!("{others:.2} of {cores} cores"),
        "end other programs: even on other cores they take caches, memory and frequency",
    )
}

pub(super) fn stolen(facts: &Facts) -> Finding {
    const CHECK: &str = "stolen time";
    const MOST: f64 = 0.005;
    let Some(ticks) = facts.ticks.filter(|ticks| ticks.total() > 0) else {
        return Finding::unknown(CHECK, "the kernel does not say");
    };
    let share = ticks.stolen as f64 / ticks.total() as f64;
    Finding::unless(
        || share <= MOST,
        CHECK,
        format!("{:.1} %", 100.0 * share),
        "the hypervisor gives the cores to others: measure at another time, or on a dedicated host",
    )
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
            "the control group stops us when the quota is used up: raise cpu.max, or keep --threads below it",
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
