//! Branches in the place of what chooses them.

use super::super::proto::{
    Attribute, Dimension, FLOAT, GRAPH as GRAPH_ATTRIBUTE, Graph, INT64, Model, OperatorSet, Shape,
    TensorType, Type,
};
use super::*;
use crate::onnx::{InputValues, give_values};

fn node(name: &str, op_type: &str, inputs: &[&str], output: &str) -> Node {
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let (name, op_type) = (name.to_owned(), op_type.to_owned());
    Node { name, op_type, input: named(inputs), output: named(&[output]), ..Node::default() }
}

fn info(name: &str, elem_type: i32, sides: &[i64]) -> ValueInfo {
    let dim = |&dim_value: &i64| Dimension { dim_value, ..Dimension::default() };
    let shape = Some(Shape { dim: sides.iter().map(dim).collect() });
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type { tensor_type: Some(TensorType { elem_type, shape }) }),
    }
}

fn graph(node: Vec<Node>, output: &str) -> Graph {
    Graph { node, output: vec![info(output, FLOAT, &[1, 8])], ..Graph::default() }
}

fn number(name: &str, value: i64) -> Tensor {
    Tensor { name: name.to_owned(), data_type: INT64, int64_data: vec![value], ..Tensor::default() }
}

fn choice(name: &str, condition: &str, branches: [Graph; 2], output: &str) -> Node {
    let attribute = |(name, graph): (&str, Graph)| Attribute {
        name: name.to_owned(),
        g: Some(graph),
        r#type: GRAPH_ATTRIBUTE,
        ..Attribute::default()
    };
    let attribute = ["then_branch", "else_branch"].into_iter().zip(branches).map(attribute).collect();
    Node { attribute, ..node(name, "If", &[condition], output) }
}

/// y = Exp(If(sr == 16000) { Relu, then If(sr == 8000) { Abs } else { Neg } } else { MatMul }), z = If(sr == 8000) { Relu } else { Neg, Neg }.
fn nested(sr: Option<f64>, sr_type: i32) -> Vec<u8> {
    let abs = graph(vec![node("abs", "Abs", &["a"], "b")], "b");
    let neg = graph(vec![node("neg", "Neg", &["a"], "b")], "b");
    let inner = choice("inner", "is_low", [abs, neg], "c");
    let then = graph(vec![node("relu", "Relu", &["x"], "a"), inner], "c");
    let mut other = graph(vec![node("product", "MatMul", &["x", "w"], "a")], "a");
    let raw_data = vec![0; 256];
    other.initializer = vec![Tensor {
        name: "w".to_owned(),
        data_type: FLOAT,
        dims: vec![8, 8],
        raw_data,
        ..Tensor::default()
    }];
    // Both have an `a` of their own.
    let second = graph(vec![node("relu2", "Relu", &["x"], "a")], "a");
    let second_other = graph(vec![node("neg2", "Neg", &["x"], "a"), node("neg3", "Neg", &["a"], "d")], "d");
    let nodes = vec![
        node("equal", "Equal", &["sr", "high"], "is_high"),
        node("low", "Equal", &["sr", "eight"], "is_low"),
        choice("outer", "is_high", [then, other], "v"),
        choice("second", "is_low", [second, second_other], "z"),
        node("exp", "Exp", &["v"], "y"),
    ];
    let mut whole = graph(nodes, "y");
    whole.output.push(info("z", FLOAT, &[1, 8]));
    whole.input = vec![info("x", FLOAT, &[1, 8]), info("sr", sr_type, &[])];
    whole.initializer = vec![number("high", 16_000), number("eight", 8000)];
    let opset_import = vec![OperatorSet { domain: String::new(), version: 17 }];
    let onnx = Model { ir_version: 8, graph: Some(whole), opset_import, ..Model::default() }.encode_to_vec();
    let given: InputValues = sr.map(|sr| ("sr".to_owned(), vec![sr])).into_iter().collect();
    give_values(onnx, &given).unwrap()
}

fn opened(onnx: &[u8]) -> ModelGraph {
    ModelGraph::read(&open_branches(onnx, &InputShapes::new()).unwrap().unwrap()).unwrap()
}

/// Operators with what they read and give.
fn written(graph: &ModelGraph) -> Vec<String> {
    let line = |node: &crate::onnx::ModelNode| {
        format!("{} {} {}", node.operator, node.inputs.join(","), node.outputs[0])
    };
    graph.nodes[2..].iter().map(line).collect()
}

#[test]
fn branches_that_are_taken_are_nodes_like_others() {
    let high = opened(&nested(Some(16_000.0), INT64));
    let expected = [
        "Relu x a",
        "Neg a b",
        "Identity b c",
        "Identity c v",
        "Neg x second/a",
        "Neg second/a d",
        "Identity d z",
        "Exp v y",
    ];
    assert_eq!(written(&high), expected);
    let names: Vec<&str> = high.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names[2..5], ["relu", "neg", "inner/c"]);
    let shapes = high.shapes(&InputShapes::new()).unwrap();
    assert_eq!((&shapes["y"].dims, &shapes["z"].dims), (&vec![1, 8], &vec![1, 8]));

    let low = opened(&nested(Some(8000.0), INT64));
    let expected = ["MatMul x,w a", "Identity a v", "Relu x second/a", "Identity second/a z", "Exp v y"];
    assert_eq!(written(&low), expected);
    assert!(low.constants.contains_key("w") && low.shapes(&InputShapes::new()).is_ok());
}

#[test]
fn a_condition_that_nobody_knows_or_that_floats_decide_leaves_both() {
    for onnx in [nested(None, INT64), nested(Some(8000.0), FLOAT)] {
        assert_eq!(open_branches(&onnx, &InputShapes::new()).unwrap(), None);
    }
    assert!(open_branches(b"text", &InputShapes::new()).is_err());
}
