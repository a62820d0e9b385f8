//! `profiler model` on what others export: open sizes, several inputs, other numbers, weights in files, control flow.

#![allow(clippy::unwrap_used)]

mod foreign;

use std::{fs, path::Path, process::Command};

use foreign::{
    BOOL, F16, F32, I64, Parts, attribute_graph, attribute_int, attribute_ints, floats, graph, halves, model,
    node, outside, value, weights,
};
use serde_json::Value;

/// Exit code, what it measured, what it said.
fn profile(folder: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).env_remove("ORT_DYLIB_PATH");
    command.args(["model", "--json", "--target-ci", "50"]).args(arguments);
    if !arguments.contains(&"--budget-s") {
        command.args(["--budget-s", "1"]);
    }
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), report, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn measured(folder: &Path, arguments: &[&str]) -> Value {
    let (code, report, stderr) = profile(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    report
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let (code, report, stderr) = profile(folder, arguments);
    assert_eq!((code, report), (2, Value::Null), "{arguments:?}: {stderr}");
    stderr
}

fn macs(report: &Value) -> Option<u64> {
    report["in_place"]["macs"].as_u64()
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

fn write(folder: &Path, name: &str, parts: &Parts) {
    fs::write(folder.join(name), model(parts)).unwrap();
}

#[test]
fn open_sizes_are_asked_for_and_a_batch_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "net.onnx",
        &convolution(&["N", "3", "h", "w"], weights("w", F32, &[4, 3, 3, 3], &floats(108))),
    );
    let error = refused(folder, &["net.onnx"]);
    assert!(
        error.contains("input `x` is [N, 3, h, w]") && error.contains("--input-shape x=1x3x224x224"),
        "{error}"
    );
    // 4·16·20 outputs of 27 products.
    let report = measured(folder, &["net.onnx", "--input-shape", "x=1x3x16x20"]);
    assert_eq!((macs(&report), report["subject"].as_str()), (Some(34_560), Some("onnx-net-1x3x16x20")));
    let twice = measured(folder, &["net.onnx", "--input-shape", "2x3x16x20"]);
    assert_eq!(macs(&twice), Some(69_120));
    for (shape, reason) in [
        ("1x4x8x8", "3 is fixed in the model"),
        ("1x3x8", "4 sides, not 3"),
        ("y=1x3x8x8", "`y`"),
        ("1x3x0x8", "1x3x0x8"),
    ] {
        let error = refused(folder, &["net.onnx", "--input-shape", shape]);
        assert!(error.contains(reason), "{shape}: {error}");
    }
}

#[test]
fn weights_may_lie_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sides = ["1", "3", "8", "8"];
    write(folder, "net.onnx", &convolution(&sides, outside("w", &[4, 3, 3, 3], "net.onnx.data", 16, 432)));
    let error = refused(folder, &["net.onnx"]);
    assert!(error.contains("net.onnx.data") && error.contains("belongs beside the model"), "{error}");
    fs::write(folder.join("net.onnx.data"), [vec![0; 16], floats(107)].concat()).unwrap();
    let error = refused(folder, &["net.onnx"]);
    assert!(error.contains("it has 444 bytes, but the model has weights at 16 to 448"), "{error}");
    fs::write(folder.join("net.onnx.data"), [vec![0; 16], floats(108)].concat()).unwrap();
    assert_eq!(macs(&measured(folder, &["net.onnx"])), Some(6_912));
    // From another folder it is found as well.
    fs::create_dir(folder.join("deep")).unwrap();
    assert_eq!(macs(&measured(&folder.join("deep"), &["../net.onnx"])), Some(6_912));
    for place in ["../w.bin", "/etc/hostname", ""] {
        write(folder, "evil.onnx", &convolution(&sides, outside("w", &[4, 3, 3, 3], place, 0, 432)));
        let error = refused(folder, &["evil.onnx"]);
        assert!(error.contains("expected the name of a file in the model's folder"), "{place}: {error}");
    }
}

#[test]
#[cfg(unix)]
fn weights_are_regular_files_of_the_models_folder() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    write(
        folder,
        "net.onnx",
        &convolution(&["1", "3", "8", "8"], outside("w", &[4, 3, 3, 3], "w.bin", 0, 432)),
    );
    fs::write(elsewhere.path().join("secret"), floats(108)).unwrap();
    let link = |from: &Path| std::os::unix::fs::symlink(from, folder.join("w.bin")).unwrap();
    link(&elsewhere.path().join("secret"));
    let error = refused(folder, &["net.onnx"]);
    assert!(error.contains("w.bin") && error.contains("out of the model's folder"), "{error}");
    fs::remove_file(folder.join("w.bin")).unwrap();
    // Within the folder a link may lead where it will.
    fs::write(folder.join("real.bin"), floats(108)).unwrap();
    link(Path::new("real.bin"));
    assert_eq!(macs(&measured(folder, &["net.onnx"])), Some(6_912));
    fs::remove_file(folder.join("w.bin")).unwrap();
    let pipe =
        |name: &str| assert!(Command::new("mkfifo").arg(folder.join(name)).status().unwrap().success());
    pipe("w.bin");
    let error = refused(folder, &["net.onnx"]);
    assert!(error.contains("it is no regular file"), "{error}");
    pipe("pipe.onnx");
    for model in ["pipe.onnx", "/dev/zero"] {
        let error = refused(folder, &[model]);
        assert!(error.contains("it is no regular file"), "{error}");
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
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "text.onnx", &embedding());
    let error = refused(folder, &["text.onnx"]);
    assert!(error.contains("--input-shape ids=1x128"), "{error}");
    // The mask's side has the same name. 12·16·8.
    let report = measured(folder, &["text.onnx", "--input-shape", "ids=1x12"]);
    assert_eq!(macs(&report), Some(1_536));
}

#[test]
fn half_floats_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let parts = Parts {
        nodes: vec![node("MatMul", &["x", "w"], "h", &[]), node("Relu", &["h"], "y", &[])],
        weights: vec![weights("w", F16, &[64, 32], &halves(2048))],
        inputs: vec![value("x", F16, &["N", "64"])],
        outputs: vec![value("y", F16, &["N", "32"])],
    };
    write(folder, "half.onnx", &parts);
    assert_eq!(macs(&measured(folder, &["half.onnx"])), Some(2_048));
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
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "if.onnx", &branches());
    let (code, report, stderr) = profile(folder, &["if.onnx"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(macs(&report), None);
    assert!(
        // tract calls it by another name.
        stderr.contains("(the longest: If, IfThenElse): they are left blank, and the total is incomplete"),
        "{stderr}"
    );
}

#[test]
fn what_tract_does_not_know_says_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut parts = convolution(&["1", "3", "8", "8"], weights("w", F32, &[4, 3, 3, 3], &floats(108)));
    parts.nodes.push(node("my.own.Sparkle", &["y"], "z", &[attribute_int("much", 3)]));
    parts.outputs = vec![value("z", F32, &["1", "4", "8", "8"])];
    write(folder, "own.onnx", &parts);
    let error = refused(folder, &["own.onnx"]);
    assert!(error.contains("Sparkle") && error.contains("--backend onnxruntime"), "{error}");
}

#[test]
fn a_large_model_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // 4096 · 6400 floats: 105 MB.
    let parts = Parts {
        nodes: vec![node("MatMul", &["x", "w"], "y", &[])],
        weights: vec![outside("w", &[4096, 6400], "w.bin", 0, 4 * 4096 * 6400)],
        inputs: vec![value("x", F32, &["N", "4096"])],
        outputs: vec![value("y", F32, &["N", "6400"])],
    };
    write(folder, "large.onnx", &parts);
    fs::write(folder.join("w.bin"), floats(4096 * 6400)).unwrap();
    assert_eq!(macs(&measured(folder, &["large.onnx", "--budget-s", "20"])), Some(26_214_400));
}
