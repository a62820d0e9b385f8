//! Reading the profile that ONNX Runtime writes: which node took how long in which run.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::backend::TracedNode;

/// Operators with graphs inside, whose nodes are noted as well.
pub(super) const HOLDS_GRAPHS: [&str; 4] = ["If", "Loop", "Scan", "SequenceMap"];

/// One event of a profile; times in microseconds. Events stand in the order in which they ended.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    ts: u64,
    #[serde(default)]
    dur: u64,
    #[serde(default)]
    args: Arguments,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    op_name: String,
    #[serde(default)]
    output_type_shape: serde_json::Value,
}

/// A node, and how many notes were made while it ran, run by run: its own, and those of nodes within it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Noted {
    pub(super) node: TracedNode,
    pub(super) own: Vec<u32>,
    pub(super) within: Vec<u32>,
}

/// Sorts the events by node and run. Nodes of a graph within a node, as of a loop, are a part of that node's time.
///
/// `known` are the model's own node names. Other names lose the number that ONNX Runtime gives them anew at each load.
pub(super) fn node_times(events: &[Event], known: &HashSet<String>) -> Result<Vec<Noted>, String> {
    const KERNEL: &str = "_kernel_time";
    // Of a whole graph, one within a node among them: a note, too, but of no node.
    const GRAPH: &str = "SequentialExecutor::Execute";
    let mut runs: Vec<u64> =
        events.iter().filter(|event| event.name == "model_run").map(|event| event.ts).collect();
    runs.sort_unstable();
    // Each with the notes within it.
    let mut outermost: Vec<(Option<&str>, &Event, u32)> = Vec::new();
    for event in events {
        let name = event.name.strip_suffix(KERNEL).filter(|_| event.cat == "Node");
        if name.is_none() && event.name != GRAPH {
            continue;
        }
        let mut within = 0;
        if HOLDS_GRAPHS.contains(&event.args.op_name.as_str()) {
            // What ended before it, but began after it, is a part of it.
            while let Some((_, _, more)) = outermost.pop_if(|(_, inner, _)| inner.ts >= event.ts) {
                within += 1 + more;
            }
        }
        outermost.push((name, event, within));
    }
    let mut positions = HashMap::new();
    let mut nodes: Vec<Noted> = Vec::new();
    for (name, event, within) in outermost {
        let Some(name) = name else { continue };
        let run = runs.partition_point(|start| *start <= event.ts).checked_sub(1);
        let run = run.ok_or_else(|| format!("its profile has node `{name}` before any run"))?;
        let position = *positions.entry(name).or_insert_with(|| {
            let operator = event.args.op_name.clone();
            let name = if known.contains(name) { name.to_owned() } else { lasting_name(name, &event.args) };
            let node = TracedNode { name, operator, multiply_adds: None, run_ns: vec![0.0; runs.len()] };
            nodes.push(Noted { node, own: vec![0; runs.len()], within: vec![0; runs.len()] });
            nodes.len() - 1
        });
        let noted = &mut nodes[position];
        noted.node.run_ns[run] += event.dur as f64 * 1e3;
        noted.own[run] += 1;
        noted.within[run] += within;
    }
    if nodes.is_empty() {
        return Err("its profile names no nodes".to_owned());
    }
    Ok(nodes)
}

/// A name without its numbers; what ONNX Runtime calls by the operator alone is distinguished by the shape that it gives.
fn lasting_name(name: &str, arguments: &Arguments) -> String {
    const NUMBERED: &str = "_token_";
    let mut parts = name.split(NUMBERED);
    let mut stem = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let is_number = rest.len() < part.len() && !rest.starts_with(char::is_alphanumeric);
        stem.push_str(&if is_number { rest.to_owned() } else { format!("{NUMBERED}{part}") });
    }
    let given = arguments.output_type_shape.get(0).and_then(|value| value.as_object()?.values().next());
    let sides = given.and_then(|sides| sides.as_array()).filter(|sides| !sides.is_empty());
    match sides {
        Some(sides) if stem == arguments.op_name => {
            let sides: Vec<String> = sides.iter().map(ToString::to_string).collect();
            format!("{stem} {}", sides.join("x"))
        }
        _ => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<Event> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn events_are_sorted_by_node_and_run() {
        let events = events(
            r#"[
            {"cat":"Session","name":"model_loading_array","ts":1,"dur":5,"ph":"X","args":{}},
            {"cat":"Session","name":"model_run","ts":10,"dur":30,"args":{}},
            {"cat":"Session","name":"SequentialExecutor::Execute","ts":11,"dur":28,"args":{}},
            {"cat":"Node","name":"a_kernel_time","ts":12,"dur":7,"args":{"op_name":"Conv","provider":"CPU"}},
            {"cat":"Node","name":"a_fence_after","ts":19,"dur":0,"args":{"op_name":"Conv"}},
            {"cat":"Node","name":"b_kernel_time","ts":20,"dur":3,"args":{"op_name":"Add"}},
            {"cat":"Node","name":"b_kernel_time","ts":24,"dur":4,"args":{"op_name":"Add"}},
            {"cat":"Session","name":"model_run","ts":50,"dur":30,"args":{}},
            {"cat":"Node","name":"b_kernel_time","ts":61,"dur":5,"args":{"op_name":"Add"}},
            {"cat":"Node","name":"a_kernel_time","ts":50,"dur":9,"args":{"op_name":"Conv"}}]"#,
        );
        let node = |name: &str, operator: &str, run_ns: &[f64], own: &[u32]| Noted {
            node: TracedNode {
                name: name.to_owned(),
                operator: operator.to_owned(),
                multiply_adds: None,
                run_ns: run_ns.to_vec(),
            },
            own: own.to_vec(),
            within: vec![0; 2],
        };
        // In microseconds: a takes 7 and 9; b takes 3 + 4 (twice in the first run) and 5.
        let expected = [node("a", "Conv", &[7e3, 9e3], &[1, 1]), node("b", "Add", &[7e3, 5e3], &[2, 1])];
        assert_eq!(node_times(&events, &HashSet::new()).unwrap(), expected);
    }

    #[test]
    fn what_runs_within_a_node_is_a_part_of_it() {
        let events = events(
            r#"[
            {"cat":"Session","name":"model_run","ts":10,"dur":60,"args":{}},
            {"cat":"Node","name":"a_kernel_time","ts":12,"dur":3,"args":{"op_name":"Conv"}},
            {"cat":"Node","name":"inner_kernel_time","ts":15,"dur":9,"args":{"op_name":"MatMul"}},
            {"cat":"Node","name":"inner_kernel_time","ts":25,"dur":9,"args":{"op_name":"MatMul"}},
            {"cat":"Node","name":"loop_kernel_time","ts":15,"dur":20,"args":{"op_name":"Loop"}},
            {"cat":"Node","name":"b_kernel_time","ts":35,"dur":4,"args":{"op_name":"Add"}}]"#,
        );
        let nodes = node_times(&events, &HashSet::new()).unwrap();
        let found: Vec<_> =
            nodes.iter().map(|n| (n.node.name.as_str(), n.node.run_ns[0], n.own[0], n.within[0])).collect();
        // The loop's time holds two notes besides its own.
        assert_eq!(found, [("a", 3e3, 1, 0), ("loop", 20e3, 1, 2), ("b", 4e3, 1, 0)]);
    }

    #[test]
    fn graphs_within_graphs_and_names_that_stand_inside_and_outside() {
        // If { Loop { a, a }, b }, then a once more, by itself.
        let events = events(
            r#"[
            {"cat":"Session","name":"model_run","ts":10,"dur":90,"args":{}},
            {"cat":"Node","name":"a_kernel_time","ts":14,"dur":3,"args":{"op_name":"Neg"}},
            {"cat":"Node","name":"a_kernel_time","ts":19,"dur":3,"args":{"op_name":"Neg"}},
            {"cat":"Session","name":"SequentialExecutor::Execute","ts":13,"dur":12,"args":{}},
            {"cat":"Node","name":"loop_kernel_time","ts":13,"dur":14,"args":{"op_name":"Loop"}},
            {"cat":"Node","name":"b_kernel_time","ts":30,"dur":3,"args":{"op_name":"Neg"}},
            {"cat":"Node","name":"if_kernel_time","ts":12,"dur":24,"args":{"op_name":"If"}},
            {"cat":"Node","name":"a_kernel_time","ts":40,"dur":5,"args":{"op_name":"Neg"}}]"#,
        );
        let nodes = node_times(&events, &HashSet::new()).unwrap();
        let found: Vec<_> =
            nodes.iter().map(|n| (n.node.name.as_str(), n.node.run_ns[0], n.within[0])).collect();
        // Loop, its graph and its nodes, and b.
        assert_eq!(found, [("if", 24e3, 5), ("a", 5e3, 0)]);
    }

    #[test]
    fn numbers_that_change_with_each_load_are_no_part_of_a_name() {
        let arguments = |operator: &str, shape: &str| Arguments {
            op_name: operator.to_owned(),
            output_type_shape: serde_json::from_str(shape).unwrap(),
        };
        let image = r#"[{"float":[1,16,56,56]}]"#;
        for (name, operator, shape, expected) in [
            ("ReorderOutput_token_93", "ReorderOutput", image, "ReorderOutput 1x16x56x56"),
            ("ReorderOutput", "ReorderOutput", image, "ReorderOutput 1x16x56x56"),
            ("ReorderOutput", "ReorderOutput", r#"[{"float":[]}]"#, "ReorderOutput"),
            ("ReorderOutput_token_3", "ReorderOutput", "null", "ReorderOutput"),
            ("conv_nchwc_token_7", "Conv", image, "conv_nchwc"),
            ("_if_then_branch_token_8_LSTM", "LSTM", image, "_if_then_branch_LSTM"),
            ("a_token_1_token_22", "Conv", image, "a"),
            ("conv_token_", "Conv", image, "conv_token_"),
            ("x_token_4b", "Conv", image, "x_token_4b"),
        ] {
            assert_eq!(lasting_name(name, &arguments(operator, shape)), expected, "{name}");
        }
        // A name of the model's own stays as it is.
        let events = events(
            r#"[{"cat":"Session","name":"model_run","ts":1,"args":{}},
            {"cat":"Node","name":"a_token_1_kernel_time","ts":2,"dur":3,"args":{"op_name":"Neg"}},
            {"cat":"Node","name":"a_token_2_kernel_time","ts":6,"dur":3,"args":{"op_name":"Neg"}}]"#,
        );
        let nodes = node_times(&events, &HashSet::from(["a_token_1".to_owned()])).unwrap();
        assert_eq!([&*nodes[0].node.name, &*nodes[1].node.name], ["a_token_1", "a"]);
    }

    #[test]
    fn a_profile_without_runs_or_nodes_is_no_profile() {
        let early = events(r#"[{"cat":"Node","name":"a_kernel_time","ts":1,"dur":7}]"#);
        assert!(node_times(&early, &HashSet::new()).unwrap_err().contains("`a` before any run"));
        assert!(node_times(&events("[]"), &HashSet::new()).unwrap_err().contains("no nodes"));
    }
}
