use super::{Objective, Observation, Slopes};

/// L = CE + λ (E − T) / T.
///
/// λ sets where E ends, T does not: T only makes λ independent of the unit.
/// Source: `add#linear` of ProxylessNAS's released code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddLinear {
    pub(crate) target_ms: f64,
    pub(crate) lambda: f64,
}

impl AddLinear {
    /// With the released code's λ.
    pub(crate) fn new(target_ms: f64) -> Self {
        Self { target_ms, lambda: 0.1 }
    }
}

impl Objective for AddLinear {
    fn slopes(&mut self, _: &Observation) -> Slopes {
        Slopes { cross_entropy: 1.0, per_ms: self.lambda / self.target_ms }
    }

    fn lambda(&self) -> Option<f64> {
        Some(self.lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_by_hand() {
        let seen = Observation { cross_entropy: 2.0, expected_ms: 5.0, ..Observation::default() };
        // d/dE 0.1 (E − 4) / 4 = 0.025 per millisecond.
        let slopes = AddLinear::new(4.0).slopes(&seen);
        assert_eq!(slopes, Slopes { cross_entropy: 1.0, per_ms: 0.025 });
    }
}
