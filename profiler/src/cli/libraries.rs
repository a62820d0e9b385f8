//! Libraries of the runtimes that are loaded when they are asked for.

use std::path::PathBuf;

use clap::Args;

use crate::backend::{BackendOptions, CostModel, MockNoise};

/// Where they are.
#[derive(Clone, Debug, Args)]
pub(super) struct LibraryArgs {
    /// ONNX Runtime's shared library (or set ORT_DYLIB_PATH).
    #[arg(long, value_name = "LIB", env = "ORT_DYLIB_PATH")]
    pub(super) onnxruntime: Option<PathBuf>,
}

impl LibraryArgs {
    /// With what a runtime is opened.
    pub(super) fn options(&self, mock: Option<(CostModel, MockNoise)>) -> BackendOptions {
        BackendOptions { onnxruntime_library: self.onnxruntime.clone(), mock }
    }
}
