//! Finding a runtime's node again each time that the model was loaded.

use std::collections::HashMap;

use super::{LayersError, Stretch, TimedRun, stretch::Choice};
use crate::backend::TracedNode;

/// A node over all stretches.
pub(super) struct Followed<'a> {
    /// Where it was first met.
    pub(super) first: &'a TracedNode,
    /// Stretch by stretch; `None` where the runtime made no such node.
    pub(super) found: Vec<Option<&'a TracedNode>>,
}

/// Every node that stands in any stretch, in the order in which they are first met.
///
/// A node is known by its name and operator, wherever it stands: a runtime orders independent nodes anew at each load. Of
/// several that are called alike, the first of one load is the first of another.
pub(super) fn follow(stretches: &[Stretch]) -> Vec<Followed<'_>> {
    let mut places: HashMap<(&str, &str, usize), usize> = HashMap::new();
    let mut all: Vec<Followed> = Vec::new();
    for (index, stretch) in stretches.iter().enumerate() {
        let mut alike: HashMap<(&str, &str), usize> = HashMap::new();
        for node in &stretch.nodes {
            let (name, operator) = (node.name.as_str(), node.operator.as_str());
            let before = alike.entry((name, operator)).or_default();
            let place = *places.entry((name, operator, *before)).or_insert_with(|| {
                all.push(Followed { first: node, found: vec![None; stretches.len()] });
                all.len() - 1
            });
            all[place].found[index] = Some(node);
            *before += 1;
        }
    }
    all
}

impl Followed<'_> {
    /// Its times in the runs that count, round by round; none in rounds of stretches that it is not in.
    ///
    /// # Errors
    /// [`LayersError::Notes`] if it has not one time for each traced run.
    pub(super) fn runs_of(
        &self,
        stretches: &[Stretch],
        choice: Choice,
    ) -> Result<Vec<Vec<f64>>, LayersError> {
        let mut all = Vec::new();
        for (stretch, node) in stretches.iter().zip(&self.found) {
            let Some(node) = node else {
                all.extend(stretch.rounds.iter().map(|_| Vec::new()));
                continue;
            };
            let runs: usize = stretch.rounds.iter().map(|round| round.traced.len()).sum();
            if node.run_ns.len() != runs {
                let noted = node.run_ns.len();
                return Err(LayersError::Notes { node: node.name.clone(), noted, runs });
            }
            let mut noted = node.run_ns.iter();
            for round in &stretch.rounds {
                let runs = round.traced.iter().zip(noted.by_ref());
                let counts = |(run, ns): (&TimedRun, &f64)| {
                    (choice == Choice::All || !run.is_disturbed).then_some(*ns)
                };
                all.push(runs.filter_map(counts).collect());
            }
        }
        Ok(all)
    }
}
