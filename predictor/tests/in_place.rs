//! Tables of what was measured inside of networks, from fit to predicted networks, as a person does it; latencies follow a law.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // Other tests use more of it.
mod program;
#[allow(dead_code)] // Other tests use more of it.
mod tables;

use profiler::onnx::{
    InputShapes, ModelGraph, network_model,
    steps::{fuse, in_place, step_key, translate},
};
use profiler::record::{
    Cache, Level, OpRepeats, Repeat, Row, Session, session_path, write_session, write_table,
};
use profiler::spec::{Architecture, TracedLayer, TracedOp};
use program::Folder;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use tables::{Bench, row, session, space};

/// Keys of what runs inside of a network.
fn keys(onnx: &[u8]) -> Vec<TracedOp> {
    let graph = ModelGraph::read(onnx).unwrap();
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    let (mut steps, _) = translate(&graph, &shapes).unwrap();
    fuse(&mut steps);
    in_place(&steps).iter().map(|(_, step)| step_key(step)).collect()
}

/// 2 us, 0.1 ms per million multiply-accumulates, 0.5 ms per million elements that are moved.
fn law_ms(op: &TracedOp) -> f64 {
    let (macs, moved) = match op.layer() {
        TracedLayer::Placed(placed) => {
            (placed.macs().0, placed.input.elements() + placed.output.elements() + placed.weights())
        }
        TracedLayer::Other(work) => (work.macs, work.read + work.written + work.constants),
    };
    0.002 + 0.1 * macs as f64 / 1e6 + 0.5 * moved as f64 / 1e6
}

/// 0.02 ms, 1.1 times the ops and 1 us for each.
fn network_law_ms(ops: &[TracedOp]) -> f64 {
    0.02 + ops.iter().map(|op| 1.1 * law_ms(op) + 0.001).sum::<f64>()
}

fn random_networks(count: usize) -> Vec<Architecture> {
    let space = space();
    let mut random = Pcg64::seed_from_u64(11);
    (0..count).map(|_| space.network("n", &space.random_choices(&mut random)).unwrap()).collect()
}

/// Deterministic noise in -1 to 1.
fn noise(index: usize) -> f64 {
    ((index as f64 * 12.9898).sin() * 43_758.545_3).fract()
}

/// Writes a table of some networks and of what runs inside of them, measured to 2 %; there are no rows of the kernel
/// `left_out`.
fn write_drawn(folder: &Folder, networks: &[Architecture], left_out: &str) {
    let (mut rows, mut repeats) = (Vec::new(), OpRepeats::new());
    for (index, network) in networks.iter().enumerate() {
        let ops = keys(&network_model(network, 0).unwrap());
        let name = format!("drawn-{index}");
        let seen = |ms: f64, place: usize| ms * (1.0 + 0.02 * noise(1000 * index + place));
        for (place, op) in ops.iter().enumerate().filter(|(_, op)| op.kernel() != left_out) {
            let told = repeats.entry(op.to_string()).or_default();
            if told.iter().all(|repeat: &Repeat| repeat.group.as_ref() != Some(&name)) {
                told.push(Repeat { latency_ms: seen(law_ms(op), place), group: Some(name.clone()) });
            }
        }
        let keys: Vec<String> = ops.iter().map(ToString::to_string).collect();
        let whole = row(name, Level::Network, Cache::Hot, seen(network_law_ms(&ops), 999));
        rows.push(Row { ops: keys.join(" "), ..whole });
    }
    for (key, told) in &repeats {
        let mean = told.iter().map(|repeat| repeat.latency_ms).sum::<f64>() / told.len() as f64;
        rows.push(row(key.clone(), Level::Op, Cache::InPlace, mean));
    }
    write(folder, "drawn.csv", &rows, repeats);
}

fn write(folder: &Folder, name: &str, rows: &[Row], repeats: OpRepeats) {
    let table = folder.path(name);
    write_table(&table, rows).unwrap();
    let session = Session { repeats, ..session(&Bench::default()) };
    write_session(&session_path(&table), &session).unwrap();
}

#[test]
fn networks_are_known_by_what_runs_inside_of_others() {
    let folder = Folder::new();
    let networks = random_networks(40);
    write_drawn(&folder, &networks[..30], "");
    let fitted = folder.json(&["fit", "drawn.csv", "-o", "m.json", "--allow-emulated"]);
    let network = &fitted["network"];
    assert_eq!((&fitted["op_cache"], &network["rows"]), (&"in_place".into(), &30.into()));
    let coefficient = |name: &str| network["coefficients"][name].as_f64().unwrap();
    assert!(coefficient("constant_ms") >= 0.0 && coefficient("call_ms") <= 0.0, "{network}");

    // A folder of others, and one that is no network.
    std::fs::create_dir(folder.path("zoo")).unwrap();
    let mut measured = Vec::new();
    for (index, network) in networks[30..].iter().enumerate() {
        let onnx = network_model(network, 0).unwrap();
        let ms = network_law_ms(&keys(&onnx));
        measured.push(row(format!("onnx-other{index}"), Level::Network, Cache::Hot, ms));
        folder.write(&format!("zoo/other{index}.onnx"), onnx);
    }
    folder.write("zoo/broken.onnx", "no network");
    write(&folder, "measured.csv", &measured, OpRepeats::new());
    let zoo = ["zoo", "m.json", "zoo", "--measured", "measured.csv", "--allow-emulated"];
    let found = folder.json(&zoo);
    let card = &found["scorecard"];
    assert_eq!(
        (&card["networks"], &card["answered"], &card["without_guess"]),
        (&11.into(), &10.into(), &10.into())
    );
    let figure = |name: &str| card["figures"][name].as_f64().unwrap();
    assert!(figure("mean_error") < 0.02 && figure("within_10") == 1.0, "{card}");
    assert!(figure("coverage_90") >= 0.6 && figure("median_width_90") < 0.2, "{card}");
    let broken = found["networks"].as_array().unwrap().iter().find(|entry| entry["network"] == "broken");
    assert!(broken.unwrap()["failed"].as_str().unwrap().contains("not an ONNX model"), "{found}");
    folder.run(&zoo).success().stdout(predicates::str::contains("answered: 10 of 11 networks"));
}

#[test]
fn what_was_never_measured_in_place_is_named_and_a_guess_at_it_is_no_wide_answer() {
    let folder = Folder::new();
    let networks = random_networks(31);
    write_drawn(&folder, &networks[..30], "depthwise");
    folder.run(&["fit", "drawn.csv", "-o", "m.json", "--allow-emulated"]).success();
    folder.write("net.onnx", network_model(&networks[30], 0).unwrap());
    let said = |arguments: &[&str]| {
        let output = folder.run(arguments).code(2).stdout("").get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    };
    let unmeasured = said(&["predict", "m.json", "net.onnx"]);
    assert!(
        unmeasured.contains("`depthwise@conv-") && unmeasured.contains("--allow-unknown"),
        "{unmeasured}"
    );
    // Most of such a network's time is in what is guessed at.
    let guess = ["predict", "m.json", "net.onnx", "--allow-unknown"];
    let wide = said(&guess);
    assert!(wide.contains("within a factor of") && wide.contains("`depthwise@conv-"), "{wide}");
    let asked = folder.json(&[&guess[..], &["--allow-wide"]].concat());
    let number = |name: &str| asked[0][name].as_f64().unwrap();
    assert!(number("high_ms") > 3.0 * number("low_ms") && number("high_ms") < 100.0 * number("low_ms"));
}
