//! Which networks to measure next.

use super::{Cell, cell_features, transfer::Prior};

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
/// What a measurement tells of another network is the prior's covariance of the two; the variance that it takes off all
/// networks is Σ covariance² / (variance + noise²). It costs `fixed_cost` and its own latency, both in mean latencies of a
/// network. Source: Seo et al., Gaussian process regression: active data selection and test point rejection, IJCNN 2000.
#[must_use]
pub fn suggest(prior: &Prior, pool: &[Cell], count: usize, fixed_cost: f64) -> Vec<Suggestion> {
    let terms: Vec<Vec<f64>> = pool.iter().map(cell_features).collect();
    let costs: Vec<f64> = terms.iter().map(|terms| prior.mean_of(terms).max(0.0)).collect();
    let mut embedded: Vec<Vec<f64>> = terms.iter().map(|terms| prior.shared(terms)).collect();
    let width = embedded.first().map_or(0, Vec::len);
    let unknown = |embedded: &[Vec<f64>]| embedded.iter().flatten().map(|v| v * v).sum::<f64>();
    let before = unknown(&embedded);
    let mut chosen: Vec<Suggestion> = Vec::new();
    while chosen.len() < count.min(pool.len()) {
        let outer = outer_products(&embedded, width);
        let gain = |index: usize| {
            let v = &embedded[index];
            let taken: f64 =
                (0..width).map(|i| v[i] * (0..width).map(|j| outer[i * width + j] * v[j]).sum::<f64>()).sum();
            let variance: f64 = v.iter().map(|v| v * v).sum();
            taken / (variance + NOISE * NOISE) / (fixed_cost + costs[index])
        };
        let free = (0..pool.len()).filter(|&i| chosen.iter().all(|s| s.cell != pool[i]));
        let Some((best, _)) = free.map(|i| (i, gain(i))).max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        condition(&mut embedded, best);
        let left = unknown(&embedded) / before;
        chosen.push(Suggestion { cell: pool[best], left, relative_latency: costs[best] });
    }
    chosen
}

fn outer_products(embedded: &[Vec<f64>], width: usize) -> Vec<f64> {
    let mut outer = vec![0.0; width * width];
    for v in embedded {
        for i in 0..width {
            if v[i] != 0.0 {
                let line = &mut outer[i * width..(i + 1) * width];
                line.iter_mut().zip(v).for_each(|(entry, other)| *entry += v[i] * other);
            }
        }
    }
    outer
}

/// Takes off what measuring one network tells of the others: the posterior covariance of vectors u and w is
/// u·w - (u·v)(v·w) / (v·v + noise²), which is the product of u and w shortened along v.
fn condition(embedded: &mut [Vec<f64>], measured: usize) {
    let v = embedded[measured].clone();
    let length: f64 = v.iter().map(|v| v * v).sum();
    if length == 0.0 {
        return;
    }
    // (1 - c)² = noise² / (length + noise²) along v.
    let shorten = (1.0 - (NOISE * NOISE / (length + NOISE * NOISE)).sqrt()) / length;
    for u in embedded {
        let along: f64 = u.iter().zip(&v).map(|(u, v)| u * v).sum();
        u.iter_mut().zip(&v).for_each(|(u, v)| *u -= shorten * along * v);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn conditioning_is_that_of_the_formula() {
        let mut vectors = vec![vec![1.0, 0.5], vec![0.3, -2.0], vec![0.7, 0.1]];
        let product = |vectors: &[Vec<f64>], i: usize, j: usize| {
            vectors[i].iter().zip(&vectors[j]).map(|(a, b)| a * b).sum::<f64>()
        };
        let before = vectors.clone();
        condition(&mut vectors, 1);
        let expected = |i, j| {
            product(&before, i, j)
                - product(&before, i, 1) * product(&before, 1, j) / (product(&before, 1, 1) + NOISE * NOISE)
        };
        for (i, j) in [(0, 0), (0, 2), (1, 1), (2, 1)] {
            assert!((product(&vectors, i, j) - expected(i, j)).abs() < 1e-12, "{i} {j}");
        }
    }

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
