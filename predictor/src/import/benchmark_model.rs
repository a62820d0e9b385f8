//! What TFLite's `benchmark_model` prints, and the CSV of its `--profiling_output_csv_file`.
//!
//! The mean over inference runs is a network row. Its table of nodes (`Run Order`) has types and times but no shapes: a node is
//! an op row only where it is mapped to the op that it is; others are listed as not read. Nodes of the initialization and
//! tables that repeat nodes in another order are no measurements and are passed over.

use profiler::record::read_text;

use super::{Imported, ImportedRow, Source, Subject, US_PER_MS};
use crate::error::PredictorError;

pub(super) const FORMAT: super::Format = super::Format { name: "benchmark-model", takes: &[], read };
pub(super) const CSV: super::Format = super::Format { name: "benchmark-model-csv", ..FORMAT };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let mut log = Log::default();
    let mut imported = Imported::of("benchmark_model");
    for (number, line) in (1..).zip(text.lines()) {
        log.note(number, line);
        if let Some(node) = log.node(line) {
            imported.take(number, node.and_then(|node| node_row(source, &node)));
        }
    }
    let Some((line, total_us)) = log.total.or(log.runs.map(|runs| (runs.line, runs.mean_us))) else {
        if imported.rows.is_empty() && imported.refused.is_empty() {
            let reason =
                "neither an inference time nor a table of nodes; expected what benchmark_model prints";
            return Err(source.wrong(reason).into());
        }
        return Ok(imported);
    };
    let name = source.network_name(log.graph.as_deref());
    let row = ImportedRow {
        std_ms: log.runs.and_then(|runs| runs.std_us).map(|std| std / US_PER_MS),
        runs: log.runs.and_then(|runs| runs.count),
        ..ImportedRow::new(Subject::Network(name.clone()), total_us / US_PER_MS)
    };
    let row = if row.latency_ms > 0.0 { Ok(row) } else { Err("an inference time of 0".to_owned()) };
    imported.take(line, row);
    imported.notes.push(format!("the total is a network row, `{name}`, whose ops are not known"));
    Ok(imported)
}

/// Which table a line is in.
#[derive(Clone, Copy, Default)]
enum Section {
    /// None that is read.
    #[default]
    Other,
    /// One whose head is yet to come.
    Nodes,
    /// Nodes, with this many fields behind the mean, the name not counted.
    Under { fields_behind: usize, is_csv: bool },
}

/// What a line of runs says, microseconds.
#[derive(Clone, Copy)]
struct Runs {
    line: u64,
    mean_us: f64,
    std_us: Option<f64>,
    count: Option<u64>,
}

#[derive(Default)]
struct Log {
    /// Whether the tables that follow are of the initialization; of inference where nothing is said, as in old logs.
    is_initialization: bool,
    section: Section,
    total: Option<(u64, f64)>,
    runs: Option<Runs>,
    graph: Option<String>,
}

struct Node<'a> {
    kind: &'a str,
    name: &'a str,
    mean_ms: f64,
}

impl Log {
    /// Takes what stands outside tables.
    fn note(&mut self, number: u64, line: &str) {
        if let Some(path) = between(line, "Graph: [", "]") {
            self.graph = Some(path.to_owned());
        }
        if let Some(us) = after(line, "Inference (avg):").or_else(|| after(line, "no stats:")) {
            self.total = Some((number, us));
        }
        // The last such line is of the runs that count; those of single nodes come after the total.
        if self.total.is_none()
            && !self.is_initialization
            && let Some(mean_us) = after(line, "avg=")
        {
            let count = after(line, "count=").map(|count| count as u64);
            let std_us = after(line, "std=").filter(|std| *std >= 0.0);
            self.runs = Some(Runs { line: number, mean_us, std_us, count });
        }
        if line.contains("Profiling Info for") {
            self.is_initialization = line.contains("Initialization");
        }
        if line.contains("=====") {
            let of_nodes = line.contains("Run Order") && !self.is_initialization;
            self.section = if of_nodes { Section::Nodes } else { Section::Other };
        }
    }

    /// The node of a line; nothing for a line that is none.
    fn node<'a>(&mut self, line: &'a str) -> Option<Result<Node<'a>, String>> {
        match self.section {
            Section::Under { fields_behind, is_csv } if !line.trim().is_empty() => {
                return Some(node(line.trim(), fields_behind, is_csv));
            }
            Section::Under { .. } => self.section = Section::Other,
            Section::Nodes => {
                let is_csv = line.contains("avg_ms");
                let ends: &[char] = if is_csv { &[','] } else { &['[', ']'] };
                let heads = line.split(ends).map(str::trim).filter(|head| is_csv || !head.is_empty());
                let heads: Vec<&str> = heads.collect();
                let place = |names: [&str; 2]| heads.iter().position(|head| names.contains(head));
                if let (Some(mean), Some(name)) = (place(["avg_ms", "avg ms"]), place(["name", "Name"]))
                    && mean < name
                {
                    self.section = Section::Under { fields_behind: name - mean - 1, is_csv };
                }
            }
            Section::Other => {}
        }
        None
    }
}

fn node(line: &str, fields_behind: usize, is_csv: bool) -> Result<Node<'_>, String> {
    let wrong = || format!("`{line}` is no row of the table of nodes");
    let (fields, name): (Vec<&str>, &str) = if is_csv {
        let (fields, name) = line.rsplit_once(',').ok_or_else(wrong)?;
        (fields.split(',').map(str::trim).collect(), name)
    } else {
        // The name may have anything in it but its first bracket ends the fields.
        let (fields, name) = line.rsplit_once("\t[").or_else(|| line.split_once(" [")).ok_or_else(wrong)?;
        (fields.split_whitespace().collect(), name)
    };
    let place = fields.len().checked_sub(fields_behind + 1).ok_or_else(wrong)?;
    let mean_ms = fields.get(place).and_then(|text| text.parse::<f64>().ok()).ok_or_else(wrong)?;
    let name = name.trim().trim_start_matches('[');
    let name = name.rsplit_once(']').map_or(name, |(name, _)| name);
    Ok(Node { kind: fields.first().copied().unwrap_or_default(), name, mean_ms })
}

fn node_row(source: &Source, node: &Node<'_>) -> Result<ImportedRow, String> {
    let Some(subject) = source.mapped(node.name) else {
        return Err(format!("a {} without shapes; map its name to an op's key", node.kind));
    };
    if !(node.mean_ms.is_finite() && node.mean_ms > 0.0) {
        return Err(format!("`{}` takes {} ms, expected above 0", node.name, node.mean_ms));
    }
    Ok(ImportedRow::new(subject?, node.mean_ms))
}

fn between<'a>(line: &'a str, from: &str, to: &str) -> Option<&'a str> {
    line.split_once(from)?.1.split_once(to).map(|(inside, _)| inside)
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
}
