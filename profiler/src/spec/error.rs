//! What can be wrong with a description of an op, a network or a space.

use super::FeatureMap;

/// An op, network or space that does not make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Text that is not a feature map.
    #[error("`{0}` is not a feature map: expected HEIGHTxWIDTHxCHANNELS, each from 1 to 65536")]
    FeatureMap(String),
    /// A size of zero or beyond what any network has.
    #[error("{what} is {value}, expected {expected}")]
    OutOfRange {
        /// The quantity.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The range in words.
        expected: &'static str,
    },
    /// Inputs whose shapes do not go together.
    #[error("{layer} cannot take {input}: {reason}")]
    Shape {
        /// The layer.
        layer: String,
        /// The input it was given.
        input: FeatureMap,
        /// What it needs.
        reason: &'static str,
    },
    /// Text that is not an op key.
    #[error("`{key}` is not an op key: {reason}")]
    Key {
        /// The text.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A network whose ops do not fit together.
    #[error("network `{name}`: op {index} (`{op}`) takes {expected}, but the op before it gives {found}")]
    Chain {
        /// The network.
        name: String,
        /// Position of the op, from 0.
        index: usize,
        /// Its key.
        op: String,
        /// What the op takes.
        expected: FeatureMap,
        /// What it is given.
        found: FeatureMap,
    },
    /// A list of choices that is no path of the space.
    #[error("space `{space}`: {reason}")]
    Choice {
        /// The space.
        space: String,
        /// What is wrong.
        reason: String,
    },
    /// A name that is no built-in space.
    #[error(
        "unknown space `{0}`: expected proxylessnas-mobile, proxylessnas-small or the path of a .toml file"
    )]
    UnknownSpace(String),
    /// A space file that cannot be used.
    #[error("space file: {0}")]
    SpaceFile(String),
}
