//! What two sessions' own records explain of a common shift.

use serde::Serialize;

use super::Circumstances;
use crate::record::Session;

/// What explains that all figures moved together, other than a changed machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Logarithm of the factor that the reference block, the core's own speed, moved by; at most what a session may
    /// drift by before it is flagged. Zero where it is not known, or where the sessions were not measured alike.
    pub reference_log: f64,
    /// How far the machine's speed moved within the sessions themselves: the larger one's, a fraction, at most the same.
    pub own_drift: f64,
}

impl Evidence {
    /// Of two sessions. Where device, runtime, threads, processors, build, governor or kernel differ, a slower core is
    /// no drift but another machine, and nothing is explained.
    pub fn of(a: &Session, b: &Session, around: &Circumstances) -> Self {
        let is_alike = around.conditions.is_empty()
            && !around.also.iter().any(|difference| ["governor", "kernel"].contains(&difference.what));
        if !is_alike {
            return Self::default();
        }
        let limit = a.protocol.drift_limit.min(b.protocol.drift_limit).clamp(0.0, 0.5);
        let moved = |session: &Session| {
            let (low, high) = (session.drift.low_ratio, session.drift.high_ratio);
            (high - 1.0).max(1.0 / low - 1.0).clamp(0.0, limit)
        };
        let reference = around.reference_ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0);
        let (own_a, own_b) = (moved(a), moved(b));
        Self {
            reference_log: reference.map_or(0.0, |ratio| ratio.ln().clamp(-limit.ln_1p(), limit.ln_1p())),
            own_drift: if own_a.is_nan() || own_b.is_nan() { 0.0 } else { own_a.max(own_b) },
        }
    }

    /// What is left of the logarithm of a shift: its distance from what lies between none and the reference's.
    pub fn left_of(&self, log: f64) -> f64 {
        let (low, high) = (self.reference_log.min(0.0), self.reference_log.max(0.0));
        log - log.clamp(low, high)
    }

    /// By what fraction all together may differ, where sessions of one machine differ by `session`.
    pub fn allowance(&self, session: f64) -> f64 {
        session.hypot(self.own_drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_reference_moved_by_is_taken_off_and_no_more() {
        let evidence = Evidence { reference_log: 0.1, own_drift: 0.0 };
        for (log, left) in [(0.05, 0.0), (0.1, 0.0), (0.25, 0.15), (-0.2, -0.2)] {
            assert!((evidence.left_of(log) - left).abs() < 1e-12, "{log}");
        }
        assert_eq!(Evidence::default().left_of(-0.3), -0.3);
        // 3-4-5.
        assert!((Evidence { reference_log: 0.0, own_drift: 0.04 }.allowance(0.03) - 0.05).abs() < 1e-12);
    }
}
