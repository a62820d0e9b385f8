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
    /// The reference block's time in the second session over the first: the core's own speed, whatever the runtime. In calm
    /// moments, where both sessions' figures are of calm moments.
    /// `None` between emulated and timed sessions.
    pub reference_ratio: Option<f64>,
}

/// Compares two sessions' circumstances.
#[must_use]
pub fn circumstances(a: &Session, b: &Session) -> Circumstances {
    let told = |s: &Session| {
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
    // What is reported of sessions that know their tempo is how it was in calm moments.
    let calm = |s: &Session| s.drift.calm_ns.filter(|_| s.tempo.is_some());
    let reference_ratio = match (calm(a), calm(b)) {
        (Some(a), Some(b)) => b / a,
        _ => b.drift.baseline_ns / a.drift.baseline_ns,
    };
    Circumstances {
        conditions: a.conditions.differences(&b.conditions),
        also: Difference::between(told(a), told(b)),
        reference_ratio: (emulated(a) == emulated(b) && reference_ratio.is_finite())
            .then_some(reference_ratio),
    }
}
