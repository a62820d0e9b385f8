//! `search export`: a trained network as ONNX.

use std::path::PathBuf;

use clap::Args;
use profiler::record::write_atomic;

use crate::{
    RunFolder,
    export::{load_trained, onnx_model},
};

/// Writes a trained network as an ONNX model, batch normalization folded into its convolutions.
#[derive(Debug, Args)]
#[command(
    after_help = "Input `input` [1, c, h, w], normalized as metrics.json says; output `output` [1, classes].\n\n\
                  Example:\n  search export run/searched -o run/searched.onnx"
)]
pub(super) struct Export {
    /// Folder of a finished training.
    #[arg(value_name = "DIR")]
    training: PathBuf,
    /// Model to write.
    #[arg(short, long, value_name = "FILE.onnx")]
    output: PathBuf,
}

impl Export {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let (network, module) = load_trained(&RunFolder::new(&self.training))?;
        let bytes = onnx_model(&network, &module)?;
        write_atomic(&self.output, |writer| writer.write_all(&bytes))?;
        let (path, name, key) = (self.output.display(), network.name(), network.key());
        Ok(format!("{path}: {name} ({key}), {} bytes", bytes.len()))
    }
}
