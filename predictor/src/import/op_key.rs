//! Ops of a foreign table by the keys that they have here.

use profiler::spec::{OpSpec, SpecError};

use super::Subject;

/// The op of a key.
pub(super) fn op(key: &str) -> Result<Subject, String> {
    let op: OpSpec = key.parse().map_err(|e: SpecError| e.to_string())?;
    Ok(Subject::Op(Box::new(op.into())))
}

/// The op of a key that is made of a row's fields; what is wrong is said of them, not of the key.
pub(super) fn op_of(key: &str) -> Result<Subject, String> {
    let reason = |error| match error {
        SpecError::Key { reason, .. } => reason,
        other => other.to_string(),
    };
    Ok(Subject::Op(Box::new(key.parse::<OpSpec>().map_err(reason)?.into())))
}

/// The word of an activation in a key, by the names that tools give it; empty for none.
pub(super) fn activation(name: &str) -> Result<&'static str, String> {
    match name.to_ascii_lowercase().replace(['-', '_', ' '], "").as_str() {
        "" | "none" | "linear" | "identity" => Ok(""),
        "relu" => Ok("-relu"),
        "relu6" | "clip" => Ok("-relu6"),
        "hswish" | "hardswish" => Ok("-hswish"),
        "sigmoid" => Ok("-sigmoid"),
        "hsigmoid" | "hardsigmoid" => Ok("-hsigmoid"),
        "swish" | "silu" => Ok("-swish"),
        _ => Err(format!("activation is `{name}`, expected relu, relu6, hswish, sigmoid, hsigmoid or swish")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_have_many_names() {
        assert_eq!((activation("Hard_Swish"), activation("")), (Ok("-hswish"), Ok("")));
        assert!(activation("gelu").unwrap_err().contains("`gelu`"));
        assert!(op("conv-8x8x3-o8-k4-s1").is_err());
    }
}
