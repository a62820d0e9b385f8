//! Gradient-boosted regression trees for squared errors.
//!
//! Source: Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 2001; rows drawn
//! for every tree as in Friedman, Stochastic gradient boosting, 2002.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Growth {
    /// Number of trees.
    pub(crate) trees: usize,
    /// Splits from the root to a leaf, at most.
    pub(crate) depth: usize,
    /// Rows in a leaf, at least.
    pub(crate) leaf_rows: usize,
    /// Share of its tree that is added.
    pub(crate) rate: f64,
    /// Share of the rows that a tree sees.
    pub(crate) share: f64,
    /// Share of the inputs that a tree may split on.
    pub(crate) inputs: f64,
    /// Rows' worth of 0 that every leaf is drawn towards.
    pub(crate) shrinkage: f64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { trees: 400, depth: 5, leaf_rows: 5, rate: 0.05, share: 0.6, inputs: 0.5, shrinkage: 2.0 }
    }
}

/// A node: an inner one sends rows with `input < threshold` to `left`, others to `left + 1`; a leaf has `left` 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Node(u32, f64, u32);

/// Sum of trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BoostedTrees {
    /// Per tree its nodes, the root first; a leaf's number is what it adds.
    trees: Vec<Vec<Node>>,
}

impl BoostedTrees {
    /// Fits targets that vary around 0; rows are all of one length.
    pub(crate) fn fit(inputs: &[Vec<f64>], targets: &[f64], growth: &Growth, seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        let width = inputs.first().map_or(0, Vec::len);
        let sorted: Vec<Vec<u32>> = (0..width).map(|place| order(inputs, place)).collect();
        let varies = |place: &usize| {
            let ends = sorted[*place].first().zip(sorted[*place].last());
            ends.is_some_and(|(a, b)| inputs[*a as usize][*place] < inputs[*b as usize][*place])
        };
        let varying: Vec<usize> = (0..width).filter(varies).collect();
        let mut errors = targets.to_vec();
        let mut trees = Vec::with_capacity(growth.trees);
        for _ in 0..growth.trees {
            let places: Vec<usize> =
                varying.iter().copied().filter(|_| random.random::<f64>() < growth.inputs).collect();
            let seen: Vec<bool> = errors.iter().map(|_| random.random::<f64>() < growth.share).collect();
            let tree = Grower { inputs, sorted: &sorted, errors: &errors, growth }.grow(&places, &seen);
            for (error, row) in errors.iter_mut().zip(inputs) {
                *error -= walk(&tree, row);
            }
            trees.push(tree);
        }
        Self { trees }
    }

    /// The target of an input.
    pub(crate) fn predict(&self, input: &[f64]) -> f64 {
        self.trees.iter().map(|tree| walk(tree, input)).sum()
    }

    /// Whether every node points to where there is one and every split to an input of `width`.
    pub(crate) fn is_sound(&self, width: usize) -> bool {
        let sound = |tree: &Vec<Node>| {
            let node = |(place, node): (usize, &Node)| {
                node.1.is_finite()
                    && (node.2 == 0
                        || (node.2 as usize > place
                            && node.2 as usize + 1 < tree.len()
                            && (node.0 as usize) < width))
            };
            !tree.is_empty() && tree.iter().enumerate().all(node)
        };
        self.trees.iter().all(sound)
    }
}

fn walk(tree: &[Node], input: &[f64]) -> f64 {
    let mut at = 0;
    loop {
        let Node(place, number, left) = tree[at];
        if left == 0 {
            return number;
        }
        at = left as usize + usize::from(input[place as usize] >= number);
    }
}

fn order(inputs: &[Vec<f64>], place: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..inputs.len() as u32).collect();
    order.sort_by(|&a, &b| inputs[a as usize][place].total_cmp(&inputs[b as usize][place]));
    order
}

struct Grower<'a> {
    inputs: &'a [Vec<f64>],
    sorted: &'a [Vec<u32>],
    errors: &'a [f64],
    growth: &'a Growth,
}

/// Sum and number of rows.
type Pile = (f64, f64);

#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    place: usize,
    threshold: f64,
}

/// One that is not grown: not among the nodes of this level.
const CLOSED: u32 = u32::MAX;

impl Grower<'_> {
    /// Grows a tree level by level: every level is one walk over the sorted rows of each input.
    fn grow(&self, places: &[usize], seen: &[bool]) -> Vec<Node> {
        let mut tree = vec![Node(0, 0.0, 0)];
        let mut at: Vec<u32> = seen.iter().map(|seen| if *seen { 0 } else { CLOSED }).collect();
        let mut open = vec![0_usize];
        for _ in 0..self.growth.depth {
            let first = open.first().copied().unwrap_or(0);
            let piles = self.piles(&at, first, open.len());
            let splits = self.best_splits(places, &at, first, &piles);
            let mut children = Vec::new();
            for (node, split) in open.iter().zip(&splits) {
                let Some(split) = split else { continue };
                tree[*node] = Node(split.place as u32, split.threshold, tree.len() as u32);
                children.extend([tree.len(), tree.len() + 1]);
                tree.extend([Node(0, 0.0, 0); 2]);
            }
            for (row, at) in at.iter_mut().enumerate() {
                if *at != CLOSED && *at as usize >= first {
                    let Node(place, threshold, left) = tree[*at as usize];
                    if left != 0 {
                        *at = left + u32::from(self.inputs[row][place as usize] >= threshold);
                    }
                }
            }
            open = children;
            if open.is_empty() {
                break;
            }
        }
        let piles = self.piles(&at, 0, tree.len());
        for (node, (sum, rows)) in tree.iter_mut().zip(piles) {
            if node.2 == 0 {
                node.1 = self.growth.rate * sum / (rows + self.growth.shrinkage);
            }
        }
        tree
    }

    fn piles(&self, at: &[u32], first: usize, nodes: usize) -> Vec<Pile> {
        let mut piles = vec![(0.0, 0.0); nodes];
        for (at, error) in at.iter().zip(self.errors) {
            if *at != CLOSED && *at as usize >= first {
                let pile = &mut piles[*at as usize - first];
                *pile = (pile.0 + error, pile.1 + 1.0);
            }
        }
        piles
    }

    fn best_splits(&self, places: &[usize], at: &[u32], first: usize, piles: &[Pile]) -> Vec<Option<Split>> {
        let score = |(sum, rows): Pile| sum * sum / (rows + self.growth.shrinkage);
        let least = self.growth.leaf_rows as f64;
        let mut best: Vec<Option<Split>> = vec![None; piles.len()];
        for &place in places {
            let mut left: Vec<(Pile, f64)> = vec![((0.0, 0.0), f64::NEG_INFINITY); piles.len()];
            for &row in &self.sorted[place] {
                let row = row as usize;
                if at[row] == CLOSED || (at[row] as usize) < first {
                    continue;
                }
                let node = at[row] as usize - first;
                let value = self.inputs[row][place];
                let (pile, before) = left[node];
                if value > before && pile.1 >= least && piles[node].1 - pile.1 >= least {
                    let right = (piles[node].0 - pile.0, piles[node].1 - pile.1);
                    let gain = score(pile) + score(right) - score(piles[node]);
                    if gain > best[node].map_or(1e-12, |split| split.gain) {
                        best[node] = Some(Split { gain, place, threshold: middle(before, value) });
                    }
                }
                left[node] = ((pile.0 + self.errors[row], pile.1 + 1.0), value);
            }
        }
        best
    }
}

/// A number above `low` and at most `high`, between them where there is one.
fn middle(low: f64, high: f64) -> f64 {
    let middle = 0.5 * (low + high);
    if middle > low { middle } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tree_splits_where_it_should() {
        // Targets -1 below 3 and 1 from 3 on, six rows each; with a rate of 1 and no shrinkage the leaves are exact.
        let inputs: Vec<Vec<f64>> = (0..12).map(|i| vec![f64::from(i % 6), f64::from(i / 6)]).collect();
        let targets: Vec<f64> = inputs.iter().map(|row| if row[0] < 3.0 { -1.0 } else { 1.0 }).collect();
        let growth =
            Growth { trees: 1, depth: 2, leaf_rows: 1, rate: 1.0, share: 1.1, inputs: 1.1, shrinkage: 0.0 };
        let model = BoostedTrees::fit(&inputs, &targets, &growth, 0);
        assert_eq!(model.trees, [[Node(0, 2.5, 1), Node(0, -1.0, 0), Node(0, 1.0, 0)]]);
        assert!(model.is_sound(1) && !model.is_sound(0));
        assert_eq!(model.predict(&[2.4, 0.0]), -1.0);
        assert_eq!(model.predict(&[2.6, 0.0]), 1.0);
    }

    #[test]
    fn many_trees_add_up_to_a_product_of_inputs() {
        let inputs: Vec<Vec<f64>> = (0..400).map(|i| vec![f64::from(i % 20), f64::from(i / 20)]).collect();
        let targets: Vec<f64> = inputs.iter().map(|r| (r[0] - 9.5) * (r[1] - 9.5) / 90.0).collect();
        let model = BoostedTrees::fit(&inputs, &targets, &Growth::default(), 3);
        let error: f64 = inputs.iter().zip(&targets).map(|(r, t)| (model.predict(r) - t).abs()).sum();
        let size: f64 = targets.iter().map(|t| t.abs()).sum();
        assert!(error < 0.15 * size, "{error} of {size}");
        assert_eq!(model, BoostedTrees::fit(&inputs, &targets, &Growth::default(), 3));
    }
}
