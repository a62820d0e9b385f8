use super::knapsack::{best_within, finalists};
use super::{ExpectedLatency, Intervals, normal_quantile};
use crate::error::SearchError;

/// What the whole budget is worth in units of log-probability. On mock landscapes 100 to 500 were alike; with 0 a path
/// used 3.5 % less of the budget and was worse.
const WORTH: f64 = 200.0;
/// Share of a budget from which on it counts as used.
const USED: f64 = 0.9;

/// A target, and how likely a network may miss it.
///
/// Without a risk the predicted latency must be at most the target. With a risk r, P(latency > target) must be at most
/// r: latencies are taken as log-normal around their prediction, with the deviation that makes the predictor's 90 %
/// interval right, so that z(1 − r) of these deviations must fit between prediction and target.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    table: ExpectedLatency,
    target_ms: f64,
    /// Deviations that must fit, and what they are made of.
    margin: Option<(f64, Intervals)>,
}

impl Budget {
    pub(crate) fn new(table: &ExpectedLatency, target_ms: f64) -> Self {
        Self { table: table.clone(), target_ms, margin: None }
    }

    pub(crate) fn with_risk(self, risk: f64, intervals: &Intervals) -> Self {
        Self { margin: Some((-normal_quantile(risk), intervals.clone())), ..self }
    }

    pub(crate) fn with_target(&self, target_ms: f64) -> Self {
        Self { target_ms, ..self.clone() }
    }

    pub(crate) fn table(&self) -> &ExpectedLatency {
        &self.table
    }

    /// The largest predicted latency with which a network as well known as this one meets the budget.
    pub(crate) fn limit_ms(&self, choices: &[usize]) -> f64 {
        // Sums in another order may come out a rounding error larger.
        let target_ms = self.target_ms * (1.0 - 1e-9);
        match &self.margin {
            None => target_ms,
            Some((deviations, intervals)) => {
                let deviation = intervals.log_deviation(choices, self.table.path_ms(choices));
                target_ms * (-deviations * deviation).exp()
            }
        }
    }

    pub(crate) fn allows(&self, choices: &[usize]) -> bool {
        self.table.path_ms(choices) <= self.limit_ms(choices)
    }

    /// Whether a network meets it and uses nine tenths of it, or of what the slowest path takes.
    ///
    /// Weights that many paths share rank smaller networks too high, the more so the less they are trained: left to them
    /// alone, a comparison ends far below the target.
    pub(crate) fn is_used_by(&self, choices: &[usize]) -> bool {
        let most_ms = self.limit_ms(choices).min(self.table.range_ms().1);
        self.allows(choices) && self.table.path_ms(choices) >= USED * most_ms
    }

    /// The fastest path there is, if it meets the budget.
    pub(crate) fn fastest(&self) -> Result<Vec<usize>, SearchError> {
        let fastest = self.table.fastest();
        if self.allows(&fastest) { Ok(fastest) } else { Err(self.impossible()) }
    }

    /// The path of largest probability that meets the budget, of similar ones the one that uses more of it: a hundredth of
    /// the target is worth as much as e² times the probability.
    ///
    /// A search that is steered to the target prices latency into its probabilities; within a hard budget it costs
    /// nothing. Exact without a risk. With one the limit depends a little on the path: the limit of the path that was
    /// found is taken until that path meets it.
    pub(crate) fn best(&self, probabilities: &[Vec<f64>]) -> Result<Vec<usize>, SearchError> {
        let per_ms = WORTH / self.target_ms;
        let find = |limit_ms| Ok(vec![best_within(probabilities, &self.table, limit_ms, per_ms)?]);
        self.tightened(find).map(|mut paths| paths.swap_remove(0))
    }

    /// Paths that meet the budget and are worth comparing: first one that uses nearly all of it, last the most probable one.
    pub(crate) fn finalists(&self, probabilities: &[Vec<f64>]) -> Result<Vec<Vec<usize>>, SearchError> {
        self.tightened(|limit_ms| finalists(probabilities, &self.table, limit_ms))
    }

    /// What `find` finds within a limit that all of it meets.
    fn tightened(
        &self,
        find: impl Fn(f64) -> Result<Vec<Vec<usize>>, SearchError>,
    ) -> Result<Vec<Vec<usize>>, SearchError> {
        let mut limit_ms = self.target_ms * (1.0 - 1e-9);
        loop {
            let Ok(paths) = find(limit_ms) else {
                // Better known than what was found before, it may meet a budget that this did not.
                return self.fastest().map(|fastest| vec![fastest]);
            };
            let wrong = paths.iter().filter(|path| !self.allows(path));
            match wrong.map(|path| self.limit_ms(path)).reduce(f64::min) {
                None => return Ok(paths),
                Some(tighter) => limit_ms = tighter,
            }
        }
    }

    /// Checks that the target lies between the fastest and the slowest path.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let (target_ms, (fastest_ms, slowest_ms)) = (self.target_ms, self.table.range_ms());
        if !(fastest_ms..=slowest_ms).contains(&target_ms) {
            return Err(SearchError::Target { target_ms, fastest_ms, slowest_ms });
        }
        self.fastest().map(drop)
    }

    fn impossible(&self) -> SearchError {
        let (fastest_ms, slowest_ms) = self.table.range_ms();
        let fastest = self.table.fastest();
        // The target at which the fastest path would just do.
        let needed_ms = self.target_ms * fastest_ms / self.limit_ms(&fastest);
        SearchError::Target { target_ms: self.target_ms, fastest_ms: needed_ms.max(fastest_ms), slowest_ms }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
