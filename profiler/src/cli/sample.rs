//! `profiler sample`: random ops.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, builder::PossibleValuesParser};

use super::UsageError;
use crate::drawn::{draw_networks, styles};
use crate::record::{WriteError, write_atomic};
use crate::spec::{OpSpec, Precision, sample};

/// Draws distinct random ops from the ranges of mobile networks, one key per line, or whole networks.
///
/// Sides 7 to 224, channels tied to them and on and off multiples of 8, at most 200 M MACs each: what a predictor needs
/// that is to know more than one search space. With --networks it draws networks instead, in the styles of the field, one after the
/// other, of images, sound and text: 0.2 M to 12 G MACs, random weights, ONNX.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  profiler sample --kind conv+act --count 100 --seed 1 > ops.txt\n  profiler run --ops ops.txt -o run/table.csv\n  profiler sample --networks 20 --seed 1 -o run/drawn"
)]
pub(super) struct Sample {
    /// Kind (such as conv), pair of kinds (conv+act), or all.
    #[arg(long, value_name = "KIND", required_unless_present = "networks")]
    kind: Option<String>,
    /// How many.
    #[arg(long, value_name = "N", required_unless_present = "networks")]
    count: Option<usize>,
    /// Draw this many networks instead, into the folder of --output.
    #[arg(long, value_name = "N", requires = "output", conflicts_with_all = ["kind", "count", "int8"])]
    networks: Option<usize>,
    /// Draw networks of this style alone (repeatable).
    #[arg(long, value_name = "STYLE", requires = "networks", value_parser = PossibleValuesParser::new(styles()))]
    style: Vec<String>,
    /// Folder for the networks, an ONNX file each.
    #[arg(short, long, value_name = "FOLDER", requires = "networks")]
    output: Option<PathBuf>,
    /// The same seed gives the same.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw int8 (QDQ) ops instead of f32 ones.
    #[arg(long)]
    int8: bool,
    /// One JSON object per line instead of a key.
    #[arg(long)]
    json: bool,
}

impl Sample {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if let (Some(networks), Some(folder)) = (self.networks, &self.output) {
            return self.networks(networks, folder);
        }
        let precision = if self.int8 { Precision::Int8 } else { Precision::F32 };
        // Both are there, or clap would have said so.
        let (kind, count) = (self.kind.as_deref().unwrap_or("all"), self.count.unwrap_or(0));
        if count == 0 {
            return Err(UsageError("--count 0: expected at least 1".to_owned()).into());
        }
        let ops = sample(kind, count, self.seed, precision)?;
        for op in &ops {
            if self.json { crate::out!("{}", op_line(op))? } else { crate::out!("{op}")? }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Writes networks, and prints a line for each.
    fn networks(&self, count: usize, folder: &Path) -> anyhow::Result<ExitCode> {
        if count == 0 {
            return Err(UsageError("--networks 0: expected at least 1".to_owned()).into());
        }
        std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
        for network in draw_networks(count, self.seed, &self.style) {
            let path = folder.join(format!("{}.onnx", network.name));
            write_atomic(&path, |writer| writer.write_all(&network.onnx))?;
            let (file, style, macs) = (path.display().to_string(), network.style, network.macs.0);
            if self.json {
                crate::out!("{}", serde_json::json!({"file": file, "style": style, "macs": macs}))?;
            } else {
                crate::out!("{file} {:.1} M MACs", macs as f64 / 1e6)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// An op with its work, as a line of JSON.
pub(super) fn op_line(op: &OpSpec) -> serde_json::Value {
    let (macs, parameters) = (op.macs().0, op.graph().parameters());
    let output = op.output().to_string();
    serde_json::json!({"key": op.key(), "macs": macs, "parameters": parameters, "output": output})
}
