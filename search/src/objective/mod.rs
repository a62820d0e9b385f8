//! How accuracy and latency make one loss. An objective is a file here and a line of `objectives!` below.

mod add_linear;
mod mul_log;
mod none;
mod target;

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use add_linear::AddLinear;
use mul_log::MulLog;
use none::NoLatencyLoss;
use target::Target;

use crate::{alpha::GateGradient, error::SearchError, latency::ExpectedLatency};

/// What an objective sees at an architecture step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Observation {
    /// Share of the search that is done, 0 to 1.
    pub(crate) progress: f64,
    /// Cross-entropy of the step's images.
    pub(crate) cross_entropy: f64,
    /// E\[latency\] in milliseconds.
    pub(crate) expected_ms: f64,
    /// Root mean square, over the blocks, of the difference of a pair's ∂CE/∂g.
    pub(crate) cross_entropy_gap: f64,
    /// Root mean square, over the blocks, of the difference of a pair's latencies in milliseconds.
    pub(crate) latency_gap_ms: f64,
}

impl Observation {
    /// What the gates' ∂CE/∂g and the latency table show at `progress` through the search.
    pub(crate) fn new(
        progress: f64,
        gates: &[Option<GateGradient>],
        cross_entropy: f64,
        expected_ms: f64,
        table: &ExpectedLatency,
    ) -> Self {
        let pairs =
            || gates.iter().zip(&table.blocks_ms).filter_map(|(gate, ms)| gate.map(|gate| (gate, ms)));
        let root_mean_square = |gap: &dyn Fn(GateGradient, &[f64]) -> f64| {
            let squares: Vec<f64> = pairs().map(|(gate, ms)| gap(gate, ms).powi(2)).collect();
            if squares.is_empty() { 0.0 } else { (squares.iter().sum::<f64>() / squares.len() as f64).sqrt() }
        };
        Self {
            progress,
            cross_entropy,
            expected_ms,
            cross_entropy_gap: root_mean_square(&|gate, _| gate.gates[0] - gate.gates[1]),
            latency_gap_ms: root_mean_square(&|gate, ms| ms[gate.pair.first] - ms[gate.pair.second]),
        }
    }
}

/// Derivatives of the loss L(CE, E).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slopes {
    pub(crate) cross_entropy: f64,
    pub(crate) per_ms: f64,
}

impl Slopes {
    /// ∂L/∂g of every pair's gates: ∂L/∂CE · ∂CE/∂g_j + ∂L/∂E · F_j, as ∂E/∂g_j = F_j.
    pub(crate) fn combine(
        &self,
        gates: &[Option<GateGradient>],
        table: &ExpectedLatency,
    ) -> Vec<Option<GateGradient>> {
        let combine = |(gate, ms): (&Option<GateGradient>, &Vec<f64>)| {
            let GateGradient { pair, gates: [first, second] } = (*gate)?;
            let whole = |by_ce: f64, ms: f64| self.cross_entropy * by_ce + self.per_ms * ms;
            Some(GateGradient { pair, gates: [whole(first, ms[pair.first]), whole(second, ms[pair.second])] })
        };
        gates.iter().zip(&table.blocks_ms).map(combine).collect()
    }
}

/// A loss made of cross-entropy and expected latency; may adapt from step to step.
pub(crate) trait Objective: Debug {
    /// The loss's derivatives at this point.
    fn slopes(&mut self, seen: &Observation) -> Slopes;

    /// What it has adapted, for a checkpoint.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up a state that [`Objective::state`] gave.
    fn restore(&mut self, state: &[f64]) -> Result<(), SearchError> {
        if state.is_empty() {
            return Ok(());
        }
        Err(SearchError::Checkpoint(format!("{} numbers for an objective without a state", state.len())))
    }

    /// The weight of latency against cross-entropy, where there is one: λ in L = CE + λ (E / T − 1).
    fn lambda(&self) -> Option<f64> {
        None
    }
}

macro_rules! objectives {
    ($($(#[$about:meta])* $name:ident = $new:expr),+ $(,)?) => {
        /// The objectives by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum LatencyLoss {
            $($(#[$about])* $name),+
        }

        impl LatencyLoss {
            pub(crate) fn objective(self, target_ms: f64) -> Box<dyn Objective> {
                match self {
                    $(Self::$name => {
                        let new: fn(f64) -> _ = $new;
                        Box::new(new(target_ms))
                    }),+
                }
            }
        }
    };
}

objectives! {
    /// CE + λ (E/T − 1), λ steered so that E ends at T.
    Target = Target::new,
    /// CE + 0.1 (E/T − 1).
    AddLinear = AddLinear::new,
    /// 0.2 CE (log E / log T)^0.3.
    MulLog = MulLog::new,
    /// CE alone, but the blocks are decided within the target all the same: what the loss's latency term is to be
    /// compared with.
    BudgetOnly = |_| NoLatencyLoss,
    /// CE alone; the target is not looked at.
    None = |_| NoLatencyLoss,
}

impl LatencyLoss {
    /// Whether networks must be within the target.
    pub(crate) fn heeds_target(self) -> bool {
        self != Self::None
    }
}
