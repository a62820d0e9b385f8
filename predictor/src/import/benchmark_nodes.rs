//! The tables of nodes in what `benchmark_model` prints.

/// A node.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    pub(super) kind: String,
    /// Names of its outputs where they stand in brackets, otherwise the whole name: `Delegate/Convolution:0`.
    pub(super) name: String,
    pub(super) mean_ms: f64,
}

/// What the tables that follow are of; of inference where nothing is said, as in old logs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Phase {
    Initialization,
    #[default]
    Inference,
}

/// Which table a line is in.
#[derive(Debug, Default)]
enum Section {
    /// None that is read.
    #[default]
    Other,
    /// One whose head is yet to come.
    Nodes,
    /// Nodes under these heads.
    Under(Heads),
}

/// Follows the tables of a log, line by line.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) phase: Phase,
    section: Section,
}

impl Tables {
    /// The node of a line; nothing for a line that is none.
    pub(super) fn node(&mut self, line: &str) -> Option<Result<Node, String>> {
        if line.contains("Profiling Info for") {
            let initialization = line.contains("Initialization");
            self.phase = if initialization { Phase::Initialization } else { Phase::Inference };
            self.section = Section::Other;
        }
        if line.contains("=====") {
            let of_nodes = line.contains("Run Order") && self.phase == Phase::Inference;
            self.section = if of_nodes { Section::Nodes } else { Section::Other };
        }
        match &self.section {
            Section::Under(heads) if !line.trim().is_empty() => return Some(heads.node(line.trim())),
            Section::Under(_) => self.section = Section::Other,
            Section::Nodes => {
                if let Some(heads) = Heads::read(line) {
                    self.section = Section::Under(heads);
                }
            }
            Section::Other => {}
        }
        None
    }
}

/// The columns of numbers, which stand between a node's type and its name.
#[derive(Debug)]
struct Heads {
    is_csv: bool,
    /// Whether a column is in per cent.
    is_percent: Vec<bool>,
    /// Which one is the mean.
    mean: usize,
}

impl Heads {
    fn read(line: &str) -> Option<Self> {
        let is_csv = line.contains("avg_ms");
        let heads: Vec<&str> = if is_csv {
            line.split(',').map(str::trim).collect()
        } else {
            line.split(['[', ']']).map(str::trim).filter(|head| !head.is_empty()).collect()
        };
        let [_, numbers @ .., "name" | "Name"] = &heads[..] else { return None };
        let mean = numbers.iter().position(|head| ["avg_ms", "avg ms"].contains(head))?;
        Some(Self { is_csv, is_percent: numbers.iter().map(|head| head.contains('%')).collect(), mean })
    }

    /// Types and names may have in them whatever parts the fields: the numbers tell where one ends and the other begins.
    fn node(&self, line: &str) -> Result<Node, String> {
        let wrong = || format!("`{line}` is no row of the table of nodes");
        let (fields, between): (Vec<&str>, &str) = if self.is_csv {
            (line.split(',').map(str::trim).collect(), ", ")
        } else {
            (line.split_whitespace().collect(), " ")
        };
        let count = self.is_percent.len();
        let fits = |fields: &[&str]| {
            let mut pairs = fields.iter().zip(&self.is_percent);
            pairs.all(|(text, percent)| number(text).is_some() && (*percent || !text.ends_with('%')))
        };
        let start = fields.windows(count).skip(1).position(fits).ok_or_else(wrong)? + 1;
        let (kind, rest) = fields.split_at(start);
        let mean_ms = number(rest[self.mean]).ok_or_else(wrong)?;
        // A comma within a name is a tab in the CSV.
        let name = rest[count..].join(between).replace('\t', ",");
        let in_brackets = name.strip_prefix('[').and_then(|name| name.rsplit_once(']'));
        let name = in_brackets.map_or(name.as_str(), |(outputs, _)| outputs).to_owned();
        Ok(Node { kind: kind.join(between), name, mean_ms })
    }
}

fn number(text: &str) -> Option<f64> {
    text.strip_suffix('%').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(head: &str, line: &str) -> Result<Node, String> {
        Heads::read(head).unwrap().node(line)
    }

    #[test]
    fn types_and_names_may_have_anything_in_them() {
        let head = "\t [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]";
        let found = |kind: &str, name: &str, mean_ms: f64| {
            Ok(Node { kind: kind.to_owned(), name: name.to_owned(), mean_ms })
        };
        let line = "ADD\t 0.2\t 0.1\t 1.0%\t 2.0%\t 0.000\t 1\t[a/x, b [1]]:7";
        assert_eq!(node(head, line), found("ADD", "a/x, b [1]", 0.1));
        let line = "Max Pooling 2D 3\t 0.2\t 0.1\t 1.0%\t 2.0%\t 0.000\t 1\tDelegate/Max Pooling 2D 3:12";
        assert_eq!(node(head, line), found("Max Pooling 2D 3", "Delegate/Max Pooling 2D 3:12", 0.1));
        // As it stands in reports, where tabs have become blanks.
        assert_eq!(node(head, &line.replace('\t', " ")), node(head, line));
        let line = "AllocateTensors\t 0.2\t 0.1\t 1.0%\t 2.0%\t 0.000\t 1\tAllocateTensors/0";
        assert_eq!(node(head, line), found("AllocateTensors", "AllocateTensors/0", 0.1));
        assert!(
            node(head, "ADD\t 0.2\t fast\t 1.0%\t 2.0%\t 0.000\t 1\t[a]:7").unwrap_err().contains("fast")
        );
        let head = "node type, first, avg_ms, %, cdf%, mem KB, times called, name";
        let line = "Max Pooling (NHWC, F32), 0.2, 0.1, 1.0%, 2.0%, 0, 1, Delegate/Max Pooling (NHWC\t F32):3";
        let kind = "Max Pooling (NHWC, F32)";
        assert_eq!(node(head, line), found(kind, "Delegate/Max Pooling (NHWC, F32):3", 0.1));
    }
}
