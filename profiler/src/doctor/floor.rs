//! Checks of the noise floor.

use super::{Facts, Finding};
use crate::measure::ModeReport;

fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// Half the default target interval would drown in more.
pub(super) fn corrected(facts: &Facts) -> Finding {
    const MOST: f64 = 0.04;
    let spread = facts.noise.corrected_spread;
    Finding::unless(
        || spread <= MOST,
        "noise floor",
        format!("{} from repeat to repeat, drift corrected", percent(spread)),
        "differences below this cannot be seen in few rounds: end other programs, or measure longer",
    )
}

/// A machine that changes between speeds is measured at one of them.
pub(super) fn speeds(facts: &Facts) -> Finding {
    const CHECK: &str = "speeds";
    let slower = |mode: &ModeReport| format!("{} at 1/{:.2} of it", percent(mode.share), mode.ratio);
    match &facts.noise.modes[..] {
        [] => Finding::unknown(CHECK, "cannot be told"),
        [_] => Finding::ok(CHECK, "one"),
        [fastest, others @ ..] => Finding::warn(
            CHECK,
            format!(
                "{}: {} of the time the fastest, {}",
                facts.noise.modes.len(),
                percent(fastest.share),
                others.iter().map(slower).collect::<Vec<_>>().join(", ")
            ),
            "figures are of the fastest: measure longer where it is rare, or at the sustained speed, which lasts longest",
        ),
    }
}

/// Drift is divided out, but not all of it.
pub(super) fn raw(facts: &Facts) -> Finding {
    const MOST: f64 = 0.15;
    let spread = facts.noise.raw_spread;
    Finding::unless(
        || spread <= MOST,
        "raw noise",
        format!("{} from repeat to repeat, as measured", percent(spread)),
        "the machine's speed changes: fix the frequency (below) and end other programs",
    )
}

pub(super) fn preempted(facts: &Facts) -> Finding {
    const MOST: f64 = 0.05;
    let share = facts.noise.preempted_share;
    Finding::unless(
        || share <= MOST,
        "pre-emption",
        format!("{} of the samples", percent(share)),
        "others want this core: choose an idle one, or end them",
    )
}

/// Stalls of a few milliseconds are the scheduler's; beyond, somebody else's.
pub(super) fn stall(facts: &Facts) -> Finding {
    let noise = &facts.noise;
    Finding::unless(
        || noise.largest_stall_ms <= 10.0 && noise.stalled_share <= 0.02,
        "stalls",
        format!("the largest {:.2} ms; {} of the time", noise.largest_stall_ms, percent(noise.stalled_share)),
        "something takes the core away for long: other programs, interrupts, or the hypervisor",
    )
}

/// A sample lasts at least 20 µs: 1000 steps and 1000 readings of the clock should fit.
pub(super) fn clock(facts: &Facts) -> Finding {
    let noise = &facts.noise;
    let source = facts.surroundings.clock_source.as_deref().unwrap_or("unnamed");
    Finding::unless(
        || noise.clock_resolution_ns <= 1_000 && noise.clock_cost_ns <= 200.0,
        "clock",
        format!(
            "{source}: steps of {} ns, {:.0} ns a reading",
            noise.clock_resolution_ns, noise.clock_cost_ns
        ),
        "a coarse clock makes samples longer: see whether the kernel offers tsc (available_clocksource)",
    )
}
