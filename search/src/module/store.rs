use super::GraphModule;
use crate::{error::SearchError, tensor_file::TensorFile};

/// Adds a module's weights, statistics and momentum under a prefix.
pub(crate) fn insert_module(
    file: &mut TensorFile,
    prefix: &str,
    module: &GraphModule,
) -> Result<(), SearchError> {
    insert_weights(file, prefix, module)?;
    for (name, parameter) in module.parameters() {
        file.insert(&format!("{prefix}.{name}.momentum"), &parameter.momentum)?;
    }
    Ok(())
}

/// Adds a module's weights and statistics under a prefix: what it needs to be used.
pub(crate) fn insert_weights(
    file: &mut TensorFile,
    prefix: &str,
    module: &GraphModule,
) -> Result<(), SearchError> {
    for (name, parameter) in module.parameters() {
        file.insert(&format!("{prefix}.{name}"), &parameter.value)?;
    }
    for (name, statistic) in module.statistics() {
        file.insert(&format!("{prefix}.{name}"), statistic)?;
    }
    Ok(())
}

pub(crate) fn load_module(file: &TensorFile, prefix: &str, module: &GraphModule) -> Result<(), SearchError> {
    load_weights(file, prefix, module)?;
    module
        .parameters()
        .try_for_each(|(name, p)| file.copy_to(&format!("{prefix}.{name}.momentum"), &p.momentum))
}

pub(crate) fn load_weights(file: &TensorFile, prefix: &str, module: &GraphModule) -> Result<(), SearchError> {
    module.parameters().try_for_each(|(name, p)| file.copy_to(&format!("{prefix}.{name}"), &p.value))?;
    module.statistics().try_for_each(|(name, tensor)| file.copy_to(&format!("{prefix}.{name}"), tensor))
}
