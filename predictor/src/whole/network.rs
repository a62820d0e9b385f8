//! Whole networks as what a model sees of them.

use std::collections::BTreeMap;

use profiler::record::{Level, Row};
use profiler::spec::{Architecture, OpSpec, PlacedLayer};
use serde::{Deserialize, Serialize};

use super::{FbNet, amounts::amounts, fbnet::SIDE, model::WholeSample};

/// What networks are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// Choices of FBNet's blocks.
    #[serde(rename = "fbnet")]
    FbNet,
    /// Op keys, whatever space they were drawn from.
    Ops,
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeNetwork {
    /// What it is called in tables.
    pub key: String,
    /// Its physical amounts.
    pub(super) amounts: Vec<f64>,
    /// The parts chosen for it, and how often.
    pub(super) parts: BTreeMap<String, f64>,
}

impl WholeNetwork {
    /// A network of FBNet's space.
    pub fn fbnet(network: &FbNet) -> Self {
        Self::new(network.to_string(), network.layers().into_iter(), SIDE, network.parts())
    }

    /// A network of ops.
    pub fn of_ops(network: &Architecture) -> Self {
        let side = network.graph().input().height;
        Self::new(network.key(), network.graph().layers(), side, network.ops().iter().map(OpSpec::key))
    }

    fn new(
        key: String,
        layers: impl Iterator<Item = PlacedLayer>,
        side: u32,
        parts: impl Iterator<Item = String>,
    ) -> Self {
        let mut counts = BTreeMap::new();
        parts.for_each(|part| *counts.entry(part).or_insert(0.0) += 1.0);
        Self { key, amounts: amounts(layers, side), parts: counts }
    }

    /// The network of a row that is of one of this space.
    pub fn of_row(row: &Row, space: Space) -> Option<Self> {
        match space {
            Space::FbNet => fbnet_of(row).map(|network| Self::fbnet(&network)),
            Space::Ops => ops_of(row).map(|network| Self::of_ops(&network)),
        }
    }
}

fn fbnet_of(row: &Row) -> Option<FbNet> {
    if row.level == Level::Network && row.ops.is_empty() { row.subject.parse().ok() } else { None }
}

fn ops_of(row: &Row) -> Option<Architecture> {
    if row.level != Level::Network || row.ops.is_empty() {
        return None;
    }
    let ops = row.ops.split_whitespace().map(str::parse::<OpSpec>).collect::<Result<Vec<_>, _>>().ok()?;
    Architecture::new(&row.subject, None, ops).ok()
}

/// The space that all rows are of; nothing where they are of several, or of ops too.
pub fn space_of(rows: &[Row]) -> Option<Space> {
    let all = |space: Space| rows.iter().all(|row| WholeNetwork::of_row(row, space).is_some());
    [Space::FbNet, Space::Ops].into_iter().find(|space| !rows.is_empty() && all(*space))
}

/// The networks of a space among rows.
pub fn whole_samples(rows: &[Row], space: Space) -> Vec<WholeSample> {
    let sample = |row: &Row| {
        let network = WholeNetwork::of_row(row, space)?;
        Some(WholeSample { network, latency_ms: row.latency_ms })
    };
    rows.iter().filter_map(sample).collect()
}
