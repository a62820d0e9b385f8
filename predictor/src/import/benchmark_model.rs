//! What TFLite's `benchmark_model` prints, and the CSV of its `--profiling_output_csv_file`.
//!
//! The mean over inference runs is a network row; a log may hold several networks, one after the other. A table of nodes
//! (`Run Order`) has types and times but no shapes: a node is an op row only where it is mapped to the op that it is; others are
//! listed as not read. Nodes of the initialization and tables that repeat nodes in another order are no measurements and are
//! passed over.

use std::collections::BTreeMap;

use profiler::record::read_text;

use super::benchmark_nodes::{Node, Phase, Tables};
use super::{Imported, ImportedRow, Source, Subject, US_PER_MS};
use crate::error::PredictorError;

pub(super) const FORMAT: super::Format = super::Format { name: "benchmark-model", takes: &[], read };
pub(super) const CSV: super::Format = super::Format { name: "benchmark-model-csv", ..FORMAT };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let mut imported = Imported::of("benchmark_model");
    let (mut networks, mut network, mut tables) = (Vec::new(), Network::default(), Tables::default());
    for (number, line) in (1..).zip(text.lines()) {
        if network.ends_before(line) {
            networks.push(std::mem::take(&mut network));
            tables = Tables::default();
        }
        network.note(number, line, tables.phase);
        if let Some(node) = tables.node(line) {
            imported.take(number, node.and_then(|node| node_row(source, &node)));
        }
    }
    networks.push(network);
    let mut graphs = BTreeMap::new();
    for network in networks {
        if let Some((line, row)) = network.row(source, &mut graphs) {
            imported.take(line, row);
        }
    }
    if imported.rows.is_empty() && imported.refused.is_empty() {
        let reason = "neither an inference time nor a table of nodes; expected what benchmark_model prints";
        return Err(source.wrong(reason).into());
    }
    let note = |name: &String| format!("the total is a network row, `{name}`, whose ops are not known");
    imported.notes.extend(graphs.keys().map(note));
    Ok(imported)
}

/// What a line of timings says, microseconds.
#[derive(Clone, Copy)]
struct Timings {
    line: u64,
    mean_us: f64,
    std_us: Option<f64>,
    count: Option<u64>,
}

/// A network, as one call of the program tells of it.
#[derive(Default)]
struct Network {
    /// Its file, and where that is named.
    graph: Option<(u64, String)>,
    total: Option<(u64, f64)>,
    timings: Option<Timings>,
}

impl Network {
    /// Whether a line is of another call.
    fn ends_before(&self, line: &str) -> bool {
        let is_measured = self.total.is_some() || self.timings.is_some();
        match (graph(line), &self.graph) {
            (Some(path), Some((_, known))) => is_measured || path != known,
            (Some(_), None) => is_measured,
            (None, known) => {
                let begins = line.contains("STARTING!") && (is_measured || known.is_some());
                begins || (self.total.is_some() && total(line).is_some())
            }
        }
    }

    /// Takes what stands outside tables.
    fn note(&mut self, number: u64, line: &str, phase: Phase) {
        if let Some(path) = graph(line) {
            self.graph = Some((number, path.to_owned()));
        }
        if let Some(us) = total(line) {
            self.total = Some((number, us));
        }
        // The last such line is of the runs that count; those of single nodes come after the total.
        if self.total.is_none()
            && phase == Phase::Inference
            && let Some(mean_us) = after(line, "avg=")
        {
            let count = after(line, "count=").map(|count| count as u64);
            let std_us = after(line, "std=").filter(|std| *std >= 0.0);
            self.timings = Some(Timings { line: number, mean_us, std_us, count });
        }
    }

    /// Its row and where it stands; nothing where the log tells of none. `graphs` are files by the names of their networks.
    fn row(
        self,
        source: &Source,
        graphs: &mut BTreeMap<String, Option<String>>,
    ) -> Option<(u64, Result<ImportedRow, String>)> {
        let (graph_line, graph) = self.graph.unzip();
        let Some((line, total_us)) =
            self.total.or(self.timings.map(|timings| (timings.line, timings.mean_us)))
        else {
            let graph = graph?;
            return Some((
                graph_line?,
                Err(format!("`{graph}` has no inference time: it was not run to the end")),
            ));
        };
        if total_us <= 0.0 {
            return Some((line, Err(format!("an inference time of {total_us}"))));
        }
        let name = source.network_name(graph.as_deref());
        let known = graphs.entry(name.clone()).or_insert_with(|| graph.clone());
        if *known != graph {
            let path = |graph: &Option<String>| {
                graph.clone().unwrap_or_else(|| "a file that is not named".to_owned())
            };
            let reason = format!("`{}` would be called `{name}`, as `{}` is", path(&graph), path(known));
            return Some((line, Err(reason)));
        }
        let row = ImportedRow {
            std_ms: self.timings.and_then(|timings| timings.std_us).map(|std| std / US_PER_MS),
            runs: self.timings.and_then(|timings| timings.count),
            ..ImportedRow::new(Subject::Network(name), total_us / US_PER_MS)
        };
        Some((line, Ok(row)))
    }
}

fn node_row(source: &Source, node: &Node) -> Result<ImportedRow, String> {
    let Some(subject) = source.mapped(&node.name) else {
        return Err(format!("a {} without shapes; map its name to an op's key", node.kind));
    };
    if !(node.mean_ms.is_finite() && node.mean_ms > 0.0) {
        return Err(format!("`{}` takes {} ms, expected above 0", node.name, node.mean_ms));
    }
    Ok(ImportedRow::new(subject?, node.mean_ms))
}

fn graph(line: &str) -> Option<&str> {
    line.split_once("Graph: [")?.1.split_once(']').map(|(path, _)| path)
}

fn total(line: &str) -> Option<f64> {
    after(line, "Inference (avg):").or_else(|| after(line, "no stats:"))
}

/// The number behind a word; finite.
fn after(line: &str, word: &str) -> Option<f64> {
    let rest = line.split_once(word)?.1.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
    rest[..end].parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
Graph: [/data/net.tflite]
INFO: count=5 first=90 curr=81 min=79 max=101 avg=88000 std=59

INFO: count=50 first=80 curr=81 min=79 max=83 avg=8.0e+04 std=900

INFO: Inference timings in us: Init: 5, First inference: 9, Warmup (avg): 8, Inference (avg): 80500
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t  [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t  AllocateTensors\t 0.1\t 0.1\t 100.000%\t 100.000%\t 0.000\t 1\tAllocateTensors/0
Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t  [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t  CONV_2D\t 3.1\t 3.25\t 4.026%\t 4.026%\t 0.000\t 1\t[a/Relu6]:0
\t  Fully Connected (NC, F32) GEMM\t 0.1\t 0.2\t 1%\t 2%\t 0.000\t 1\t[b]:1

============================== Top by Computation Time ==============================
\t  [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t  CONV_2D\t 3.1\t 3.25\t 4.026%\t 4.026%\t 0.000\t 1\t[a/Relu6]:0
Timings (microseconds): count=50 first=80 curr=80 min=79 max=83 avg=70000 std=87
";

    fn import(text: &str, change: impl FnOnce(&mut Source)) -> Result<Imported, String> {
        crate::import::import("benchmark-model", text, change)
    }

    #[test]
    fn the_total_is_a_network_and_nodes_are_ops_where_mapped() {
        let key = "conv-8x8x3-o8-k3-s1-relu6";
        let found = import(LOG, |s| s.renamed = vec![("a/Relu6".to_owned(), key.to_owned())]).unwrap();
        assert_eq!(found.figures(), [(14, key.to_owned(), 3.25), (6, "net".to_owned(), 80.5)]);
        let [node, whole] = &found.rows[..] else { panic!("{found:?}") };
        assert_eq!((node.runs, whole.runs, whole.std_ms), (None, Some(50), Some(0.9)));
        assert_eq!(found.refused_lines(), [15]);
        assert!(found.refused[0].reason.contains("without shapes"));
    }

    #[test]
    fn the_csv_is_read_the_same_way() {
        let text = "Operator-wise Profiling Info for Regular Benchmark Runs:\n\
                    ============================== Run Order ==============================\n\
                    node type, start, first, avg_ms, %, cdf%, mem KB, times called, name\n\
                    CONV_2D, 0, 0.11, 0.093, 44.8994%, 44.8994%, 0, 1, [s/conv2d]:0\n\
                    ELU, 0, 0.11, x, 44.8994%, 44.8994%, 0, 1, [s/elu]:1\n\nTimings (microseconds): count=9 avg=204.5 std=3\n";
        let map = vec![("s/conv2d".to_owned(), "conv-8x8x3-o8-k3-s1".to_owned())];
        let found = import(text, |s| (s.renamed, s.network) = (map, Some("mine".to_owned()))).unwrap();
        let expected = [(4, "conv-8x8x3-o8-k3-s1".to_owned(), 0.093), (7, "mine".to_owned(), 0.2045)];
        assert_eq!((found.figures(), found.refused_lines()), (expected.into(), vec![5]));
        assert!(import("hello\n", |_| {}).unwrap_err().contains("benchmark_model"));
        assert!(import(LOG, |s| s.unit_ms = Some(1.0)).unwrap_err().contains("unit is"));
    }

    #[test]
    fn a_log_of_several_networks_has_a_row_for_each() {
        let run = |path: &str, us: &str| {
            format!(
                "STARTING!\nGraph: [{path}]\ncount=9 avg={us} std=3\nInference timings in us: Inference (avg): {us}\n"
            )
        };
        // The second was killed; the fourth is the first once more; the last has the name of another.
        let runs = [run("/a/one.tflite", "1500"), "STARTING!\nGraph: [/a/two.tflite]\n".to_owned()];
        let more =
            [run("/a/three.tflite", "2500"), run("/a/one.tflite", "1700"), run("/b/three.tflite", "9")];
        let text = runs.into_iter().chain(more).collect::<String>();
        let found = import(&text, |_| {}).unwrap();
        let rows: Vec<_> = found.rows.iter().map(|r| (r.subject.key(), r.latency_ms, r.runs)).collect();
        let expected = [("one", 1.5), ("three", 2.5), ("one", 1.7)];
        assert_eq!(rows, expected.map(|(name, ms)| (name.to_owned(), ms, Some(9))));
        let refused: Vec<_> = found.refused.iter().map(|r| (r.line, r.reason.as_str())).collect();
        let expected = [
            (6, "`/a/two.tflite` has no inference time: it was not run to the end"),
            (18, "`/b/three.tflite` would be called `three`, as `/a/three.tflite` is"),
        ];
        assert_eq!(refused, expected);
        assert_eq!(found.notes.len(), 2);
        // Names of files that logs do not tell: the later of two totals is another run.
        let totals = import("Inference (avg): 1500\nInference (avg): 2500\n", |_| {}).unwrap();
        assert_eq!(totals.rows.iter().map(|row| row.latency_ms).collect::<Vec<_>>(), [1.5, 2.5]);
        // One name for two networks.
        let named = import(&text, |source| source.network = Some("mine".to_owned())).unwrap();
        assert_eq!(named.rows.len(), 2);
        assert!(named.refused[1].reason.contains("`/a/three.tflite` would be called `mine`"), "{named:?}");
    }

    #[test]
    fn ops_of_a_delegate_are_mapped_by_their_whole_names() {
        let text = LOG.replace("[b]:1", "Delegate/Fully Connected (NC, F32) GEMM:1");
        let map = ("Delegate/Fully Connected (NC, F32) GEMM:1".to_owned(), "linear-1x1x64-o8".to_owned());
        let found = import(&text, |source| source.renamed = vec![map]).unwrap();
        assert_eq!(
            (found.rows[0].subject.key().as_str(), found.rows[0].latency_ms),
            ("linear-1x1x64-o8", 0.2)
        );
        // The other node is listed, by the whole name of its type.
        let refused = import(&text, |_| {}).unwrap().refused;
        assert!(
            refused[1].reason.starts_with("a Fully Connected (NC, F32) GEMM without shapes"),
            "{refused:?}"
        );
    }
}
