use std::path::PathBuf;

use clap::Args;
use profiler::record::write_atomic;
use profiler::tflite::from_onnx;

use super::UsageError;
use crate::export::{folded_tensors, load_trained, onnx_model};
use crate::folder::RunFolder;

/// Writes a trained network as an ONNX model, .tflite or safetensors, batch normalization folded into its convolutions.
#[derive(Debug, Args)]
#[command(
    after_help = "Input `input` [1, c, h, w] (.tflite: [1, h, w, c]), normalized as metrics.json says; output `output` [1, classes] \
                  (.tflite: [1, 1, 1, classes]).\n\
                  Safetensors: `0.weight` [out, in / groups, k, k], `0.bias` [out], and so on for each layer that has weights, \
                  numbered as in the network's graph.\n\n\
                  Example:\n  search export run/searched -o run/searched.onnx"
)]
pub(super) struct Export {
    /// Folder of a finished training.
    #[arg(value_name = "DIR")]
    training: PathBuf,
    /// Model to write: .tflite where it is called so, otherwise ONNX.
    #[arg(short, long, value_name = "FILE.onnx|FILE.tflite", required_unless_present = "safetensors")]
    output: Option<PathBuf>,
    /// Write the same weights, as safetensors, too (or alone).
    #[arg(long, value_name = "FILE.safetensors")]
    safetensors: Option<PathBuf>,
}

impl Export {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        if self.output.is_some() && self.output == self.safetensors {
            return Err(UsageError("--output and --safetensors name the same file".to_owned()).into());
        }
        let (network, module) = load_trained(&RunFolder::new(&self.training))?;
        let mut lines = Vec::new();
        if let Some(path) = &self.output {
            let mut bytes = onnx_model(&network, &module)?;
            let is_tflite = path.extension().is_some_and(|extension| extension == "tflite");
            if is_tflite {
                bytes = from_onnx(&bytes)?;
            }
            let format = if is_tflite { ".tflite" } else { "ONNX" };
            write_atomic(path, |writer| writer.write_all(&bytes))?;
            lines.push(format!("{}: {} ({}), {format}", path.display(), network.name(), network.key()));
        }
        if let Some(path) = &self.safetensors {
            folded_tensors(&network, &module)?.write(path)?;
            lines.push(format!("{}: {} ({}), safetensors", path.display(), network.name(), network.key()));
        }
        Ok(lines.join("\n"))
    }
}
