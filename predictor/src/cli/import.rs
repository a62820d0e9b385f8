//! `predictor import`: foreign latency tables into ours.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use profiler::record::{Cache, check_apart, session_path};
use serde_json::json;

use super::{cache_named, output};
use crate::error::PredictorError;
use crate::import::{FORMATS, Refused, Source, write_imported};
use crate::rows::ImportSession;

/// Converts a latency table of another tool into a measurement table.
#[derive(Debug, Args)]
#[command(
    after_help = "Columns of a CSV table: input_hw (56, or 56x96), in_channels, out_channels, kernel, stride; for mbconv also expansion or \
                  expanded_channels, activation or hswish, se, residual; for conv also groups, activation; for nasbench201 \
                  and fbnet arch; for key a key of ours; for maxpool, avgpool, gpool, linear, add, mul, concat, act, upsample, softmax the \
                  sizes they have (more_channels of a concat's second map, gate, factor, interpolation). Others are mapped \
                  with --map. The latency is the column that ends in _ms or _us.\n\nbenchmark-model and \
                  onnxruntime-profile: the total is a network row; nodes are op rows where the file has their shapes or \
                  --map NODE=KEY says which op they are.\n\nmobile-gpu-csv: ops as a GPU delegate ran them inside networks (model, \
                  operation, feature, PHONE_us, PHONE_kernel), one phone at a time (--latency-column PHONE), and with --totals \
                  the networks (model, PHONE_mean_us).\n\nExample:\n  \
                  predictor import phone.csv --format csv --kind mbconv --map hw=input_hw --device phone -o table.csv\n  \
                  predictor import profiled_conv-bn-relu.json --format nn-meter-json --device phone -o table.csv\n  \
                  predictor import log.txt --format benchmark-model --network mine --device phone -o table.csv"
)]
pub(super) struct Import {
    /// The foreign table.
    file: PathBuf,
    /// Its format.
    #[arg(long, value_parser = PossibleValuesParser::new(FORMATS.iter().map(|format| format.name)))]
    format: String,
    /// What a row of a CSV table is: mbconv, conv, nasbench201, fbnet, key, or any other kind of op.
    #[arg(long)]
    kind: Option<String>,
    /// The column of the latency, or the device it is of, where there are several.
    #[arg(long, value_name = "NAME")]
    latency_column: Option<String>,
    /// The unit of the latency, where its column does not say it.
    #[arg(long, value_parser = PossibleValuesParser::new(["ms", "us"]))]
    unit: Option<String>,
    /// A column that is called otherwise than ours, or the key of a node's op; may be given several times.
    #[arg(long, value_name = "THEIRS=OURS", value_parser = renamed)]
    map: Vec<(String, String)>,
    /// Name of the network whose total the file has; without it, what the file calls it.
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Column of a CSV table that says what rows were measured together with (the resolution of a series), where such a group
    /// as a whole is what is new later: intervals are for new groups then.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Table with the latencies of the networks whose ops are in the first, for mobile-gpu-csv.
    #[arg(long, value_name = "FILE")]
    totals: Option<PathBuf>,
    /// Name of the device; without it, what the latency is called.
    #[arg(long)]
    device: Option<String>,
    /// Name of the runtime.
    #[arg(long, default_value = "unknown")]
    runtime: String,
    /// Threads of the runtime; 0 for not known.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// What the caches held when rows were measured.
    #[arg(long, default_value = "hot", value_parser = PossibleValuesParser::new(["hot", "cold", "in_place"]))]
    cache: String,
    /// Where to write the measurement table (CSV).
    #[arg(short, long, value_name = "TABLE")]
    output: PathBuf,
    /// Write nothing when a row cannot be read.
    #[arg(long)]
    strict: bool,
    /// A JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn renamed(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((theirs, ours)) if !theirs.is_empty() && !ours.is_empty() => {
            Ok((theirs.to_owned(), ours.to_owned()))
        }
        _ => Err("expected THEIRS=OURS".to_owned()),
    }
}

impl Import {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let unit_ms = self.unit.map(|unit| if unit == "ms" { 1.0 } else { 1e-3 });
        let cache = cache_named(&self.cache).unwrap_or(Cache::Hot);
        let Self { file, kind, latency_column, map: renamed, network, group, totals, .. } = self;
        let source = Source { file, kind, latency_column, unit_ms, renamed, network, group, totals };
        for written in [&self.output, &session_path(&self.output)] {
            let read = [Some(&source.file), source.totals.as_ref()].into_iter().flatten();
            check_apart(written, read.map(PathBuf::as_path)).map_err(PredictorError::from)?;
        }
        let imported = source.read(&self.format)?;
        let device = self.device.unwrap_or_else(|| imported.measured.clone());
        let conditions = ImportSession::conditions(&device, &self.runtime, self.threads);
        if self.strict
            && let Some(reason) = imported.first_refused()
        {
            return Err(PredictorError::NothingImported { file: source.file, reason }.into());
        }
        let notes = imported.notes.clone();
        let written = write_imported(&source, &self.format, imported, conditions, cache, &self.output)?;
        profiler::note!("wrote {}", self.output.display());
        if self.json {
            let refused = |r: &Refused| json!({"line": r.line, "reason": r.reason});
            return output::json(&json!({
                "subjects": written.subjects,
                "rows_read": written.rows_read,
                "rows_refused": written.refused.len(),
                "notes": notes,
                "refused": written.refused.iter().map(refused).collect::<Vec<_>>(),
            }));
        }
        let (subjects, rows, refused) = (written.subjects, written.rows_read, written.refused.len());
        let read =
            format!("{subjects} subjects from {rows} rows of {device}; {refused} rows could not be read");
        let mut lines = vec![read];
        lines.extend(by_reason(&written.refused));
        lines.extend(notes.into_iter().map(|note| format!("note: {note}")));
        Ok(lines.join("\n"))
    }
}

/// Lines that cannot be read, by why: `lines 3, 7-9: no ...`.
fn by_reason(refused: &[Refused]) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    refused.iter().for_each(|refused| reasons.entry(&refused.reason).or_default().push(refused.line));
    let mut shown: Vec<(&str, Vec<u64>)> = reasons.into_iter().collect();
    shown.sort_by_key(|(_, lines)| lines.first().copied());
    shown.into_iter().map(|(reason, lines)| format!("  lines {}: {reason}", ranges(&lines))).collect()
}

fn ranges(lines: &[u64]) -> String {
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for &line in lines {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => parts.push((line, line)),
        }
    }
    let part =
        |(first, last): (u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    parts.into_iter().map(part).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_grouped_by_reason() {
        let refused = |line, reason: &str| Refused { line, reason: reason.to_owned() };
        let found =
            by_reason(&[refused(2, "b"), refused(3, "a"), refused(4, "a"), refused(5, "b"), refused(6, "a")]);
        assert_eq!(found, ["  lines 2, 5: b", "  lines 3-4, 6: a"]);
    }
}
