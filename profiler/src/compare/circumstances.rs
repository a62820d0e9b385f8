//! What two sessions say of how they were measured.

use serde::Serialize;

use crate::record::{Difference, Session};

/// In what two sessions were measured differently.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Circumstances {
    /// What the predictor would not mix: device, runtime, threads, processors, build.
    pub conditions: Vec<Difference>,
    /// What else differs and may explain a change.
    pub also: Vec<Difference>,
    /// The references' time at the fastest speed in the second session over the first; `None` between emulated and timed sessions, and
    /// where they have no reference in common.
    pub reference_ratio: Option<f64>,
}

/// Compares two sessions' circumstances.
pub fn circumstances(a: &Session, b: &Session) -> Circumstances {
    let described = |s: &Session| {
        let governors = s.device.cores.iter().filter_map(|core| core.governor.clone());
        let mut governors: Vec<String> = governors.collect();
        governors.dedup();
        [
            ("kernel", s.device.kernel.clone().unwrap_or_default()),
            ("governor", governors.join(", ")),
            ("profiler", s.tool_version.clone()),
            ("target", format!("±{} %", 100.0 * s.protocol.target_half_width)),
        ]
    };
    let emulated = |s: &Session| s.conditions.runtime.emulated;
    let reference_ratio = reference_ratio(a, b);
    Circumstances {
        conditions: a.conditions.differences(&b.conditions),
        also: Difference::between(described(a), described(b)),
        reference_ratio: reference_ratio.filter(|ratio| emulated(a) == emulated(b) && ratio.is_finite()),
    }
}

/// Geometric mean over the references of both sessions; of the reference block where neither has others.
fn reference_ratio(a: &Session, b: &Session) -> Option<f64> {
    let (a_levels, b_levels) = (&a.speed.references, &b.speed.references);
    if a_levels.is_empty() && b_levels.is_empty() {
        return Some(b.drift.baseline_ns / a.drift.baseline_ns);
    }
    let of_both = a_levels.iter().filter_map(|a| Some((a, b_levels.iter().find(|b| b.name == a.name)?)));
    let logs: Vec<f64> = of_both.map(|(a, b)| (b.fast.hot_ns / a.fast.hot_ns).ln()).collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}
