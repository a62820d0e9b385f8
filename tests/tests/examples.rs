//! The crates' examples, which are also what their documentation opens with: all of them work, each with what the one before made.

use std::collections::BTreeSet;
use tailor_tests::{run, tracked};

/// Those that show what constants of the protocol rest on; their results are in its documentation.
const STUDIES: [&str; 2] = ["coldness", "settling"];

#[test]
fn every_example_works() {
    let folder = tempfile::tempdir().unwrap();
    let prepare = |line: &str| run(folder.path(), line);
    let mut shown = BTreeSet::from(STUDIES.map(str::to_owned));
    let mut example = |line: &str, part: &str| {
        let output = run(folder.path(), &format!("examples/{line}"));
        assert!(output.contains(part), "{line}: {output}");
        shown.extend(line.split(' ').next().map(str::to_owned));
    };
    example("measure_op", "cold: ");
    example("measure_space table.csv", "table.csv: ");
    example("fit_and_predict table.csv model.json", "the network: ");
    prepare("search baseline --space proxylessnas-small -o network.json");
    prepare("profiler export network.json -o network.onnx");
    example("predict_onnx model.json network.onnx", "network.onnx: ");
    example("expected_latency model.json", "step 4: E[latency] = ");
    example("mock_search model.json", "within ");
    let name = |file: &String| file.rsplit('/').next()?.strip_suffix(".rs").map(str::to_owned);
    assert_eq!(tracked("*/examples/*.rs").iter().filter_map(name).collect::<BTreeSet<_>>(), shown);
}
