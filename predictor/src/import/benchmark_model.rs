//! What TFLite's `benchmark_model` prints, and the CSV of its `--profiling_output_csv_file`.
//!
//! The mean over inference runs is a network row. Its table of nodes (`Run Order`) has types and times but no shapes: a node is
//! an op row only where it is mapped to the op that it is; others are listed as not read. Nodes of the initialization and
//! tables that repeat nodes in another order are no measurements and are passed over.

use profiler::record::{ReadError, read_text};

use super::{Imported, ImportedRow, Source, Subject};
use crate::error::PredictorError;

const US_PER_MS: f64 = 1e3;

pub(super) const FORMAT: super::Format = super::Format { name: "benchmark-model", takes: &[], read };
pub(super) const CSV: super::Format = super::Format { name: "benchmark-model-csv", ..FORMAT };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let mut log =
        Log { phase: Phase::Inference, section: Section::Other, total: None, runs: None, graph: None };
    let mut imported = Imported { measured: "benchmark_model".to_owned(), ..Imported::default() };
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        log.note(number, line);
        if let Some(node) = log.node(line) {
            imported.take(number, node.and_then(|node| node_row(source, &node)));
        }
    }
    let Some((line, total_us)) = log.total.or(log.runs.map(|runs| (runs.line, runs.mean_us))) else {
        if imported.rows.is_empty() && imported.refused.is_empty() {
            let reason =
                "neither an inference time nor a table of nodes; expected what benchmark_model prints"
                    .to_owned();
            return Err(ReadError::Content { path: source.file.clone(), reason }.into());
        }
        return Ok(imported);
    };
    let name = source.network_name(log.graph.as_deref());
    let row = ImportedRow {
        line,
        subject: Subject::Network(name.clone()),
        latency_ms: total_us / US_PER_MS,
        std_ms: log.runs.and_then(|runs| runs.std_us).map(|std| std / US_PER_MS),
        runs: log.runs.and_then(|runs| runs.count),
        group: None,
    };
    imported
        .take(line, if row.latency_ms > 0.0 { Ok(row) } else { Err("an inference time of 0".to_owned()) });
    imported.notes.push(format!("the total is a network row, `{name}`, whose ops are not known"));
    Ok(imported)
}

/// Which table a line is in.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    /// None that is read.
    Other,
    /// One whose head is yet to come.
    Nodes,
    /// Nodes, with this many fields behind the mean, the name not counted.
    Under { fields_behind: usize, format: Format },
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Text,
    Csv,
}

/// What a line of runs says, microseconds.
#[derive(Clone, Copy)]
struct Runs {
    line: u64,
    mean_us: f64,
    std_us: Option<f64>,
    count: Option<u64>,
}

/// What the tables that follow are of; of inference where nothing is said, as in old logs.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Initialization,
    Inference,
}

struct Log {
    phase: Phase,
    section: Section,
    total: Option<(u64, f64)>,
    runs: Option<Runs>,
    graph: Option<String>,
}

/// The standard deviation of a line of timings, where there is a sensible one.
fn spread_us(line: &str) -> Option<f64> {
    after(line, "std=").filter(|std| *std >= 0.0)
}

struct Node {
    kind: String,
    name: String,
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
            && self.phase == Phase::Inference
            && let Some(mean_us) = after(line, "avg=")
        {
            let count = after(line, "count=").map(|count| count as u64);
            self.runs = Some(Runs { line: number, mean_us, std_us: spread_us(line), count });
        }
        if line.contains("Profiling Info for") {
            let initialization = line.contains("Initialization");
            self.phase = if initialization { Phase::Initialization } else { Phase::Inference };
        }
        if line.contains("=====") {
            let of_nodes = line.contains("Run Order") && self.phase == Phase::Inference;
            self.section = if of_nodes { Section::Nodes } else { Section::Other };
        }
    }

    /// The node of a line; nothing for a line that is none.
    fn node(&mut self, line: &str) -> Option<Result<Node, String>> {
        match self.section {
            Section::Under { fields_behind, format } if !line.trim().is_empty() => {
                return Some(node(line, fields_behind, format));
            }
            Section::Under { .. } => self.section = Section::Other,
            Section::Nodes => {
                let (format, heads): (Format, Vec<&str>) = if line.contains("avg_ms") {
                    (Format::Csv, line.split(',').map(str::trim).collect())
                } else {
                    (Format::Text, line.split(['[', ']']).map(str::trim).filter(|h| !h.is_empty()).collect())
                };
                let place = |names: [&str; 2]| heads.iter().position(|head| names.contains(head));
                if let (Some(mean), Some(name)) = (place(["avg_ms", "avg ms"]), place(["name", "Name"]))
                    && mean < name
                {
                    self.section = Section::Under { fields_behind: name - mean - 1, format };
                }
            }
            Section::Other => {}
        }
        None
    }
}

fn node(line: &str, fields_behind: usize, format: Format) -> Result<Node, String> {
    let line = line.trim();
    let wrong = || format!("`{line}` is no row of the table of nodes");
    let (fields, name): (Vec<&str>, &str) = match format {
        // The name may have anything in it but its first bracket ends the fields.
        Format::Text => {
            let (fields, name) =
                line.rsplit_once("\t[").or_else(|| line.split_once(" [")).ok_or_else(wrong)?;
            (fields.split_whitespace().collect(), name)
        }
        Format::Csv => {
            let (fields, name) = line.rsplit_once(',').ok_or_else(wrong)?;
            (fields.split(',').map(str::trim).collect(), name)
        }
    };
    let place = fields.len().checked_sub(fields_behind + 1).ok_or_else(wrong)?;
    let mean_ms = fields.get(place).and_then(|text| text.parse::<f64>().ok()).ok_or_else(wrong)?;
    let name = name.trim().trim_start_matches('[');
    let name = name.rsplit_once(']').map_or(name, |(name, _)| name);
    Ok(Node { kind: fields.first().copied().unwrap_or_default().to_owned(), name: name.to_owned(), mean_ms })
}

fn node_row(source: &Source, node: &Node) -> Result<ImportedRow, String> {
    let Some(subject) = source.mapped(&node.name) else {
        return Err(format!("a {} without shapes; map its name to an op's key", node.kind));
    };
    if !(node.mean_ms.is_finite() && node.mean_ms > 0.0) {
        return Err(format!("`{}` takes {} ms, expected above 0", node.name, node.mean_ms));
    }
    Ok(ImportedRow {
        line: 0,
        subject: subject?,
        latency_ms: node.mean_ms,
        std_ms: None,
        runs: None,
        group: None,
    })
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
        let folder = tempfile::tempdir().unwrap();
        let mut source = Source { file: folder.path().join("log.txt"), ..Source::default() };
        change(&mut source);
        std::fs::write(&source.file, text).unwrap();
        source.read("benchmark-model").map_err(|e| e.to_string())
    }

    #[test]
    fn the_total_is_a_network_and_nodes_are_ops_where_told() {
        let key = "conv-8x8x3-o8-k3-s1-relu6";
        let found = import(LOG, |s| s.renamed = vec![("a/Relu6".to_owned(), key.to_owned())]).unwrap();
        let rows: Vec<_> =
            found.rows.iter().map(|r| (r.line, r.subject.key(), r.latency_ms, r.runs)).collect();
        assert_eq!(rows, [(14, key.to_owned(), 3.25, None), (6, "net".to_owned(), 80.5, Some(50))]);
        assert_eq!(found.rows[1].std_ms, Some(0.9));
        assert_eq!(found.refused.len(), 1);
        assert_eq!(found.refused[0].line, 15);
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
        let rows: Vec<_> = found.rows.iter().map(|r| (r.line, r.subject.key(), r.latency_ms)).collect();
        assert_eq!(rows, [(4, "conv-8x8x3-o8-k3-s1".to_owned(), 0.093), (7, "mine".to_owned(), 0.2045)]);
        assert_eq!(found.refused[0].line, 5);
        assert!(import("hello\n", |_| {}).unwrap_err().contains("benchmark_model"));
        assert!(import(LOG, |s| s.unit_ms = Some(1.0)).unwrap_err().contains("unit is"));
    }
}
