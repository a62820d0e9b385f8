use super::{Objective, Observation, Slopes};

/// L = α · CE · (log E / log T)^β, latencies in microseconds.
///
/// The released code takes milliseconds; microseconds keep the logarithms positive for networks below 1 ms.
/// Source: `mul#log` of ProxylessNAS's released code, α = 0.2 and β = 0.3 there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MulLog {
    pub(crate) target_ms: f64,
    pub(crate) alpha: f64,
    pub(crate) beta: f64,
}

impl MulLog {
    /// With the released code's α and β.
    pub(crate) fn new(target_ms: f64) -> Self {
        Self { target_ms, alpha: 0.2, beta: 0.3 }
    }

    fn loss(&self, cross_entropy: f64, expected_ms: f64) -> f64 {
        self.alpha * cross_entropy * (log_us(expected_ms) / log_us(self.target_ms)).powf(self.beta)
    }
}

/// Logarithm of a latency in microseconds; no latency counts as less than 2 µs, whose logarithm is still positive.
fn log_us(ms: f64) -> f64 {
    (ms * 1000.0).max(2.0).ln()
}

impl Objective for MulLog {
    fn slopes(&mut self, seen: &Observation) -> Slopes {
        // ∂L/∂CE = L / CE; ∂L/∂E = L · β / (E log E).
        let per_cross_entropy = self.loss(1.0, seen.expected_ms);
        let loss = per_cross_entropy * seen.cross_entropy;
        let per_ms = loss * self.beta / (seen.expected_ms * log_us(seen.expected_ms));
        Slopes { cross_entropy: per_cross_entropy, per_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let mut objective = MulLog::new(0.4);
        let (cross_entropy, expected_ms) = (1.7, 0.6);
        let seen = Observation { cross_entropy, expected_ms, ..Observation::default() };
        let slopes = objective.slopes(&seen);
        let h = 1e-6;
        let by_ce =
            (objective.loss(cross_entropy + h, 0.6) - objective.loss(cross_entropy - h, 0.6)) / (2.0 * h);
        let by_ms = (objective.loss(1.7, expected_ms + h) - objective.loss(1.7, expected_ms - h)) / (2.0 * h);
        assert!((slopes.cross_entropy - by_ce).abs() < 1e-8);
        assert!((slopes.per_ms - by_ms).abs() < 1e-8);
        // At the target the loss is α · CE.
        assert!((objective.loss(1.7, 0.4) - 0.34).abs() < 1e-12);
    }
}
