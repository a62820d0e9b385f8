//! The checks: what of the facts would spoil measurements, and what to do about it.

use std::collections::BTreeSet;

use super::{Facts, Finding};
use crate::measure::{HeatLimits, ModeReport, Rival};

/// Whether all is well and what was seen, or why that is not known.
type Seen = Result<(bool, String), &'static str>;

/// Its name, what it checks, and what to do where that is not well; `{cores}` are those that were measured on.
type Check = (&'static str, fn(&Facts) -> Seen, &'static str);

const NO_WORD: &str = "the kernel does not say";

const CHECKS: [Check; 20] = [
    (
        "speeds",
        speeds,
        "figures are of the fastest: measure longer where it is rare, or at the sustained speed, which lasts longest",
    ),
    (
        "noise floor",
        noise_floor,
        "differences below this cannot be seen in few rounds: end other programs, or measure longer",
    ),
    ("raw noise", raw_noise, "the machine's speed changes: fix the frequency (below) and end other programs"),
    ("pre-emption", preemption, "others want this core: choose an idle one, or end them"),
    (
        "stalls",
        stalls,
        "something takes the core away for long: other programs, interrupts, or the hypervisor",
    ),
    (
        "clock",
        clock,
        "a coarse clock makes samples longer: see whether the kernel offers tsc (available_clocksource)",
    ),
    (
        "governor",
        governor,
        "the frequency follows the load: set it with `cpupower frequency-set -g performance` (root)",
    ),
    (
        "turbo",
        turbo,
        "the frequency depends on heat and on the other cores: turn it off for comparisons (root: cpufreq/boost 0, or intel_pstate/no_turbo 1)",
    ),
    ("kinds of cores", kinds, "measured on {cores}: choose, and the same ones every time"),
    (
        "hardware threads",
        siblings,
        "what runs on one slows the other: keep the others idle, or turn SMT off (root: cpu/smt/control off)",
    ),
    (
        "cores online",
        online,
        "a phone that saves power switches cores off: keep it awake and charged, and measure again",
    ),
    ("heat", heat, "close to where measurements pause: let it cool, without its case"),
    ("load on our cores", |facts| rival(facts, Rival::OurCores), Rival::OurCores.advice()),
    ("load on siblings", |facts| rival(facts, Rival::Siblings), Rival::Siblings.advice()),
    ("load elsewhere", |facts| rival(facts, Rival::OtherCores), Rival::OtherCores.advice()),
    ("stolen time", |facts| rival(facts, Rival::OtherMachines), Rival::OtherMachines.advice()),
    (
        "virtual machine",
        virtual_machine,
        "neighbours are invisible: trust ratios within a session, and compare sessions with `profiler compare`",
    ),
    (
        "quota",
        quota,
        "the control group stops us when the quota is used up: raise cpu.max, or measure with fewer threads",
    ),
    (
        "affinity",
        affinity,
        "only some cores can be had: see whether the strongest are among them (taskset, cpuset)",
    ),
    ("memory", memory, "memory runs out, and pages come from the disk while measuring: end other programs"),
];

/// Every check's finding.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let finding = |(check, of, advice): Check| match of(facts) {
        Ok((true, seen)) => Finding::ok(check, seen),
        Ok((false, seen)) => {
            Finding::warn(check, seen, advice.replace("{cores}", &listed(&facts.measured_on)))
        }
        Err(why) => Finding::unknown(check, why),
    };
    CHECKS.map(finding).into()
}

fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

fn listed(cores: &[usize]) -> String {
    cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// A machine that changes between speeds is measured at one of them.
fn speeds(facts: &Facts) -> Seen {
    let slower = |mode: &ModeReport| format!("{} at 1/{:.2} of it", percent(mode.share), mode.ratio);
    match &facts.noise.modes[..] {
        [] => Err("cannot be determined"),
        [_] => Ok((true, "one".to_owned())),
        [fastest, others @ ..] => {
            let (count, fastest) = (1 + others.len(), percent(fastest.share));
            let others = others.iter().map(slower).collect::<Vec<_>>().join(", ");
            Ok((false, format!("{count}: {fastest} of the time the fastest, {others}")))
        }
    }
}

/// Half the default target interval would drown in more than 4 %.
fn noise_floor(facts: &Facts) -> Seen {
    let spread = facts.noise.corrected_spread;
    Ok((spread <= 0.04, format!("{} from repeat to repeat, drift corrected", percent(spread))))
}

/// Drift is divided out, but not all of it.
fn raw_noise(facts: &Facts) -> Seen {
    let spread = facts.noise.raw_spread;
    Ok((spread <= 0.15, format!("{} from repeat to repeat, as measured", percent(spread))))
}

fn preemption(facts: &Facts) -> Seen {
    let share = facts.noise.preempted_share;
    Ok((share <= 0.05, format!("{} of the samples", percent(share))))
}

/// Stalls of a few milliseconds are the scheduler's; beyond, somebody else's.
fn stalls(facts: &Facts) -> Seen {
    let (largest_ms, share) = (facts.noise.largest_stall_ms, facts.noise.stalled_share);
    let seen = format!("the largest {largest_ms:.2} ms; {} of the time", percent(share));
    Ok((largest_ms <= 10.0 && share <= 0.02, seen))
}

/// A sample lasts at least 20 µs: 1000 steps and 1000 readings of the clock should fit.
fn clock(facts: &Facts) -> Seen {
    let (step_ns, cost_ns) = (facts.noise.clock_resolution_ns, facts.noise.clock_cost_ns);
    let source = facts.surroundings.clock_source.as_deref().unwrap_or("unnamed");
    let seen = format!("{source}: steps of {step_ns} ns, {cost_ns:.0} ns a reading");
    Ok((step_ns <= 1_000 && cost_ns <= 200.0, seen))
}

fn governor(facts: &Facts) -> Seen {
    let measured = facts.device.cores.iter().filter(|core| facts.measured_on.contains(&core.index));
    let governors: BTreeSet<&str> = measured.filter_map(|core| core.governor.as_deref()).collect();
    if governors.is_empty() {
        return Err("the kernel reports no frequency governor");
    }
    let is_fixed = governors.iter().all(|governor| *governor == "performance");
    Ok((is_fixed, governors.into_iter().collect::<Vec<_>>().join(", ")))
}

fn turbo(facts: &Facts) -> Seen {
    let is_on = facts.surroundings.turbo.ok_or(NO_WORD)?;
    Ok((!is_on, if is_on { "on" } else { "off" }.to_owned()))
}

/// More than one kind of core is no fault, but the figure is one kind's.
fn kinds(facts: &Facts) -> Seen {
    match facts.device.clusters.as_slice() {
        [] => Err("the kernel lists no cores"),
        [only] => Ok((true, format!("one, {} cores", only.cores.len()))),
        several => {
            let kinds = several.iter().map(|cluster| {
                format!("{} ({})", listed(&cluster.cores), cluster.name.as_deref().unwrap_or("unnamed"))
            });
            Ok((false, kinds.collect::<Vec<_>>().join("; ")))
        }
    }
}

fn siblings(facts: &Facts) -> Seen {
    let is_shared = |group: &&Vec<usize>| group.iter().any(|core| facts.measured_on.contains(core));
    Ok(match facts.surroundings.siblings.iter().find(is_shared) {
        None => (true, "the measured core is not shared".to_owned()),
        Some(group) => (false, format!("{group:?} share one core")),
    })
}

fn online(facts: &Facts) -> Seen {
    let (online, present) = (facts.surroundings.online.len(), facts.surroundings.present.len());
    let is_known = online > 0 && present > 0;
    if is_known { Ok((online == present, format!("{online} of {present}"))) } else { Err(NO_WORD) }
}

fn heat(facts: &Facts) -> Seen {
    const MARGIN: f64 = 5.0;
    let limits = HeatLimits::default();
    let skin = facts.skin_celsius.map(|celsius| ("skin", celsius, limits.skin_celsius));
    let processor = facts.soc_celsius.map(|celsius| ("processor", celsius, limits.soc_celsius));
    let known: Vec<(&str, f64, f64)> = skin.into_iter().chain(processor).collect();
    if known.is_empty() {
        return Err("no temperature can be read: a measurement will not pause to cool");
    }
    let seen: Vec<String> =
        known.iter().map(|(name, celsius, _)| format!("{name} {celsius:.0} °C")).collect();
    Ok((known.iter().all(|(_, celsius, limit)| *celsius < limit - MARGIN), seen.join(", ")))
}

/// By the limits beyond which a session is contended.
fn rival(facts: &Facts, rival: Rival) -> Seen {
    let others = facts.others.filter(|others| others.our_cores.is_some()).ok_or(NO_WORD)?;
    let seen = rival.share(&others).map(percent);
    Ok((!rival.exceeds(&others), seen.unwrap_or_else(|| "there are no such cores".to_owned())))
}

fn virtual_machine(facts: &Facts) -> Seen {
    let is_virtual = facts.device.virtualised.ok_or("cannot be determined here")?;
    Ok((!is_virtual, if is_virtual { "yes" } else { "no" }.to_owned()))
}

fn quota(facts: &Facts) -> Seen {
    Ok(match facts.surroundings.quota_cores {
        None => (true, "none".to_owned()),
        Some(cores) => (cores >= facts.allowed.len() as f64, format!("{cores} cores")),
    })
}

fn affinity(facts: &Facts) -> Seen {
    let (allowed, online) = (facts.allowed.len(), facts.surroundings.online.len());
    Ok((allowed >= online, format!("{allowed} of {online} cores are allowed")))
}

fn memory(facts: &Facts) -> Seen {
    const LEAST_KIB: u64 = 512 * 1024;
    let available = facts.surroundings.memory_available_kib.ok_or(NO_WORD)?;
    let swapped = facts.swapped_pages.unwrap_or(0);
    let seen = format!("{} MiB available, {swapped} pages swapped meanwhile", available / 1024);
    Ok((available >= LEAST_KIB && swapped == 0, seen))
}
