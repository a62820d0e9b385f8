//! A cell and its text.

use std::{fmt, str::FromStr};

/// What an edge computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CellOp {
    /// Nothing: zeros.
    None,
    /// Its input as it is.
    Skip,
    /// ReLU, 1×1 convolution, batch normalization.
    Conv1,
    /// ReLU, 3×3 convolution, batch normalization.
    Conv3,
    /// 3×3 average pooling.
    Pool,
}

impl CellOp {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Skip, Self::Conv1, Self::Conv3, Self::Pool];

    /// Its name in an `arch` string.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Skip => "skip_connect",
            Self::Conv1 => "nor_conv_1x1",
            Self::Conv3 => "nor_conv_3x3",
            Self::Pool => "avg_pool_3x3",
        }
    }

    /// Whether it is a convolution.
    pub fn is_conv(self) -> bool {
        matches!(self, Self::Conv1 | Self::Conv3)
    }
}

/// Edges as (from, to), in the order of an `arch` string.
pub(super) const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// A cell: an op on each of its six edges, ordered by target node, then source.
///
/// Its text is the benchmark's own: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// The ops on the edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3.
    pub edges: [CellOp; 6],
}

impl Cell {
    /// All 15,625 cells.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..5_usize.pow(6)).map(|index| Self {
            edges: std::array::from_fn(|edge| CellOp::ALL[index / 5_usize.pow(edge as u32) % 5]),
        })
    }

    /// Which edges lie on a path of edges that compute something from input to output.
    pub fn live(&self) -> [bool; 6] {
        let open = |edge: usize| self.edges[edge] != CellOp::None;
        // Edges are in an order in which sources come before targets.
        let mut reached = [true, false, false, false];
        for (edge, (from, to)) in EDGES.into_iter().enumerate() {
            reached[to] |= reached[from] && open(edge);
        }
        let mut leads_out = [false, false, false, true];
        for (edge, (from, to)) in EDGES.into_iter().enumerate().rev() {
            leads_out[from] |= leads_out[to] && open(edge);
        }
        std::array::from_fn(|edge| {
            let (from, to) = EDGES[edge];
            open(edge) && reached[from] && leads_out[to]
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (edge, (from, to)) in EDGES.into_iter().enumerate() {
            if from == 0 {
                f.write_str(if to == 1 { "|" } else { "+|" })?;
            }
            write!(f, "{}~{from}|", self.edges[edge].name())?;
        }
        Ok(())
    }
}

/// Text that is no cell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no NAS-Bench-201 cell: {reason}")]
pub struct NoCell {
    /// Its beginning.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FromStr for Cell {
    type Err = NoCell;

    fn from_str(text: &str) -> Result<Self, NoCell> {
        let wrong = |reason: String| NoCell { text: text.chars().take(200).collect(), reason };
        let mut edges = Vec::with_capacity(EDGES.len());
        let nodes: Vec<&str> = text.split('+').collect();
        if nodes.len() != 3 {
            return Err(wrong(format!("{} nodes, expected 3 joined by `+`", nodes.len())));
        }
        for (index, node) in nodes.into_iter().enumerate() {
            let inside = node.strip_prefix('|').and_then(|node| node.strip_suffix('|'));
            let inside = inside.ok_or_else(|| wrong(format!("`{node}` is not between bars")))?;
            let found: Vec<&str> = inside.split('|').collect();
            if found.len() != index + 1 {
                return Err(wrong(format!("`{node}` has {} edges, expected {}", found.len(), index + 1)));
            }
            for (from, edge) in found.into_iter().enumerate() {
                let name = edge.strip_suffix(&format!("~{from}"));
                let op = name.and_then(|name| CellOp::ALL.into_iter().find(|op| op.name() == name));
                edges.push(op.ok_or_else(|| wrong(format!("`{edge}`, expected an op and `~{from}`")))?);
            }
        }
        let edges = edges.try_into().map_err(|_| wrong("six edges are expected".to_owned()))?;
        Ok(Self { edges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_over_all_cells() {
        let mut seen = std::collections::BTreeSet::new();
        for cell in Cell::all() {
            assert_eq!(cell.to_string().parse(), Ok(cell));
            seen.insert(cell);
        }
        assert_eq!(seen.len(), 15_625);
    }

    #[test]
    fn broken_text_says_why() {
        let good = "|none~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|nor_conv_3x3~1|avg_pool_3x3~2|";
        assert!(good.parse::<Cell>().is_ok());
        for (from, to, reason) in [
            ("|none~0|+|none", "|none~0|none", "2 nodes"),
            ("|none~0|+", "none~0|+", "not between bars"),
            ("skip_connect~1", "skip_connect~0", "`skip_connect~0`, expected an op and `~1`"),
            ("skip_connect", "skip", "`skip~1`"),
            ("|skip_connect~1", "", "has 1 edges, expected 2"),
        ] {
            let error = good.replacen(from, to, 1).parse::<Cell>().unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn only_edges_on_a_path_are_live() {
        // 0→1 conv, 1→2 pool, 2→3 none: node 2 leads nowhere, so that only 0→3 and 1→3 (with 0→1) are live.
        let cell = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|";
        assert_eq!(cell.parse::<Cell>().unwrap().live(), [true, false, false, true, true, false]);
        // 0→1 none: what leaves node 1 computes zeros.
        let cell = "|none~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|none~0|nor_conv_1x1~1|skip_connect~2|";
        assert_eq!(cell.parse::<Cell>().unwrap().live(), [false, true, false, false, false, true]);
    }
}
