//! With which other runtime outputs are compared before anything is timed.

use clap::Args;

use super::libraries::LibraryArgs;
use crate::backend::{Backend, KnownBackend, open};
use crate::sweep::CompareWith;

/// Whether outputs are compared.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CompareArgs {
    /// Do not compare outputs with the other runtime's before timing.
    ///
    /// ONNX Runtime and LiteRT are compared with tract always, tract with ONNX Runtime when its library is given. Outputs that differ
    /// by more than 0.001 of the largest one are refused by name. The session says what was compared.
    #[arg(long)]
    no_compare: bool,
}

/// The other runtime, or why there is none.
pub(super) enum Other {
    Runtime(Box<dyn Backend>),
    Nothing(String),
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
        let nothing = |reason: &str| Ok(Other::Nothing(reason.to_owned()));
        if self.no_compare {
            return nothing("--no-compare was given");
        }
        if backend.emulated_clock().is_some() {
            return nothing("an emulated runtime has no outputs");
        }
        match KnownBackend::other_than(backend.name()) {
            Some(other) if !libraries.suffice(other) => {
                nothing(&format!("{}'s library was not given (--{})", other.title, other.name))
            }
            Some(other) if other.is_built() => Ok(Other::Runtime(open(other.name, libraries.options(None))?)),
            _ => nothing("this build has no other runtime"),
        }
    }
}
