//! An op as work: its layers by their shapes, and what regressors read of them.

mod amounts;
mod delegate_rule;
mod depthwise_edges;
mod descriptors;
mod features;
mod op_entry;
mod slope;
mod terms;
mod work_groups;

#[cfg(test)]
pub(crate) use delegate_rule::inputs;
pub(crate) use delegate_rule::{DelegateRule, is_ruled};
pub(crate) use descriptors::{descriptor_slopes, descriptors, groups};
pub(crate) use features::{OpFeatures, SIZES};
pub(crate) use op_entry::OpEntry;
pub(crate) use slope::{Dimension, FeatureSlope};
pub(crate) use terms::{Amount, Class, N_TERMS, TERMS, Term};
