//! Which networks to measure next.

use super::{Cell, cell_features, transfer::Prior};
use crate::learn::{Choice, choose};

/// Relative noise of a measurement that is reckoned with.
const NOISE: f64 = 0.04;

/// A network worth measuring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggestion {
    /// Its cell.
    pub cell: Cell,
    /// Share of what is not known of all networks, as variance, that is left once it and those before it are measured.
    pub left: f64,
    /// Its latency by the mean of the known devices, where the mean over networks is 1.
    pub relative_latency: f64,
}

/// Chooses `count` networks of `pool` one by one, each the one that leaves least unknown of all of them for what it costs.
///
/// It costs `fixed_cost` and its own latency, both in mean latencies of a network.
pub fn suggest(prior: &Prior, pool: &[Cell], count: usize, fixed_cost: f64) -> Vec<Suggestion> {
    let terms: Vec<Vec<f64>> = pool.iter().map(cell_features).collect();
    let latencies: Vec<f64> = terms.iter().map(|terms| prior.mean_of(terms).max(0.0)).collect();
    let costs: Vec<f64> = latencies.iter().map(|latency| fixed_cost + latency).collect();
    let embedded = terms.iter().map(|terms| prior.shared(terms)).collect();
    let suggestion = |choice: Choice| Suggestion {
        cell: pool[choice.index],
        left: choice.left,
        relative_latency: latencies[choice.index],
    };
    choose(embedded, &costs, NOISE, count).into_iter().map(suggestion).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_differs_and_leaves_less_and_less() {
        let device = |weights: [f64; 4]| {
            let mut coefficients = vec![0.0; super::super::CELL_TERMS];
            coefficients[..4].copy_from_slice(&weights);
            coefficients
        };
        let known = [[1.0, 1.0, 0.3, 0.2], [1.0, 0.2, 0.3, 0.4], [2.0, 0.5, 0.1, 0.1]].map(device);
        let prior = Prior::new(&known).unwrap();
        let pool: Vec<Cell> = Cell::all().step_by(31).collect();
        let chosen = suggest(&prior, &pool, 4, 1.0);
        assert_eq!(chosen.len(), 4);
        assert!(chosen.windows(2).all(|pair| pair[1].left < pair[0].left && pair[0].cell != pair[1].cell));
        // Three devices differ in two directions: two networks tell most of it.
        assert!(chosen[1].left < 0.2, "{chosen:?}");
    }
}
