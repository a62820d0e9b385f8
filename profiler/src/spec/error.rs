//! What can be wrong with a description of an op, a network or a space.

use super::{FeatureMap, Precision};

/// An op, network or space that does not make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum SpecError {
    /// Text that is not a feature map.
    #[error("`{0}` is not a feature map: expected HEIGHTxWIDTHxCHANNELS, each from 1 to 65536")]
    FeatureMap(String),
    /// A size of zero or beyond what any network has.
    #[error("{what} is {value}, expected {expected}")]
    OutOfRange { what: &'static str, value: u64, expected: &'static str },
    /// Inputs whose shapes do not go together.
    #[error("{layer} cannot take {input}: {reason}")]
    Shape { layer: String, input: FeatureMap, reason: &'static str },
    /// Text that is not an op key.
    #[error("`{key}` is not an op key: {reason}")]
    Key { key: String, reason: String },
    /// An int8 op in which nothing is computed in integers.
    #[error("`{op}` has no int8 form: none of its layers is computed in integers")]
    NoIntegers { op: String },
    /// A kind of op that cannot be sampled as asked.
    #[error("cannot sample `{kind}`: {reason}")]
    Sample { kind: String, reason: String },
    /// A network with ops of several number formats.
    #[error("network `{name}`: op {index} (`{op}`) is not {expected} as the ops before it")]
    Precision { name: String, index: usize, op: String, expected: Precision },
    /// A network whose ops do not fit together.
    #[error("network `{name}`: op {index} (`{op}`) takes {expected}, but the op before it gives {found}")]
    Chain { name: String, index: usize, op: String, expected: FeatureMap, found: FeatureMap },
    /// A list of choices that is no path of the space.
    #[error("space `{space}`: {reason}")]
    Choice { space: String, reason: String },
    /// A name that is no built-in space.
    #[error(
        "unknown space `{0}`: expected proxylessnas-mobile, proxylessnas-small, proxylessnas-wide, proxylessnas-fine or the path of a .toml file"
    )]
    UnknownSpace(String),
    /// A space file that cannot be used.
    #[error("space file: {0}")]
    SpaceFile(String),
}
