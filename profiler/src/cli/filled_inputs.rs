//! Naming the inputs of models that are filled though their values matter.

use std::collections::HashSet;

use crate::onnx::{DataDependentInput, InputShapes, ModelGraph};
use crate::sweep::Planned;

/// Says which of a model's inputs have no given values, but decide what it computes.
pub(super) fn name_filled_inputs(model: &Planned) {
    for DataDependentInput { input, node, operator } in deciding(&model.onnx) {
        crate::note!(
            "warning: {}: input `{input}` is filled, but its values decide what node `{node}` ({operator}) does: give them \
             with --input {input}=VALUE",
            model.key
        );
    }
}

/// The first node that each input decides about.
fn deciding(onnx: &[u8]) -> Vec<DataDependentInput> {
    // A model that cannot be read is refused elsewhere.
    let Ok(graph) = ModelGraph::read(onnx) else { return Vec::new() };
    let Ok((known, _)) = graph.known_shapes(&InputShapes::new()) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut found = graph.data_dependent_inputs(&known);
    found.retain(|deciding| seen.insert(deciding.input.clone()));
    found
}
