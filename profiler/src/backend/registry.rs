//! Which backends this build has.

use std::path::PathBuf;

use super::mock::Mock;
use super::{Backend, BackendError, CostModel, MockNoise};

/// What backends may need to be opened.
#[derive(Default)]
pub struct BackendOptions {
    /// ONNX Runtime's shared library.
    pub onnxruntime_library: Option<PathBuf>,
    /// What the mock's runs cost, and how noisy they are.
    pub mock: Option<(CostModel, MockNoise)>,
}

type Open = fn(BackendOptions) -> Result<Box<dyn Backend>, BackendError>;

const REGISTRY: &[(&str, Open)] = &[
    #[cfg(feature = "tract")]
    (super::Tract::NAME, |_| Ok(Box::new(super::Tract))),
    #[cfg(feature = "onnxruntime")]
    (super::OnnxRuntime::NAME, |options| {
        Ok(Box::new(super::OnnxRuntime::load(options.onnxruntime_library)?))
    }),
    (Mock::NAME, |options| {
        let missing = "a cost model";
        let (cost, noise) = options.mock.ok_or(BackendError::Needs { backend: Mock::NAME, missing })?;
        Ok(Box::new(Mock::new(cost, noise)))
    }),
];

/// Names of the backends this build has.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|(name, _)| *name)
}

/// Opens a backend by name.
///
/// # Errors
/// [`BackendError::Unknown`] if there is none of that name, otherwise what opening it needs.
pub fn open(name: &str, options: BackendOptions) -> Result<Box<dyn Backend>, BackendError> {
    let (_, open) = REGISTRY.iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let known = names().collect::<Vec<_>>().join(", ");
        BackendError::Unknown { name: name.to_owned(), known }
    })?;
    open(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_answers_to_its_registered_name() {
        for name in names().filter(|name| *name != "onnxruntime") {
            let mock = Some::<(CostModel, _)>((Box::new(|_| Some(1.0)), MockNoise::NONE));
            let backend = open(name, BackendOptions { mock, ..Default::default() }).unwrap();
            assert_eq!(backend.name(), name);
            assert!(!backend.version().is_empty());
            assert_eq!(backend.emulated_clock().is_some(), name == "mock");
        }
    }

    #[test]
    fn unknown_and_underfed_backends_are_named() {
        let error = open("tensorrt", BackendOptions::default()).err().unwrap().to_string();
        assert!(error.starts_with("there is no backend `tensorrt`; this build has "), "{error}");
        assert!(error.contains("mock"), "{error}");
        let error = open("mock", BackendOptions::default()).err().unwrap();
        assert_eq!(error.to_string(), "backend `mock` needs a cost model");
    }
}
