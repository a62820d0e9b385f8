//! Why a model says nothing of an op.

/// What a model of ops lacks to answer for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// An op of a kind that was not measured.
    #[error("no op of kind `{0}` was measured")]
    Kind(String),
    /// An op of a number format that was not measured.
    #[error("no op of its number format was measured")]
    NumberFormat,
    /// An op with work that no measured op has.
    #[error("nothing that was measured has `{0}`")]
    Term(&'static str),
    /// A latency that is not positive.
    #[error("the model gives no positive latency for it")]
    NotPositive,
}

impl From<NoAnswer> for String {
    fn from(error: NoAnswer) -> Self {
        error.to_string()
    }
}
