//! Any ONNX network, op by op as runtimes fuse it.
//!
//! Nodes become steps, and steps that runtimes compute in one go are joined ([`profiler::onnx::steps`]); blocks of steps are
//! matched with the kinds of op that a model knows, the largest first ([`cover`]). Where networks were measured step by step, steps are
//! what is predicted ([`in_place`]).

mod block;
mod bottleneck;
mod cover;
mod guess;
mod in_place;
mod predict;
mod suggest;
mod width;

use profiler::onnx::steps::{StepNode, Steps, fuse, translate};
use profiler::onnx::{DataDependentInput, InputShapes, ModelGraph, OnnxError, open_branches};

pub use predict::Unknown;
pub(crate) use predict::{LayerPrediction, NetworkReport};
pub(crate) use profiler::onnx::steps::FreeNode;
pub(crate) use suggest::{NetworkSuggestion, suggest_networks};
pub use width::Width;

use crate::error::PredictorError;

/// How a reason ends that values of an input would do away with.
pub(crate) const NOT_GIVEN: &str = "which are not given";

/// A network read from an ONNX model.
#[derive(Clone, Debug)]
pub struct OnnxNetwork {
    name: String,
    steps: Steps,
    free: Vec<FreeNode>,
    folded_normalizations: usize,
    /// Inputs without values, and the nodes that they decide about.
    deciding: Vec<DataDependentInput>,
}

impl OnnxNetwork {
    /// Reads a network called `name` from the bytes of an ONNX model. A batch that the model leaves open is 1; other open
    /// sides of its inputs come from `inputs`. A branch that sizes and given values decide stands in the place of its `If`.
    ///
    /// # Errors
    /// [`PredictorError::Network`] for bytes that are no ONNX model, [`PredictorError::Shape`] for shapes that are not known.
    pub fn read(name: &str, onnx: &[u8], inputs: &InputShapes) -> Result<Self, PredictorError> {
        let wrong = |e: OnnxError| PredictorError::Network {
            network: name.to_owned(),
            reason: profiler::explain(&e),
        };
        let opened = open_branches(onnx, inputs).map_err(wrong)?;
        let graph = ModelGraph::read(opened.as_deref().unwrap_or(onnx)).map_err(wrong)?;
        Self::of_graph(name, &graph, inputs)
    }

    /// The network of a model that is read already.
    ///
    /// # Errors
    /// [`PredictorError::Shape`] for shapes that are not known.
    pub fn of_graph(name: &str, graph: &ModelGraph, inputs: &InputShapes) -> Result<Self, PredictorError> {
        let wrong = |reason: String| PredictorError::Network { network: name.to_owned(), reason };
        let unknown = |e| PredictorError::Shape { network: name.to_owned(), source: Box::new(e) };
        let shapes = graph.shapes(inputs).map_err(unknown)?;
        for input in &graph.inputs {
            let batch = match shapes.get(&input.name).map(|tensor| tensor.dims.as_slice()) {
                // A sequence, of which the batch is the second side.
                Some([_, 1, _]) | None => None,
                Some(dims) => dims.first().copied(),
            };
            if let Some(batch) = batch.filter(|batch| *batch != 1 && graph.inputs.len() == 1) {
                return Err(wrong(format!(
                    "input `{}` has a batch of {batch}, but models are of batch 1; export the network with batch 1",
                    input.name
                )));
            }
        }
        let (mut steps, free) = translate(graph, &shapes).map_err(wrong)?;
        if steps.iter().next().is_none() {
            return Err(wrong("it computes nothing".to_owned()));
        }
        let folded_normalizations = fuse(&mut steps);
        let deciding = graph.data_dependent_inputs(&shapes);
        Ok(Self { name: name.to_owned(), steps, free, folded_normalizations, deciding })
    }

    /// Why nothing is known of a step of these nodes: `reason`, or values that say which branch runs, or how often a loop does.
    fn why_unknown<'a>(&self, nodes: impl IntoIterator<Item = &'a StepNode>, reason: String) -> String {
        let runs_graphs = |node: &&StepNode| ["If", "Loop"].contains(&node.operator.as_str());
        let decides = |node: &StepNode| self.deciding.iter().find(|deciding| deciding.node == node.name);
        match nodes.into_iter().filter(runs_graphs).find_map(decides) {
            Some(DataDependentInput { input, .. }) => {
                format!("what it runs depends on the values of input `{input}`, {NOT_GIVEN}")
            }
            None => reason,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod drawn_model;
#[cfg(test)]
mod tests;
