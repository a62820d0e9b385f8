//! What a model sees of a cell.

use super::{Cell, CellOp, graph::EDGES};

/// Number of counts of a graph.
const COUNTS: usize = 5;
/// Number of linear terms.
pub const CELL_TERMS: usize = 1 + 9 + 4 + 2 * COUNTS * (COUNTS + 1) / 2 - 1 + 6 * 4 * 2;

/// What the first terms of [`cell_features`] are, and what the others are by their number, in order.
pub(super) const NAMED: [&str; 14] = [
    "constant",
    "3x3 convolutions",
    "1x1 convolutions",
    "poolings",
    "skips",
    "sums of two maps",
    "maps that convolutions read",
    "longest path",
    "convolutions on one path",
    "anything live",
    "written 3x3 convolutions",
    "written 1x1 convolutions",
    "written poolings",
    "written zeros",
];
pub(super) const UNNAMED: [(&str, usize); 3] = [
    ("pairs of live ops", COUNTS * (COUNTS + 1) / 2),
    ("pairs of written ops", COUNTS * (COUNTS + 1) / 2 - 1),
    ("ops by the edges they are on", 6 * 4 * 2),
];

/// The terms of a cell, of which a latency is a sum with a coefficient each.
///
/// A constant; of the live graph the convolutions of either size, poolings, skips, sums of two maps, maps that a
/// convolution reads (each is rectified once), longest path in edges and in convolutions, and whether anything is live; of
/// the written graph convolutions, poolings and zeros; products of two counts, which tell what ops save or cost each other;
/// and the op on each live and on each written edge.
pub fn cell_features(cell: &Cell) -> Vec<f64> {
    let live = Graph::new(cell, cell.live());
    let written = Graph::new(cell, [true; 6]);
    let mut terms = vec![1.0];
    terms.extend(live.counts());
    terms.extend([live.rectified(), live.depth(|_| true), live.depth(CellOp::is_conv), live.any()]);
    terms.extend([CellOp::Conv3, CellOp::Conv1, CellOp::Pool, CellOp::None].map(|op| written.count(op)));
    for (counts, skip_last) in [(live.counts(), 0), (written.counts(), 1)] {
        let pairs = (0..COUNTS).flat_map(|i| (i..COUNTS).map(move |j| (i, j)));
        let products = pairs.map(|(i, j)| counts[i] * counts[j] / 6.0);
        let all = COUNTS * (COUNTS + 1) / 2;
        // The number of sums in the written graph is the same for every cell.
        terms.extend(products.take(all - skip_last));
    }
    for edge in 0..EDGES.len() {
        for op in [CellOp::Conv3, CellOp::Conv1, CellOp::Pool, CellOp::Skip] {
            terms.push(f64::from(u8::from(live.open[edge] && cell.edges[edge] == op)));
        }
        for op in [CellOp::Conv3, CellOp::Conv1, CellOp::Pool, CellOp::None] {
            terms.push(f64::from(u8::from(cell.edges[edge] == op)));
        }
    }
    terms
}

/// The edges of a cell that are executed.
struct Graph<'a> {
    cell: &'a Cell,
    open: [bool; 6],
}

impl<'a> Graph<'a> {
    fn new(cell: &'a Cell, open: [bool; 6]) -> Self {
        Self { cell, open }
    }

    fn edges(&self) -> impl Iterator<Item = (usize, usize, CellOp)> {
        let open = |edge: &usize| self.open[*edge];
        (0..6).filter(open).map(|edge| (EDGES[edge].0, EDGES[edge].1, self.cell.edges[edge]))
    }

    fn count(&self, op: CellOp) -> f64 {
        self.edges().filter(|(.., found)| *found == op).count() as f64
    }

    /// Convolutions 3×3 and 1×1, poolings, skips, and sums of two maps.
    fn counts(&self) -> [f64; COUNTS] {
        let sums = |node: usize| self.edges().filter(|(_, to, _)| *to == node).count().saturating_sub(1);
        let [conv3, conv1, pool, skip] =
            [CellOp::Conv3, CellOp::Conv1, CellOp::Pool, CellOp::Skip].map(|op| self.count(op));
        [conv3, conv1, pool, skip, (1..4).map(sums).sum::<usize>() as f64]
    }

    /// Maps that at least one convolution reads.
    fn rectified(&self) -> f64 {
        let reads = |node: usize| self.edges().any(|(from, _, op)| from == node && op.is_conv());
        (0..3).filter(|node| reads(*node)).count() as f64
    }

    /// Most edges of a sort on one path.
    fn depth(&self, counts: impl Fn(CellOp) -> bool) -> f64 {
        let mut depth = [0_u32; 4];
        for (from, to, op) in self.edges() {
            depth[to] = depth[to].max(depth[from] + u32::from(counts(op)));
        }
        f64::from(depth[3])
    }

    fn any(&self) -> f64 {
        f64::from(u8::from(self.open.contains(&true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_match_a_hand_count() {
        // Live: 0→1 conv3, 1→3 conv1, 0→3 skip. Written too: 1→2 pool; the two others are none.
        let cell: Cell = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
            .parse()
            .unwrap();
        let terms = cell_features(&cell);
        assert_eq!(terms.len(), CELL_TERMS);
        assert_eq!(NAMED.len() + UNNAMED.iter().map(|(_, n)| n).sum::<usize>(), CELL_TERMS);
        // Constant; conv3, conv1, pool, skip, sums (0→3 and 1→3 meet); maps read by a convolution (nodes 0 and 1); two edges
        // on the longest path, both convolutions; something is live. Written: conv3, conv1, pool, none.
        let expected = [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0];
        assert_eq!(terms[..14], expected);
        // Live conv3 · conv1 / 6 follows conv3 · conv3 / 6.
        assert_eq!(terms[14..16], [1.0 / 6.0; 2]);
        // Edges: 3 live and 6 written, of which the skip is no term.
        assert_eq!(terms[CELL_TERMS - 48..].iter().sum::<f64>(), 3.0 + 5.0);
    }

    #[test]
    fn a_cell_of_nothing_has_no_live_terms() {
        let terms = cell_features(&Cell { edges: [CellOp::None; 6] });
        assert_eq!(terms[..14], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0]);
    }
}
