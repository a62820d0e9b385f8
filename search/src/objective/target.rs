use super::{Objective, Observation, Slopes};
use crate::error::SearchError;

/// L = CE + λ (E / T − 1), where λ is the output of a proportional-integral controller of the error E / R − 1.
///
/// The reference R goes from where E begins to T during the first part of the search and stays there: a target asked
/// for at once is met by what is fast, before anything is known of what is good.
///
/// λ may be negative: the budget is there to be used. It is given in units of the ratio of a typical pair's difference
/// in cross-entropy gradient to its difference in latency, so that the same controller fits every data set, device
/// and target: at 1 both pull equally. The integral is the dual ascent of the constraint E = T; the proportional part
/// damps it. Source: the constraint as a Lagrangian, e.g. Boyd, Vandenberghe, "Convex optimization", §5; for the aim
/// of a latency met from both sides, TuNAS, arXiv:2008.06120.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    target_ms: f64,
    /// E at the first step, once there was one.
    start_ms: Option<f64>,
    integral: f64,
    /// Moving means of the squared gaps of cross-entropy and of relative latency; only their ratio is used.
    squares: [f64; 2],
    lambda: f64,
}

impl Target {
    /// λ per unit of relative error: latency and cross-entropy pull equally at 5 %.
    const PROPORTIONAL: f64 = 20.0;
    /// Growth of λ per step and unit of relative error.
    const INTEGRAL: f64 = 0.5;
    /// Largest integral: what lies beyond would only have to be unwound again.
    const LIMIT: f64 = 5.0;
    /// Share of the search in which the reference goes to the target.
    const RAMP: f64 = 0.4;
    /// Memory of the moving means.
    const DECAY: f64 = 0.95;

    pub(crate) fn new(target_ms: f64) -> Self {
        Self { target_ms, start_ms: None, integral: 0.0, squares: [0.0; 2], lambda: 0.0 }
    }
}

impl Objective for Target {
    fn slopes(&mut self, seen: &Observation) -> Slopes {
        let gaps = [seen.cross_entropy_gap, seen.latency_gap_ms / self.target_ms];
        for (mean, gap) in self.squares.iter_mut().zip(gaps) {
            *mean = Self::DECAY * *mean + (1.0 - Self::DECAY) * gap * gap;
        }
        let start_ms = *self.start_ms.get_or_insert(seen.expected_ms);
        let rest = (1.0 - seen.progress / Self::RAMP).max(0.0);
        let reference_ms = self.target_ms + rest * (start_ms - self.target_ms);
        let error = seen.expected_ms / reference_ms - 1.0;
        self.integral = (self.integral + Self::INTEGRAL * error).clamp(-Self::LIMIT, Self::LIMIT);
        let unit = if self.squares[1] > 0.0 { (self.squares[0] / self.squares[1]).sqrt() } else { 0.0 };
        self.lambda = unit * (Self::PROPORTIONAL * error + self.integral);
        Slopes { cross_entropy: 1.0, per_ms: self.lambda / self.target_ms }
    }

    fn state(&self) -> Vec<f64> {
        // No latency is 0: that stands for none yet.
        vec![self.start_ms.unwrap_or_default(), self.integral, self.squares[0], self.squares[1], self.lambda]
    }

    fn restore(&mut self, state: &[f64]) -> Result<(), SearchError> {
        let &[start_ms, integral, cross_entropy, latency, lambda] = state else {
            let count = state.len();
            return Err(SearchError::Checkpoint(format!("{count} numbers for the steered λ, expected 5")));
        };
        let start_ms = (start_ms > 0.0).then_some(start_ms);
        *self = Self { start_ms, integral, squares: [cross_entropy, latency], lambda, ..*self };
        Ok(())
    }

    fn lambda(&self) -> Option<f64> {
        Some(self.lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_state_round_trips() {
        let gaps = Observation { cross_entropy_gap: 0.2, latency_gap_ms: 0.1, ..Observation::default() };
        let seen = Observation { progress: 1.0, cross_entropy: 1.0, expected_ms: 3.0, ..gaps };
        let mut steered = Target::new(2.0);
        steered.slopes(&seen);
        let mut taken_up = Target::new(2.0);
        taken_up.restore(&steered.state()).unwrap();
        assert_eq!(taken_up, steered);
        assert_eq!(taken_up.slopes(&seen), steered.slopes(&seen));
        assert!(taken_up.restore(&[1.0]).is_err());
    }
}
