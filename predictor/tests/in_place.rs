//! Tables of what was measured inside of networks, from fit to predicted networks, as a person does it; latencies follow a law.

#![allow(clippy::unwrap_used)]

mod program;
mod tables;

use profiler::measure::{ReferenceLevel, Speed};
use profiler::onnx::{
    InputShapes, ModelGraph, network_model,
    steps::{fuse, in_place, step_key, translate},
};
use profiler::record::{
    Anchors, Cache, Level, MachineChange, OpRepeats, Reference, Repeat, Row, Session, SpeedReport,
    session_path, write_session, write_table,
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
        let name = drawn(index);
        let seen = |ms: f64, place: usize| ms * (1.0 + 0.02 * noise(1000 * index + place));
        for (place, op) in ops.iter().enumerate().filter(|(_, op)| op.kernel() != left_out) {
            let told = repeats.entry(op.to_string()).or_default();
            if told.iter().all(|repeat: &Repeat| repeat.group.as_ref() != Some(&name)) {
                told.push(Repeat { latency_ms: seen(law_ms(op), place), group: Some(name.clone()) });
            }
        }
        let keys: Vec<String> = ops.iter().map(ToString::to_string).collect();
        let ms = seen(network_law_ms(&ops), 999);
        for (cache, ms) in [(Cache::Hot, ms), (Cache::Cold, 1.5 * ms)] {
            let whole = row(name.clone(), Level::Network, cache, ms);
            rows.push(Row { ops: keys.join(" "), ..whole });
        }
    }
    for (key, told) in &repeats {
        let mean = told.iter().map(|repeat| repeat.latency_ms).sum::<f64>() / told.len() as f64;
        rows.push(row(key.clone(), Level::Op, Cache::InPlace, mean));
    }
    write(folder, "drawn.csv", &rows, Session { repeats, ..timed(1.0) });
}

/// What the profiler calls a random network.
fn drawn(index: usize) -> String {
    let styles = profiler::drawn::styles();
    format!("onnx-drawn_1_{index:03}_{}", styles[index % styles.len()])
}

/// A session in which everything took so many times as long.
fn timed(slower: f64) -> Session {
    let reference = |name: &str| {
        let fast = ReferenceLevel { hot_ns: 1e5 * slower, cold_ns: 2e5 * slower };
        Reference { name: name.to_owned(), fast, sustained: None }
    };
    let references = ["arithmetic", "memory", "depthwise", "calls"].map(reference).to_vec();
    Session { speed: SpeedReport { references, ..SpeedReport::default() }, ..session(&Bench::default()) }
}

fn write(folder: &Folder, name: &str, rows: &[Row], session: Session) {
    let table = folder.path(name);
    write_table(&table, rows).unwrap();
    write_session(&session_path(&table), &session).unwrap();
}

/// A folder of networks that take so many times as long as they do by the law; their rows.
fn write_zoo(folder: &Folder, networks: &[Architecture], slower: f64) -> Vec<Row> {
    std::fs::create_dir(folder.path("zoo")).unwrap();
    let mut measured = Vec::new();
    for (index, network) in networks.iter().enumerate() {
        let onnx = network_model(network, 0).unwrap();
        let ms = slower * network_law_ms(&keys(&onnx));
        measured.push(row(network.key(), Level::Network, Cache::Hot, ms));
        folder.write(&format!("zoo/other{index}.onnx"), onnx);
    }
    measured
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
    let measured = write_zoo(&folder, &networks[30..], 1.0);
    folder.write("zoo/broken.onnx", "no network");
    write(&folder, "measured.csv", &measured, timed(1.0));
    let zoo = ["zoo", "m.json", "zoo", "--measured", "measured.csv", "--allow-emulated"];
    let printed = folder.run(&[&zoo[..], &["--json"]].concat());
    let printed = printed
        .code(1)
        .stderr(predicates::str::contains("predicted or measured: broken"))
        .get_output()
        .stdout
        .clone();
    let found: serde_json::Value = serde_json::from_slice(&printed).unwrap();
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
    folder.run(&zoo).code(1).stdout(predicates::str::contains("answered: 10 of 11 networks"));
    // Of another tool the same network may have any name; a row of another is none of its.
    std::fs::remove_file(folder.path("zoo/broken.onnx")).unwrap();
    let other = |subject: &str| Row { subject: subject.to_owned(), ..measured[0].clone() };
    for (rows, taken) in [
        (vec![other("other0")], 1),
        (vec![other("other0"), measured[0].clone()], 0),
        (vec![other("onnx-other0-50")], 0),
    ] {
        write(&folder, "measured.csv", &rows, timed(1.0));
        let found = folder.json(&zoo);
        let networks = found["networks"].as_array().unwrap();
        let is_measured = |entry: &&serde_json::Value| entry.get("measured_ms").is_some();
        assert_eq!(networks.iter().filter(is_measured).count(), taken, "{found}");
        let reasons = networks.iter().filter(|entry| entry["unmatched"].is_string()).count();
        assert_eq!(reasons, 10 - taken, "{found}");
    }
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

#[test]
fn a_zoo_says_how_fast_the_machine_was_and_divides_by_it_when_told() {
    let folder = Folder::new();
    let networks = random_networks(36);
    write_drawn(&folder, &networks[..30], "");
    folder.run(&["fit", "drawn.csv", "-o", "m.json", "--allow-emulated"]).success();
    let anchors = Anchors::read(&folder.path("m.json")).unwrap();
    assert_eq!((anchors.subjects.len(), anchors.references.len()), (12, 4));
    assert!(anchors.subjects.iter().all(|anchor| anchor.drawn().is_some() && anchor.cold_ms > anchor.hot_ms));
    let measured = write_zoo(&folder, &networks[30..], 1.3);
    // Anchors that took 1.3 times as long: in the session's own words, or as rows of the table.
    let again = |anchor: &profiler::record::Anchor| {
        let now = row(anchor.subject.clone(), Level::Network, Cache::Hot, 1.3 * anchor.hot_ms);
        Row { ops: anchor.ops.clone(), speed: Some(Speed::Fast), ..now }
    };
    let again: Vec<Row> = anchors.subjects.iter().map(again).collect();
    let machine = MachineChange::of(&anchors, &again);
    write(&folder, "told.csv", &measured, Session { machine, ..timed(1.0) });
    write(&folder, "rows.csv", &[&measured[..], &again].concat(), timed(1.0));
    write(&folder, "references.csv", &measured, timed(1.3));
    for (table, by) in [("told.csv", "anchors"), ("rows.csv", "anchors"), ("references.csv", "references")] {
        let zoo = ["zoo", "m.json", "zoo", "--allow-emulated", "--measured", table];
        let (plain, divided) = (folder.json(&zoo), folder.json(&[&zoo[..], &["--normalize"]].concat()));
        let error = |found: &serde_json::Value| found["scorecard"]["figures"]["mean_error"].as_f64().unwrap();
        assert!(error(&plain) > 0.2 && error(&divided) < 0.02, "{table}: {plain} {divided}");
        let machine = &plain["machine"][0];
        assert_eq!((&machine["by"], &machine["is_divided"]), (&by.into(), &false.into()), "{table}");
        assert!((machine["ratio"][0].as_f64().unwrap() - 1.3).abs() < 1e-6, "{machine}");
        let printed = folder.stdout(&zoo);
        let last = printed.trim_end().lines().next_back().unwrap();
        let said = ["30 % slower", by, "--normalize divides by it"].iter().all(|part| last.contains(part));
        assert!(last.starts_with(table) && said, "{last}");
        let printed = folder.stdout(&[&zoo[..], &["--normalize"]].concat());
        assert!(printed.contains("what was measured is divided by 1.300"), "{printed}");
    }
    // Nothing to go by.
    write(&folder, "measured.csv", &measured, session(&Bench::default()));
    let zoo = ["zoo", "m.json", "zoo", "--allow-emulated", "--measured", "measured.csv"];
    assert!(folder.stdout(&zoo).contains("is not known"));
    folder.refused(&[&zoo[..], &["--normalize"]].concat(), &["--normalize is given", "measured.csv"]);
}

#[test]
fn sizes_are_for_the_networks_that_have_such_inputs() {
    let folder = Folder::new();
    let networks = random_networks(32);
    write_drawn(&folder, &networks[..30], "");
    folder.run(&["fit", "drawn.csv", "-o", "m.json", "--allow-emulated"]).success();
    write_zoo(&folder, &networks[30..], 1.0);
    folder.write("sizes.txt", "# sizes\nother0 input=1x1x28x28\nsomething x=1x3\n");
    let zoo = ["zoo", "m.json", "zoo"];
    let answered = |more: &[&str]| folder.json(&[&zoo[..], more].concat())["scorecard"]["answered"].clone();
    assert_eq!(answered(&["--sizes", "sizes.txt"]), 2);
    let unused = "sizes.txt has sizes for something, but no model of that name is given";
    folder.run(&[&zoo[..], &["--sizes", "sizes.txt"]].concat()).stderr(predicates::str::contains(unused));
    assert_eq!(answered(&["--input-shape", "input=1x1x28x28"]), 2);
    // What contradicts a network costs its line, a name that none has is an error.
    folder.write("sizes.txt", "other0 input=1x1x32x32\n");
    let printed = predicates::str::contains("answered: 1 of 2 networks");
    folder.run(&[&zoo[..], &["--sizes", "sizes.txt"]].concat()).code(1).stdout(printed);
    // It may be of the network that cannot be read.
    folder.write("zoo/broken.onnx", "no network");
    let noted = predicates::str::contains("note: image: no model has");
    folder.run(&[&zoo[..], &["--input-shape", "image=1x1x28x28"]].concat()).code(1).stderr(noted);
    std::fs::remove_file(folder.path("zoo/broken.onnx")).unwrap();
    folder.refused(&[&zoo[..], &["--input-shape", "image=1x1x28x28"]].concat(), &["image: no model has"]);
    let predict = ["predict", "m.json", "zoo/other0.onnx", "zoo/other1.onnx"];
    folder.run(&[&predict[..], &["--input-shape", "1x1x28x28"]].concat()).success();
    folder.refused(&[&predict[..], &["--input", "n=4"]].concat(), &["n: no model has", "there are input"]);
    folder.refused(&[&predict[..], &["--sizes", "sizes.txt"]].concat(), &["28 is fixed in the model"]);
}
