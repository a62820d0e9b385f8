//! The kinds of physical work an op is made of.

/// Names of the work terms, in order.
///
/// Per class of layer with weights: `macs` in millions (padding counted), elements `read`, `written` and of `weights` in
/// millions, and `calls` (layers). Of depthwise layers also what the edges of the map break up, in millions over all
/// channels: `scalar_macs` of outputs outside whole groups of eight neighbours, `runs` of outputs with the same taps, and
/// `run_taps`, the taps of all runs. `dilated_macs` are those of dilated convolutions once more; their edges are not looked at.
/// Per layer without weights: elements written in millions (`pooled_elements`, of global pooling: elements read; `*_taps` of a
/// pooling window: elements read, again for every window) and `calls`. A gate is a factor per channel. `other_*`: layers that
/// this release does not know. `serial_steps` are those that follow one after the other for each output, in thousands, a layer's
/// input channels taken four at a time: what an op takes where a processor has more lanes than the op has outputs. `constant`
/// is 1 for every op.
pub(crate) const TERMS: [&str; 60] = [
    "pointwise_macs",
    "pointwise_read",
    "pointwise_written",
    "pointwise_weights",
    "pointwise_calls",
    "depthwise_macs",
    "depthwise_read",
    "depthwise_written",
    "depthwise_weights",
    "depthwise_calls",
    "depthwise_scalar_macs",
    "depthwise_runs",
    "depthwise_run_taps",
    "dense_macs",
    "dense_read",
    "dense_written",
    "dense_weights",
    "dense_calls",
    "grouped_macs",
    "grouped_read",
    "grouped_written",
    "grouped_weights",
    "grouped_calls",
    "linear_macs",
    "linear_read",
    "linear_written",
    "linear_weights",
    "linear_calls",
    "relu_elements",
    "relu6_elements",
    "hswish_elements",
    "added_elements",
    "added_calls",
    "pooled_elements",
    "pooled_calls",
    "dilated_macs",
    "sigmoid_elements",
    "hsigmoid_elements",
    "swish_elements",
    "multiplied_elements",
    "multiplied_calls",
    "gated_elements",
    "gated_calls",
    "concatenated_elements",
    "concatenated_calls",
    "max_pool_taps",
    "max_pool_calls",
    "max_pool_written",
    "average_pool_taps",
    "average_pool_calls",
    "average_pool_written",
    "nearest_elements",
    "bilinear_elements",
    "upsampled_calls",
    "softmax_elements",
    "softmax_calls",
    "other_elements",
    "other_calls",
    "serial_steps",
    "constant",
];

/// Number of work terms.
pub(crate) const N_TERMS: usize = TERMS.len();

pub(crate) const POINTWISE: usize = 0;
pub(crate) const DEPTHWISE: usize = 5;
pub(crate) const DENSE: usize = 13;
pub(crate) const GROUPED: usize = 18;
pub(crate) const LINEAR: usize = 23;
pub(crate) const RELU: usize = 28;
pub(crate) const RELU6: usize = 29;
pub(crate) const HSWISH: usize = 30;
pub(crate) const ADDED: usize = 31;
pub(crate) const POOLED: usize = 33;
pub(crate) const DILATED: usize = 35;
pub(crate) const SIGMOID: usize = 36;
pub(crate) const HSIGMOID: usize = 37;
pub(crate) const SWISH: usize = 38;
pub(crate) const MULTIPLIED: usize = 39;
pub(crate) const GATED: usize = 41;
pub(crate) const CONCATENATED: usize = 43;
pub(crate) const MAX_POOL: usize = 45;
pub(crate) const AVERAGE_POOL: usize = 48;
pub(crate) const NEAREST: usize = 51;
pub(crate) const BILINEAR: usize = 52;
pub(crate) const UPSAMPLED_CALLS: usize = 53;
pub(crate) const SOFTMAX: usize = 54;
pub(crate) const OTHER: usize = 56;
pub(crate) const SERIAL: usize = 58;
pub(crate) const CONSTANT: usize = 59;
