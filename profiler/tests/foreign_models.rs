//! `profiler model` on what others export: open sizes, several inputs, other numbers, weights in files, control flow.

#![allow(clippy::unwrap_used)]

mod foreign;

use std::{fs, process::Command};

use foreign::{
    BOOL, F16, F32, I64, Parts, attribute_graph, attribute_int, attribute_ints, floats, graph, halves, model,
    node, outside, value, weights,
};
use serde_json::Value;

/// A folder with models in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, parts: &Parts) {
        self.put(name, &model(parts));
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// Exit code, what it measured, what it said.
    fn profile(&self, words: &str) -> (i32, Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
        command.current_dir(&self.0).env_remove("ORT_DYLIB_PATH").env_remove("LITERT_LIBRARY");
        command.args(["model", "--json", "--target-ci", "50"]).args(words.split(' '));
        if !words.contains("--budget-s") {
            command.args(["--budget-s", "1"]);
        }
        let output = command.output().unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), report, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// What it measured, and the multiply-accumulates of it.
    fn measured(&self, words: &str) -> (Value, Option<u64>) {
        let (code, report, stderr) = self.profile(words);
        assert_eq!(code, 0, "{words}: {stderr}");
        let macs = report["in_place"]["macs"].as_u64();
        (report, macs)
    }

    fn macs(&self, words: &str) -> Option<u64> {
        self.measured(words).1
    }

    /// Refuses, and says all of this.
    fn refuses(&self, words: &str, reasons: &[&str]) {
        let (code, report, stderr) = self.profile(words);
        assert_eq!((code, report), (2, Value::Null), "{words}: {stderr}");
        assert!(reasons.iter().all(|reason| stderr.contains(reason)), "{words}: {stderr}");
    }
}

/// A 3×3 convolution from 3 to 4 channels, padded, with its weights where `weights` puts them.
fn convolution(sides: &[&str], weights: Vec<u8>) -> Parts {
    let pads = attribute_ints("pads", &[1; 4]);
    Parts {
        nodes: vec![node("Conv", &["x", "w"], "y", &[pads])],
        weights: vec![weights],
        inputs: vec![value("x", F32, sides)],
        outputs: vec![value("y", F32, &["N", "4", "h", "w_out"])],
    }
}

#[test]
fn open_sizes_are_asked_for_and_a_batch_is_one() {
    let folder = Folder::new();
    let weights = weights("w", F32, &[4, 3, 3, 3], &floats(108));
    folder.write("net.onnx", &convolution(&["N", "3", "h", "w"], weights));
    folder.refuses("net.onnx", &["input `x` is [N, 3, h, w]", "--input-shape x=1x3x224x224"]);
    // 4·16·20 outputs of 27 products.
    let (report, macs) = folder.measured("net.onnx --input-shape x=1x3x16x20");
    assert_eq!((macs, report["subject"].as_str()), (Some(34_560), Some("onnx-net-1x3x16x20")));
    assert_eq!(folder.macs("net.onnx --input-shape 2x3x16x20"), Some(69_120));
    for (shape, reason) in [
        ("1x4x8x8", "3 is fixed in the model"),
        ("1x3x8", "4 sides, not 3"),
        ("y=1x3x8x8", "y: no model has an input or an open side of that name; there are N, h, w, x"),
        ("1x3x0x8", "1x3x0x8"),
    ] {
        folder.refuses(&format!("net.onnx --input-shape {shape}"), &[reason]);
    }
}

#[test]
fn weights_may_lie_beside_the_model() {
    let folder = Folder::new();
    let sides = ["1", "3", "8", "8"];
    let with = |file: &str, offset| convolution(&sides, outside("w", &[4, 3, 3, 3], file, offset, 432));
    folder.write("net.onnx", &with("net.onnx.data", 16));
    folder.refuses("net.onnx", &["net.onnx.data", "belongs beside the model"]);
    folder.put("net.onnx.data", &[vec![0; 16], floats(107)].concat());
    folder.refuses("net.onnx", &["it has 444 bytes, but the model has weights at 16 to 448"]);
    folder.put("net.onnx.data", &[vec![0; 16], floats(108)].concat());
    assert_eq!(folder.macs("net.onnx"), Some(6_912));
    // From another folder it is found as well.
    let deeper = Folder(tempfile::tempdir_in(folder.0.path()).unwrap());
    assert_eq!(deeper.macs("../net.onnx"), Some(6_912));
    for place in ["../w.bin", "/etc/hostname", ""] {
        folder.write("evil.onnx", &with(place, 0));
        folder.refuses("evil.onnx", &["expected the name of a file in the model's folder"]);
    }
}

#[test]
#[cfg(unix)]
fn weights_are_regular_files_of_the_models_folder() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let path = |name: &str| folder.0.path().join(name);
    let weights = outside("w", &[4, 3, 3, 3], "w.bin", 0, 432);
    folder.write("net.onnx", &convolution(&["1", "3", "8", "8"], weights));
    elsewhere.put("secret", &floats(108));
    let link = |to: std::path::PathBuf| std::os::unix::fs::symlink(to, path("w.bin")).unwrap();
    link(elsewhere.0.path().join("secret"));
    folder.refuses("net.onnx", &["w.bin", "out of the model's folder"]);
    fs::remove_file(path("w.bin")).unwrap();
    // Within the folder a link may lead where it will.
    folder.put("real.bin", &floats(108));
    link("real.bin".into());
    assert_eq!(folder.macs("net.onnx"), Some(6_912));
    fs::remove_file(path("w.bin")).unwrap();
    let pipe = |name: &str| assert!(Command::new("mkfifo").arg(path(name)).status().unwrap().success());
    pipe("w.bin");
    folder.refuses("net.onnx", &["it is no regular file"]);
    pipe("pipe.onnx");
    for model in ["pipe.onnx", "/dev/zero"] {
        folder.refuses(model, &["it is no regular file"]);
    }
}

/// A text model's beginning: rows of a table by index, where a mask allows it, times a matrix.
fn embedding() -> Parts {
    Parts {
        nodes: vec![
            node("Gather", &["table", "ids"], "rows", &[]),
            node("Where", &["mask", "rows", "zero"], "masked", &[]),
            node("MatMul", &["masked", "matrix"], "y", &[]),
        ],
        weights: vec![
            weights("table", F32, &[7, 16], &floats(112)),
            weights("matrix", F32, &[16, 8], &floats(128)),
            weights("zero", F32, &[1], &floats(1)),
        ],
        inputs: vec![value("ids", I64, &["1", "length"]), value("mask", BOOL, &["1", "length", "1"])],
        outputs: vec![value("y", F32, &["1", "length", "8"])],
    }
}

#[test]
fn several_inputs_of_integers_and_booleans_are_filled() {
    let folder = Folder::new();
    folder.write("text.onnx", &embedding());
    folder.refuses("text.onnx", &["--input-shape ids=1x128"]);
    // The mask's side has the same name. 12·16·8.
    assert_eq!(folder.macs("text.onnx --input-shape ids=1x12"), Some(1_536));
}

#[test]
fn half_floats_run() {
    let folder = Folder::new();
    let parts = Parts {
        nodes: vec![node("MatMul", &["x", "w"], "h", &[]), node("Relu", &["h"], "y", &[])],
        weights: vec![weights("w", F16, &[64, 32], &halves(2048))],
        inputs: vec![value("x", F16, &["N", "64"])],
        outputs: vec![value("y", F16, &["N", "32"])],
    };
    folder.write("half.onnx", &parts);
    assert_eq!(folder.macs("half.onnx"), Some(2_048));
}

/// `If`: one of two graphs, by an input.
fn branches() -> Parts {
    let branch = |operator: &str, output: &str| {
        graph(&Parts {
            nodes: vec![node(operator, &["x"], output, &[])],
            outputs: vec![value(output, F32, &["1", "8"])],
            ..Parts::default()
        })
    };
    let attributes = [
        attribute_graph("then_branch", &branch("Relu", "a")),
        attribute_graph("else_branch", &branch("Neg", "b")),
    ];
    Parts {
        nodes: vec![node("If", &["which"], "y", &attributes)],
        inputs: vec![value("which", BOOL, &[]), value("x", F32, &["1", "8"])],
        outputs: vec![value("y", F32, &["1", "8"])],
        ..Parts::default()
    }
}

#[test]
fn control_flow_runs_and_its_work_is_not_known() {
    let folder = Folder::new();
    folder.write("if.onnx", &branches());
    let (code, report, stderr) = folder.profile("if.onnx");
    assert_eq!((code, report["in_place"]["macs"].as_u64()), (0, None), "{stderr}");
    // tract calls it by another name.
    let blank = "(the longest: If, IfThenElse): they are left blank, and the total is incomplete";
    assert!(stderr.contains(blank), "{stderr}");
}

#[test]
fn what_tract_does_not_know_says_who_may() {
    let folder = Folder::new();
    let mut parts = convolution(&["1", "3", "8", "8"], weights("w", F32, &[4, 3, 3, 3], &floats(108)));
    parts.nodes.push(node("my.own.Sparkle", &["y"], "z", &[attribute_int("much", 3)]));
    parts.outputs = vec![value("z", F32, &["1", "4", "8", "8"])];
    folder.write("own.onnx", &parts);
    folder.refuses("own.onnx", &["Sparkle", "--backend onnxruntime"]);
}

#[test]
fn a_large_model_runs() {
    let folder = Folder::new();
    // 4096 · 6400 floats: 105 MB.
    let parts = Parts {
        nodes: vec![node("MatMul", &["x", "w"], "y", &[])],
        weights: vec![outside("w", &[4096, 6400], "w.bin", 0, 4 * 4096 * 6400)],
        inputs: vec![value("x", F32, &["N", "4096"])],
        outputs: vec![value("y", F32, &["N", "6400"])],
    };
    folder.write("large.onnx", &parts);
    folder.put("w.bin", &floats(4096 * 6400));
    assert_eq!(folder.macs("large.onnx --budget-s 20"), Some(26_214_400));
}
