//! Deciding block by block, while the others can still make use of what is left of the budget.

use super::Alphas;
use crate::{error::SearchError, latency::Budget};

impl Alphas {
    /// Drops all but one candidate of so many blocks that their share is `share`, the surest blocks first.
    ///
    /// What stays is the candidate of [`Budget::best`], so that there always is a path within the budget, and one that
    /// uses it; without a budget the block's most probable candidate.
    pub(crate) fn decide(&mut self, share: f64, budget: Option<&Budget>) -> Result<(), SearchError> {
        // One rounding error less than a whole number of blocks is that number.
        let wanted = (share.clamp(0.0, 1.0) * self.blocks().len() as f64 + 1e-9) as usize;
        while self.decided() < wanted {
            let probabilities = self.probabilities();
            let path = match budget {
                Some(budget) => budget.best(&probabilities)?,
                None => self.most_probable(),
            };
            let open = (0..path.len()).filter(|&block| self.alive(block) > 1);
            let sure = |block: &usize| probabilities[*block][path[*block]];
            let Some(block) = open.max_by(|a, b| sure(a).total_cmp(&sure(b))) else { break };
            self.keep_only(block, path[block]);
        }
        Ok(())
    }

    /// Blocks of which one candidate is left.
    pub(crate) fn decided(&self) -> usize {
        (0..self.blocks().len()).filter(|&block| self.alive(block) <= 1).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::ExpectedLatency;

    #[test]
    fn the_surest_blocks_go_first_and_the_rest_uses_the_budget() {
        // p = (0.9, 0.1), (0.6, 0.4), (0.55, 0.45); the first candidates take 1 ms each, the others 0, 0.5 and 0.9 ms.
        let log = |p: [f64; 2]| p.map(f64::ln).to_vec();
        let mut alphas = Alphas::from_blocks(vec![log([0.9, 0.1]), log([0.6, 0.4]), log([0.55, 0.45])]);
        let blocks_ms = vec![vec![1.0, 0.0], vec![1.0, 0.5], vec![1.0, 0.9]];
        let budget = Budget::new(&ExpectedLatency { constant_ms: 0.0, blocks_ms }, 2.95);
        alphas.decide(0.3, Some(&budget)).unwrap();
        assert_eq!(alphas.decided(), 0);
        alphas.decide(0.34, Some(&budget)).unwrap();
        assert_eq!((alphas.decided(), alphas.is_alive(0, 0), alphas.is_alive(0, 1)), (1, true, false));
        // 2 of 3 ms are left over for 1.95: 1 + 0.9 fits and uses the most.
        alphas.decide(1.0, Some(&budget)).unwrap();
        assert_eq!((alphas.decided(), alphas.most_probable()), (3, vec![0, 0, 1]));
    }

    #[test]
    fn without_a_budget_the_most_probable_stay() {
        let mut alphas = Alphas::from_blocks(vec![vec![0.0, 1.0], vec![2.0, 0.0, 1.0]]);
        alphas.decide(1.0, None).unwrap();
        assert_eq!((alphas.decided(), alphas.most_probable()), (2, vec![1, 0]));
        // What was learned of the others is still there.
        assert!(alphas.learned()[0][0] > 0.2, "{:?}", alphas.learned());
    }
}
