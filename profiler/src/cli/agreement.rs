//! With which other runtime outputs are compared before anything is timed.

use clap::Args;

use super::libraries::LibraryArgs;
use crate::{
    backend::{Backend, names, open},
    sweep::CompareWith,
};

/// Whether outputs are compared.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CompareArgs {
    /// Do not compare outputs with the other runtime's before timing.
    ///
    /// ONNX Runtime is compared with tract always, tract with ONNX Runtime when its library is given. Outputs that differ
    /// by more than 0.001 of the largest one are refused by name. The session says what was compared.
    #[arg(long)]
    no_compare: bool,
}

/// The other runtime, or why there is none.
pub(super) enum Other {
    Runtime(Box<dyn Backend>),
    Nothing(&'static str),
}

impl Other {
    pub(super) fn with(&self) -> CompareWith<'_> {
        match self {
            Self::Runtime(backend) => CompareWith::Runtime(backend.as_ref()),
            Self::Nothing(reason) => CompareWith::Nothing(reason),
        }
    }
}

impl CompareArgs {
    /// What to compare `backend` with.
    pub(super) fn other(self, backend: &dyn Backend, libraries: &LibraryArgs) -> anyhow::Result<Other> {
        const TRACT: &str = "tract";
        const ONNXRUNTIME: &str = "onnxruntime";
        let name = if backend.name() == TRACT { ONNXRUNTIME } else { TRACT };
        Ok(if self.no_compare {
            Other::Nothing("--no-compare was given")
        } else if backend.emulated_clock().is_some() {
            Other::Nothing("an emulated runtime has no outputs")
        } else if name == ONNXRUNTIME && libraries.onnxruntime.is_none() {
            Other::Nothing("ONNX Runtime's library was not given (--onnxruntime)")
        } else if names().all(|known| known != name) {
            Other::Nothing("this build has no other runtime")
        } else {
            Other::Runtime(open(name, libraries.options(None))?)
        })
    }
}
