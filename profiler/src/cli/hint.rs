//! Which arguments give what a library asks for.

use crate::backend::{BackendError, KnownBackend};
use crate::layers::LayersError;
use crate::onnx::{OnnxError, ShapeError};
use crate::sweep::SweepError;

/// What would help on the command line; `None` where no argument does.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let of_sweep = cause.downcast_ref().and_then(of_sweep);
        of_sweep.or_else(|| cause.downcast_ref().and_then(of_backend)).or_else(|| {
            match cause.downcast_ref() {
                Some(OnnxError::Inputs(ShapeError::OpenInput { input, example, .. })) => {
                    Some(format!("--input-shape {input}={example}, say"))
                }
                Some(OnnxError::Inputs(ShapeError::OpenValues { input, .. })) => {
                    Some(format!("--input {input}=VALUE"))
                }
                _ => None,
            }
        })
    })
}

fn of_sweep(error: &SweepError) -> Option<String> {
    match error {
        SweepError::Backend(error) | SweepError::Layers(LayersError::Backend(error)) => of_backend(error),
        SweepError::Disagree { .. } => Some("--no-compare times it all the same".to_owned()),
        SweepError::TooShort { .. } | SweepError::Layers(LayersError::TooShort { .. }) => {
            Some("give the same command again with a larger --budget-s".to_owned())
        }
        _ => None,
    }
}

fn of_backend(error: &BackendError) -> Option<String> {
    let (BackendError::Prepare { backend, .. } | BackendError::Unsupported { backend, .. }) = error else {
        return None;
    };
    let KnownBackend { title, name, library, .. } = KnownBackend::after(backend)?;
    let with = library.map_or(String::new(), |_| format!(" --{name} LIB"));
    Some(format!("{title} may take it: --backend {name}{with}"))
}
