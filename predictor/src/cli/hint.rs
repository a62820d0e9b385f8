//! Which arguments give what a library asks for.

use profiler::onnx::ShapeError;

use crate::error::PredictorError;
use crate::onnx::NOT_GIVEN;

/// What would help on the command line; `None` where no argument does.
pub(super) fn hint(error: &PredictorError) -> Option<String> {
    let words = match error {
        PredictorError::Unmeasured { ops, .. }
            if ops.iter().any(|(_, reason)| reason.ends_with(NOT_GIVEN)) =>
        {
            "--input NAME=VALUE gives an input its values"
        }
        PredictorError::Unmeasured { .. } => "--allow-unknown guesses at them",
        PredictorError::TooWide { .. } => {
            "profiler run --sample-networks draws and measures networks; --allow-wide prints the interval as it is"
        }
        PredictorError::Unanswered { .. } => "--skip-unknown scores the others",
        PredictorError::Mixed { .. } | PredictorError::OtherConditions { .. } => "--allow-mixed allows it",
        PredictorError::Emulated { .. } => "--allow-emulated allows it",
        PredictorError::Speeds { .. } => "--speed fast, or --speed sustained",
        PredictorError::NothingToScore(_) => {
            "--include-fitted scores all rows; predictor fit takes --hold-out 0.2"
        }
        PredictorError::Shape { source, .. } => {
            return match &**source {
                ShapeError::OpenInput { input, example, .. } => {
                    Some(format!("--input-shape {input}={example}, say"))
                }
                ShapeError::OpenValues { input, .. } => Some(format!("--input {input}=VALUE")),
                _ => None,
            };
        }
        PredictorError::Option { option, .. } if !option.starts_with('-') => {
            return Some(format!("see --{}", option.replace(' ', "-")));
        }
        _ => return None,
    };
    Some(words.to_owned())
}
