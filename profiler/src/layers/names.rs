//! Finding a model's node by what a runtime made of its name.

use std::collections::HashMap;

use crate::onnx::Outline;

/// Names of nodes and of the values they give, longest first where one contains the other.
pub(super) struct Names<'a> {
    known: HashMap<&'a str, usize>,
    longest: usize,
}

impl<'a> Names<'a> {
    /// Nodes by name; values only where no node has that name.
    pub(super) fn of(outline: &'a Outline) -> Self {
        let mut known = HashMap::new();
        for (index, node) in outline.nodes.iter().enumerate() {
            known.entry(node.name.as_str()).or_insert(index);
        }
        for (index, node) in outline.nodes.iter().enumerate() {
            for output in node.outputs.iter().filter(|name| !name.is_empty()) {
                known.entry(output.as_str()).or_insert(index);
            }
        }
        let longest = known.keys().map(|name| name.len()).max().unwrap_or(0);
        Self { known, longest }
    }

    /// The node whose name, or whose value's name, stands in `name` as a whole: not within a longer word. The longest
    /// such name wins, then the first.
    ///
    /// Runtimes add to a node's name what became of it: `Conv_3.im2col`, `fused Conv_3`, `value3_nchwc`.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let bytes = name.as_bytes();
        // Where a name may begin, and where it may end.
        let starts: Vec<usize> =
            (0..bytes.len()).filter(|i| *i == 0 || !(is_word(bytes[i - 1]) && is_word(bytes[*i]))).collect();
        let ends: Vec<usize> = (1..=bytes.len())
            .filter(|i| *i == bytes.len() || !(is_word(bytes[i - 1]) && is_word(bytes[*i])))
            .collect();
        let mut best: Option<(usize, usize)> = None;
        for start in starts {
            for end in ends.iter().copied().filter(|end| *end > start && end - start <= self.longest) {
                let found = name.get(start..end).and_then(|part| self.known.get(part));
                if let Some(node) = found
                    && best.is_none_or(|(length, _)| end - start > length)
                {
                    best = Some((end - start, *node));
                }
            }
        }
        best.map(|(_, node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::OutlineNode;

    #[test]
    fn what_runtimes_make_of_names_is_seen_through() {
        let node = |name: &str, output: &str| OutlineNode {
            name: name.to_owned(),
            operator: "Conv".to_owned(),
            inputs: vec![],
            outputs: vec![output.to_owned()],
            op: None,
        };
        let outline = Outline {
            nodes: vec![
                node("Conv_value1", "value1"),
                node("Conv_value12", "value12"),
                node("/block/Conv", "/block/Conv_output_0"),
                node("Конв", "v"),
            ],
            ops: vec![],
        };
        let names = Names::of(&outline);
        for (runtime, expected) in [
            ("Conv_value1", Some(0)),
            ("Conv_value1.im2col", Some(0)),
            ("fused Conv_value12", Some(1)),
            ("value12_nchwc", Some(1)),
            ("value1_nchwc", Some(0)),
            // Not `value1` followed by a digit that belongs to another name.
            ("value123", None),
            ("xvalue1", None),
            ("/block/Conv_output_0.cast", Some(2)),
            ("/block/Conv/axis_0", Some(2)),
            ("Конв.im2col", Some(3)),
            ("ReorderInput", None),
            ("", None),
        ] {
            assert_eq!(names.find(runtime), expected, "{runtime}");
        }
    }
}
