//! Values for models' inputs, as people give them.

#![allow(clippy::unwrap_used)]

mod foreign;

use std::{fs, path::Path, process::Command};

use foreign::{F32, I64, Parts, attribute_int, model, node, value, weights};
use serde_json::{Value, json};

/// Exit code, what it printed, what it said.
fn profiler(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_profiler")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// `x · sr + n`, of a voice detector's kind: a rate as a single integer beside the samples; `n` is an integer per sample.
fn rated(folder: &Path) {
    let as_float = |input: &str, output: &str| node("Cast", &[input], output, &[attribute_int("to", F32)]);
    let parts = Parts {
        nodes: vec![
            as_float("sr", "rate"),
            as_float("n", "more"),
            node("Mul", &["x", "rate"], "scaled", &[]),
            node("Add", &["scaled", "more"], "y", &[]),
        ],
        inputs: vec![
            value("x", F32, &["N", "samples"]),
            value("sr", I64, &[]),
            value("n", I64, &["N", "samples"]),
        ],
        outputs: vec![value("y", F32, &["N", "samples"])],
        ..Parts::default()
    };
    fs::write(folder.join("vad.onnx"), model(&parts)).unwrap();
    // Of version 1.0: the length of the head in two bytes.
    let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }\n";
    let samples: Vec<u8> = [0.5_f32, -1.0, 2.0].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let npy = [b"\x93NUMPY\x01\x00".as_slice(), &[head.len() as u8, 0], head.as_bytes(), &samples].concat();
    fs::write(folder.join("x.npy"), npy).unwrap();
    // A tensor of ONNX has no name that counts.
    let counts: Vec<u8> = [7_i64, 8, 9].iter().flat_map(|count| count.to_le_bytes()).collect();
    fs::write(folder.join("n.pb"), weights("input_2", I64, &[1, 3], &counts)).unwrap();
}

/// Outputs by the runtime of these arguments.
fn outputs(folder: &Path, backend: &[&str]) -> Value {
    let given = ["--input", "sr=16000", "--input", "x=x.npy", "--input", "n=n.pb"];
    let (code, printed, said) = profiler(folder, &[&["outputs", "vad.onnx"], &given[..], backend].concat());
    assert_eq!(code, Some(0), "{said}");
    serde_json::from_str(&printed).unwrap()
}

fn expected() -> Value {
    // 0.5 · 16000 + 7, −16000 + 8, 32000 + 9.
    json!({ "subject": "onnx-vad-1x3-1x3-n_7_8_9-sr_16000-x_0.5__1_2", "outputs": [8007.0, -15992.0, 32009.0] })
}

#[test]
fn given_values_are_what_the_model_runs_on() {
    let folder = tempfile::tempdir().unwrap();
    rated(folder.path());
    assert_eq!(outputs(folder.path(), &[]), expected());
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn given_values_are_what_onnxruntime_runs_on() {
    let folder = tempfile::tempdir().unwrap();
    rated(folder.path());
    assert_eq!(outputs(folder.path(), &["--backend", "onnxruntime"]), expected());
}

#[test]
fn inputs_without_values_are_filled_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    rated(folder.path());
    let given = ["outputs", "vad.onnx", "--input-shape", "x=1x3", "--input", "x=0", "--input", "n=-5"];
    let (code, printed, said) = profiler(folder.path(), &given);
    assert_eq!(code, Some(0), "{said}");
    // Nothing times whatever `sr` is filled with, less five: one value fills an input.
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["outputs"], json!([-5.0, -5.0, -5.0]));
}

#[test]
fn what_an_input_does_not_take_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    rated(folder.path());
    for (given, reason) in [
        (
            "rate=16000",
            "rate: no model has an input or an open side of that name; there are N, n, samples, sr, x",
        ),
        ("sr=16000.5", "input `sr` takes whole numbers from"),
        ("sr=16000,8000", "values of input `sr`: it takes 1, or one for all, not 2"),
        ("n=1,2", "values of input `n`: it takes 3, or one for all, not 2"),
        ("n=x.npy,", "neither a number nor a .npy, .npz or .pb file"),
        ("n=missing.npy", "cannot read missing.npy"),
    ] {
        let arguments = ["outputs", "vad.onnx", "--input-shape", "x=1x3", "--input", given];
        let (code, printed, said) = profiler(folder.path(), &arguments);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{given}: {said}");
        assert!(said.contains(reason), "{given}: {said}");
    }
    let twice = ["outputs", "vad.onnx", "--input-shape", "x=1x4", "--input", "x=x.npy"];
    let (code, _, said) = profiler(folder.path(), &twice);
    assert!(code == Some(2) && said.contains("it has sides [1, 3], but [1, 4] are given, too"), "{said}");
}

#[test]
fn models_take_what_they_have_inputs_for_and_sizes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    rated(folder.path());
    let parts = Parts {
        nodes: vec![node("Relu", &["image"], "y", &[])],
        inputs: vec![value("image", F32, &["N", "height", "width"])],
        outputs: vec![value("y", F32, &["N", "height", "width"])],
        ..Parts::default()
    };
    fs::write(folder.path().join("relu.onnx"), model(&parts)).unwrap();
    fs::write(folder.path().join("sizes.txt"), "# of one\nrelu image=1x2x3\nother x=1\n").unwrap();
    let both = ["outputs", "vad.onnx", "relu.onnx", "--input", "sr=2"];
    let subjects = |more: &[&str]| {
        let (code, printed, said) = profiler(folder.path(), &[&both[..], more].concat());
        assert_eq!(code, Some(0), "{said}");
        let subject = |line: &str| serde_json::from_str::<Value>(line).unwrap()["subject"].clone();
        printed.lines().map(subject).collect::<Vec<_>>()
    };
    let sides = ["--input-shape", "samples=3", "--input-shape", "image=1x4x5"];
    assert_eq!(subjects(&sides), ["onnx-vad-3-sr_2", "onnx-relu-1x4x5"]);
    let own = ["--input-shape", "x=1x3", "--input-shape", "height=7", "--sizes", "sizes.txt"];
    assert_eq!(subjects(&own), ["onnx-vad-1x3-sr_2", "onnx-relu-1x2x3"]);
    for (more, reason) in [
        (
            ["--input-shape", "y=1x3"],
            "y: no model has an input or an open side of that name; there are N, height",
        ),
        (["--sizes", "none.txt"], "cannot read none.txt"),
        (
            ["--input-shape", "width=1x3"],
            "`width` is a side that the model leaves open: it takes one size, not 2",
        ),
    ] {
        let (code, printed, said) = profiler(folder.path(), &[&both[..], &sides, &more].concat());
        assert!(code == Some(2) && printed.is_empty() && said.contains(reason), "{more:?}: {said}");
    }
}

#[test]
fn integers_that_are_divided_by_may_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts {
        nodes: vec![node("Div", &["a", "b"], "y", &[])],
        inputs: vec![value("a", I64, &["4"]), value("b", I64, &["4"])],
        outputs: vec![value("y", I64, &["4"])],
        ..Parts::default()
    };
    fs::write(folder.path().join("div.onnx"), model(&parts)).unwrap();
    let run = ["run", "--onnx", "div.onnx", "-o", "t.csv", "--budget-s", "20", "--max-rounds", "6"];
    let (code, _, said) = profiler(folder.path(), &run);
    assert_eq!(code, Some(1));
    let named = "warning: onnx-div: input `b` is filled, but its values decide what node `node_y` (Div) does: give them with --input b=VALUE";
    assert!(said.contains(named) && !said.contains("input `a` is filled"), "{said}");
    let told = [&run[..], &["--input", "b=3", "--input", "a=12"]].concat();
    let (code, _, said) = profiler(folder.path(), &told);
    assert!(code == Some(0) && !said.contains("is filled"), "{said}");
    let table = fs::read_to_string(folder.path().join("t.csv")).unwrap();
    assert!(table.contains("onnx-div-a_12-b_3"), "{table}");
    // Other values are another measurement.
    let changed = [&run[..], &["--input", "b=4", "--input", "a=12"]].concat();
    assert_eq!(profiler(folder.path(), &changed).0, Some(2));
}
