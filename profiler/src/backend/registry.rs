//! Which backends there are, and which of them this build has.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Backend, BackendError, CostModel, Mock, MockNoise};

/// What backends may need to be opened.
#[derive(Default)]
pub struct BackendOptions {
    /// Shared libraries, by the names of the backends that load them.
    pub libraries: BTreeMap<String, PathBuf>,
    /// What the mock's runs cost, and how noisy they are.
    pub mock: Option<(CostModel, MockNoise)>,
}

type Open = fn(BackendOptions) -> Result<Box<dyn Backend>, BackendError>;

/// The shared library of a runtime that is loaded when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Environment variable that may name it.
    pub variable: &'static str,
    /// Where the one for arm64 phones comes from.
    pub for_phones: &'static str,
}

/// What is known of a backend before it is opened, and whether this build has it or not.
#[derive(Clone, Copy, Debug)]
pub struct KnownBackend {
    /// Its name in tables and on the command line, and of the feature that compiles it in.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The library that it loads, if it loads one.
    pub library: Option<Library>,
    /// Whether it computes nothing, so that its figures are no timings.
    pub is_emulated: bool,
    /// Whether it takes ONNX models that others exported.
    pub takes_any_onnx: bool,
    open: Option<Open>,
}

macro_rules! built {
    ($feature:literal, $open:expr) => {{
        #[cfg(feature = $feature)]
        let open: Option<Open> = {
            let open: Open = $open;
            Some(open)
        };
        #[cfg(not(feature = $feature))]
        let open = None;
        open
    }};
}

/// All backends. The first is the default; outputs are compared with those of the first other one, and
/// what one refuses, the next may take.
pub const KNOWN_BACKENDS: &[KnownBackend] = &[
    KnownBackend {
        name: "tract",
        title: "tract",
        library: None,
        is_emulated: false,
        takes_any_onnx: true,
        open: built!("tract", |_| Ok(Box::new(super::Tract))),
    },
    KnownBackend {
        name: "onnxruntime",
        title: "ONNX Runtime",
        library: Some(Library {
            variable: "ORT_DYLIB_PATH",
            for_phones: "from its Android archive or its Linux wheel (tests/setup/onnxruntime.sh arm64 fetches it)",
        }),
        is_emulated: false,
        takes_any_onnx: true,
        open: built!("onnxruntime", |mut options| {
            Ok(Box::new(super::OnnxRuntime::load(options.libraries.remove(super::OnnxRuntime::NAME))?))
        }),
    },
    KnownBackend {
        name: "litert",
        title: "LiteRT",
        library: Some(Library {
            variable: "LITERT_LIBRARY",
            for_phones: "from its Linux wheel (tests/setup/litert.sh arm64 fetches it)",
        }),
        is_emulated: false,
        takes_any_onnx: false,
        open: built!("litert", |mut options| {
            Ok(Box::new(super::LiteRt::load(options.libraries.remove(super::LiteRt::NAME))?))
        }),
    },
    KnownBackend {
        name: Mock::NAME,
        title: "the mock",
        library: None,
        is_emulated: true,
        takes_any_onnx: true,
        open: Some(|options| {
            let missing = "a cost model";
            let (cost, noise) = options.mock.ok_or(BackendError::Needs { backend: Mock::NAME, missing })?;
            Ok(Box::new(Mock::new(cost, noise)))
        }),
    },
];

impl KnownBackend {
    /// The one of that name, if there is one.
    pub fn of(name: &str) -> Option<&'static Self> {
        KNOWN_BACKENDS.iter().find(|known| known.name == name)
    }

    /// The first one after `name` that computes and takes any ONNX model, in the order of [`KNOWN_BACKENDS`].
    pub fn after(name: &str) -> Option<&'static Self> {
        let after = KNOWN_BACKENDS.iter().skip_while(|known| known.name != name).skip(1);
        after.into_iter().find(|known| !known.is_emulated && known.takes_any_onnx)
    }

    /// The first other one that computes.
    pub fn other_than(name: &str) -> Option<&'static Self> {
        KNOWN_BACKENDS.iter().find(|known| known.name != name && !known.is_emulated)
    }

    /// Whether this build has it.
    pub fn is_built(&self) -> bool {
        self.open.is_some()
    }
}

/// Opens a backend by name.
///
/// # Errors
/// [`BackendError::Unknown`] if there is none of that name in this build, otherwise what opening it needs.
pub fn open(name: &str, options: BackendOptions) -> Result<Box<dyn Backend>, BackendError> {
    let open = KnownBackend::of(name).and_then(|known| known.open).ok_or_else(|| {
        let built = KNOWN_BACKENDS.iter().filter(|known| known.is_built());
        let known = built.map(|known| known.name).collect::<Vec<_>>().join(", ");
        BackendError::Unknown { name: name.to_owned(), known }
    })?;
    open(options)
}

/// Names of the backends that compute, in words.
pub(super) fn computing() -> String {
    let computing = KNOWN_BACKENDS.iter().filter(|known| !known.is_emulated);
    computing.map(|known| known.name).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_answers_to_its_registered_name() {
        for known in KNOWN_BACKENDS.iter().filter(|known| known.is_built() && known.library.is_none()) {
            let mock = Some::<(CostModel, _)>((Box::new(|_| Some(1.0)), MockNoise::NONE));
            let backend = open(known.name, BackendOptions { mock, ..Default::default() }).unwrap();
            assert_eq!(backend.name(), known.name);
            assert!(!backend.version().is_empty());
            assert_eq!(backend.emulated_clock().is_some(), known.is_emulated);
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

    #[test]
    fn each_has_another_to_be_compared_with() {
        let name = |known: Option<&KnownBackend>| known.map(|known| known.name);
        let both = |of| (name(KnownBackend::other_than(of)), name(KnownBackend::after(of)));
        assert_eq!(both("tract"), (Some("onnxruntime"), Some("onnxruntime")));
        assert_eq!(both("onnxruntime"), (Some("tract"), None));
        assert_eq!(both("litert"), (Some("tract"), None));
    }
}
