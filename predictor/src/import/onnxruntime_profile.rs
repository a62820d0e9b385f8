//! The profile that ONNX Runtime writes: a JSON array of events.
//!
//! Events of category `Node` whose name ends in `_kernel_time` are runs of a node; with the shapes of its inputs and output
//! they are op rows, the median over runs. `model_run` events are runs of the whole network: a network row. Where something ran
//! more than once its first run, which warms up, is left out. Other events (loading, fences, sequences) are no measurements.

use std::collections::BTreeMap;

use profiler::{measure::median, record::read_text};
use serde_json::Value;

use super::json_lines::lines_at;
use super::onnxruntime_nodes::Node;
use super::{Format, Imported, ImportedRow, Source, Subject, US_PER_MS};
use crate::error::PredictorError;

/// Runs of one node or of the network.
struct Runs<'a> {
    line: u64,
    event: &'a Value,
    us: Vec<f64>,
}

pub(super) const FORMAT: Format = Format { name: "onnxruntime-profile", takes: &[], read };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let events: Vec<Value> = serde_json::from_str(&text).map_err(|e| source.wrong(e.to_string()))?;
    let lines = lines_at(&text, 1);
    let mut imported = Imported::of("onnxruntime");
    // By order of the first run.
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut measured: Vec<Runs<'_>> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let Some(name) = subject(event) else { continue };
        let line = lines.get(index).copied().unwrap_or(0);
        let place = *places.entry(name).or_insert_with(|| {
            measured.push(Runs { line, event, us: Vec::new() });
            measured.len() - 1
        });
        match event.get("dur").and_then(Value::as_f64).filter(|us| *us >= 0.0) {
            Some(us) => measured[place].us.push(us),
            None => imported.take(line, Err("an event without `dur`, microseconds".to_owned())),
        }
    }
    let mut assumed: BTreeMap<&'static str, usize> = BTreeMap::new();
    for runs in measured {
        imported.take(runs.line, runs.row(source, &mut assumed));
    }
    if imported.rows.is_empty() && imported.refused.is_empty() {
        return Err(source.wrong("no runs of nodes; expected a profile of ONNX Runtime").into());
    }
    imported.notes.extend(assumed.into_iter().map(|(note, nodes)| format!("{nodes} nodes: {note}")));
    Ok(imported)
}

/// What an event is a run of: the node by its name and index, or the network.
fn subject(event: &Value) -> Option<String> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    match (text("cat")?, text("name")?) {
        ("Session", "model_run") => Some("model_run".to_owned()),
        ("Node", name) => {
            let name = name.strip_suffix("_kernel_time")?;
            let index = event.get("args").and_then(|args| args.get("node_index"));
            Some(format!("node {name} {}", index.map_or_else(String::new, Value::to_string)))
        }
        _ => None,
    }
}

impl Runs<'_> {
    fn row(
        &self,
        source: &Source,
        assumed: &mut BTreeMap<&'static str, usize>,
    ) -> Result<ImportedRow, String> {
        let name = self.event.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = name.strip_suffix("_kernel_time").unwrap_or(name);
        let subject = if name == "model_run" {
            Subject::Network(source.network_name(None))
        } else if let Some(mapped) = source.mapped(name) {
            mapped?
        } else {
            let node = Node::read(name, self.event.get("args").unwrap_or(&Value::Null))?;
            let (subject, note) = node.op()?;
            note.into_iter().for_each(|note| *assumed.entry(note).or_default() += 1);
            subject
        };
        let counted = if self.us.len() > 1 { &self.us[1..] } else { &self.us[..] };
        let (median, std) = median_and_std(counted).ok_or_else(|| format!("no run of `{name}`"))?;
        if median <= 0.0 {
            // Profiles are in whole microseconds.
            return Err("took less than the microsecond that a profile can resolve".to_owned());
        }
        let (std_ms, runs) = (std.map(|std| std / US_PER_MS), Some(counted.len() as u64));
        Ok(ImportedRow { std_ms, runs, ..ImportedRow::new(subject, median / US_PER_MS) })
    }
}

/// The standard deviation is that of a single run; nothing for one.
fn median_and_std(runs: &[f64]) -> Option<(f64, Option<f64>)> {
    let (n, middle) = (runs.len(), median(runs)?);
    let mean = runs.iter().sum::<f64>() / n as f64;
    let squares: f64 = runs.iter().map(|us| (us - mean).powi(2)).sum();
    Some((middle, (n > 1).then(|| (squares / (n as f64 - 1.0)).sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Result<Imported, String> {
        crate::import::import("onnxruntime-profile", text, |source| source.network = Some("net".to_owned()))
    }

    #[test]
    fn nodes_with_shapes_are_ops_and_the_whole_is_a_network() {
        let conv = |us: u32| {
            format!(
                r#"{{"cat" : "Node","dur" :{us},"name" :"c_kernel_time","args" : {{"op_name" : "Conv","node_index" : "0",
"input_type_shape" : [{{"float":[1,3,8,8]}},{{"float":[16,3,3,3]}},{{"float":[16]}}],"output_type_shape" : [{{"float":[1,16,4,4]}}]}}}}"#
            )
        };
        let fence = r#"{"cat":"Node","dur":1,"name":"c_fence_before","args":{"op_name":"Conv"}}"#;
        let pool = r#"{"cat":"Node","dur":9,"name":"p_kernel_time","args":{"op_name":"MaxPool","input_type_shape":[{"float":[1,3,8,8]}],"output_type_shape":[{"float":[1,3,4,4]}]}}"#;
        let whole = r#"{"cat":"Session","dur":1000,"name":"model_run","args":{}}"#;
        let text = format!("[\n{}\n,{fence},\n{},{},\n{pool},\n{whole}]", conv(900), conv(100), conv(104));
        let found = import(&text).unwrap();
        // The first run is left out; the median of 100 and 104 is 102, their deviation √8.
        let key = "conv-8x8x3-o16-k3-s2".to_owned();
        assert_eq!(found.figures(), [(2, key, 0.102), (9, "net".to_owned(), 1.0)]);
        assert_eq!((found.rows[0].runs, found.rows[1].runs), (Some(2), Some(1)));
        assert!((found.rows[0].std_ms.unwrap() - 8.0_f64.sqrt() * 1e-3).abs() < 1e-12);
        assert_eq!(found.refused[0].line, 8);
        assert!(found.refused[0].reason.contains("MaxPool"), "{:?}", found.refused);
        assert!(import("[{}]").unwrap_err().contains("no runs"));
        assert!(import("[{").is_err() && import("{}").is_err());
    }
}
