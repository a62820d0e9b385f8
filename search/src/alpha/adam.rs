#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) first: f64,
    pub(crate) second: f64,
    pub(crate) steps: u64,
}

/// Adam whose memory of an α moves only when that α has a gradient: for the sampled pair.
///
/// An ordinary Adam fed with zeros would move the α that were not sampled along their old gradients and forget
/// their variance. Source: Kingma, Ba, arXiv:1412.6980; β = (0, 0.999) as in ProxylessNAS's released code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlphaAdam {
    learning_rate: f64,
    betas: (f64, f64),
    moments: Vec<Vec<Moments>>,
}

impl AlphaAdam {
    const EPSILON: f64 = 1e-8;

    /// Nothing remembered, for blocks with these numbers of candidates.
    pub(crate) fn new(counts: &[usize], learning_rate: f64) -> Self {
        let moments = counts.iter().map(|&count| vec![Moments::default(); count]).collect();
        Self { learning_rate, betas: (0.0, 0.999), moments }
    }

    pub(crate) fn moments(&self) -> &[Vec<Moments>] {
        &self.moments
    }

    /// The same with another memory, for example from a checkpoint.
    pub(crate) fn with_moments(mut self, moments: Vec<Vec<Moments>>) -> Self {
        self.moments = moments;
        self
    }

    /// How far candidate `candidate` of block `block` moves against this gradient.
    pub(super) fn step_of(&mut self, block: usize, candidate: usize, gradient: f64) -> f64 {
        let (beta1, beta2) = self.betas;
        let m = &mut self.moments[block][candidate];
        m.steps += 1;
        m.first = beta1 * m.first + (1.0 - beta1) * gradient;
        m.second = beta2 * m.second + (1.0 - beta2) * gradient * gradient;
        let steps = m.steps.min(1 << 30) as i32;
        let first = m.first / (1.0 - beta1.powi(steps));
        let second = m.second / (1.0 - beta2.powi(steps));
        self.learning_rate * first / (second.sqrt() + Self::EPSILON)
    }
}
