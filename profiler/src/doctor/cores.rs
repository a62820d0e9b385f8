//! Checks of the cores: frequency, kinds, siblings, heat.

use std::collections::BTreeSet;

use super::{Facts, Finding};
use crate::measure::HeatLimits;

pub(super) fn governor(facts: &Facts) -> Finding {
    const CHECK: &str = "governor";
    let measured = facts.device.cores.iter().filter(|core| facts.measured_on.contains(&core.index));
    let governors: BTreeSet<&str> = measured.filter_map(|core| core.governor.as_deref()).collect();
    let named = governors.iter().copied().collect::<Vec<_>>().join(", ");
    if governors.is_empty() {
        return Finding::unknown(CHECK, "the kernel tells no frequency governor");
    }
    Finding::unless(
        || governors.iter().all(|governor| *governor == "performance"),
        CHECK,
        named,
        "the frequency follows the load: set it with `cpupower frequency-set -g performance` (root)",
    )
}

pub(super) fn turbo(facts: &Facts) -> Finding {
    const CHECK: &str = "turbo";
    match facts.surroundings.turbo {
        None => Finding::unknown(CHECK, "the kernel does not say"),
        Some(false) => Finding::ok(CHECK, "off"),
        Some(true) => Finding::warn(
            CHECK,
            "on",
            "the frequency depends on heat and on the other cores: turn it off for comparisons (root: cpufreq/boost 0, or intel_pstate/no_turbo 1)",
        ),
    }
}

/// More than one kind of core is no fault, but the figure is one kind's.
pub(super) fn kinds(facts: &Facts) -> Finding {
    const CHECK: &str = "kinds of cores";
    let clusters = &facts.device.clusters;
    let told = |cores: &[usize]| cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match clusters.as_slice() {
        [] => Finding::unknown(CHECK, "the kernel lists no cores"),
        [only] => Finding::ok(CHECK, format!("one, {} cores", only.cores.len())),
        several => {
            let kinds = several.iter().map(|cluster| {
                format!("{} ({})", told(&cluster.cores), cluster.name.as_deref().unwrap_or("unnamed"))
            });
            Finding::warn(
                CHECK,
                kinds.collect::<Vec<_>>().join("; "),
                format!("measured on {}: choose, and the same ones every time", told(&facts.measured_on)),
            )
        }
    }
}

pub(super) fn siblings(facts: &Facts) -> Finding {
    const CHECK: &str = "hardware threads";
    let shares = |group: &&Vec<usize>| group.iter().any(|core| facts.measured_on.contains(core));
    match facts.surroundings.siblings.iter().find(shares) {
        None => Finding::ok(CHECK, "the measured core is not shared"),
        Some(group) => Finding::warn(
            CHECK,
            format!("{group:?} share one core"),
            "what runs on one slows the other: keep the others idle, or turn SMT off (root: cpu/smt/control off)",
        ),
    }
}

pub(super) fn offline(facts: &Facts) -> Finding {
    const CHECK: &str = "cores online";
    let (online, present) = (facts.surroundings.online.len(), facts.surroundings.present.len());
    if online == 0 || present == 0 {
        return Finding::unknown(CHECK, "the kernel does not say");
    }
    Finding::unless(
        || online == present,
        CHECK,
        format!("{online} of {present}"),
        "a phone that saves power switches cores off: keep it awake and charged, and measure again",
    )
}

pub(super) fn heat(facts: &Facts) -> Finding {
    const CHECK: &str = "heat";
    const MARGIN: f64 = 5.0;
    let limits = HeatLimits::default();
    let told = [
        ("skin", facts.skin_celsius, limits.skin_celsius),
        ("processor", facts.soc_celsius, limits.soc_celsius),
    ];
    let known: Vec<(&str, f64, f64)> =
        told.into_iter().filter_map(|(name, celsius, limit)| Some((name, celsius?, limit))).collect();
    if known.is_empty() {
        return Finding::unknown(CHECK, "no temperature can be read: a measurement will not pause to cool");
    }
    let seen = known.iter().map(|(name, celsius, _)| format!("{name} {celsius:.0} °C")).collect::<Vec<_>>();
    Finding::unless(
        || known.iter().all(|(_, celsius, limit)| *celsius < limit - MARGIN),
        CHECK,
        seen.join(", "),
        "close to where measurements pause: let it cool, without its case",
    )
}
