//! Naming the inputs of models that are filled though their values matter.

use crate::onnx::DataDependentInput;
use crate::sweep::Planned;

/// Says which of a model's inputs have no given values, but decide what it computes.
pub(super) fn name_filled_inputs(model: &Planned) {
    for DataDependentInput { input, node, operator } in &model.deciding {
        crate::note!(
            "warning: {}: input `{input}` is filled, but its values decide what node `{node}` ({operator}) does: give them \
             with --input {input}=VALUE",
            model.key
        );
    }
}
