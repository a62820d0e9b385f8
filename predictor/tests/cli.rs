//! The program as a person or a script uses it, on tables of a hand-written law.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;
mod tables;

use std::path::Path;

use predicates::prelude::*;
use program::{Folder, number};
use serde_json::Value;
use tables::{Bench, write_bench};

/// A table of the law with 2 % noise, and a model fitted on four fifths of it.
fn fitted() -> Folder {
    let folder = Folder::new();
    write_bench(&folder.path("table.csv"), &Bench { noise: 0.02, ..Bench::default() });
    folder.run(&["fit", "table.csv", "-o", "model.json", "--hold-out", "0.2", "--allow-emulated"]).success();
    folder
}

#[test]
fn held_out_subjects_are_scored_at_both_levels() {
    let folder = fitted();
    let scores = folder.json(&["evaluate", "model.json", "table.csv", "--allow-emulated"]);
    for (level, n) in [("op", 8), ("network", 6)] {
        let fields: Vec<&str> = scores[level].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = "coverage_90 kendall mape mean_width_90 n rmse_ms spearman within_10 within_5";
        assert_eq!(fields.join(" "), expected);
        assert_eq!(scores[level]["n"], n, "{scores}");
        // Noise of ± 2 % leaves nobody off by more than a tenth.
        assert_eq!(scores[level]["within_10"], 1.0, "{scores}");
        assert!(number(&scores[level]["mape"]) < 0.03, "{scores}");
    }
    folder
        .run(&["evaluate", "model.json", "table.csv", "--allow-emulated"])
        .success()
        .stdout(predicate::str::contains("op (cold)").and(predicate::str::contains("network (hot)")));
}

#[test]
fn explained_shares_sum_to_the_model_and_predicted_ops_to_the_network() {
    let folder = fitted();
    let key = "mbconv-14x14x16-o16-e6-k5-s1-relu6-res";
    let explained = folder.json(&["explain", "model.json", key]);
    let sum: f64 = explained["terms"].as_array().unwrap().iter().map(|term| number(&term["ms"])).sum();
    assert!((sum / number(&explained["model_ms"]) - 1.0).abs() < 1e-9, "{explained}");
    folder.run(&["explain", "model.json", key]).success().stdout(predicate::str::contains("by the model"));

    let network = tables::baseline(&folder.path("net.json"));
    let predicted = folder.json(&["predict", "model.json", "net.json", key]);
    let (whole, op) = (&predicted[0], &predicted[1]);
    let ops = whole["ops"].as_array().unwrap().iter().map(|op| number(&op["in_network_ms"]));
    let sum = ops.fold(number(&whole["constant_ms"]), |ms, op| ms + op);
    assert_eq!(number(&whole["latency_ms"]).to_bits(), sum.to_bits());
    let truth = tables::network_law_ms(&network);
    assert!((sum / truth - 1.0).abs() < 0.05, "{sum}, expected {truth}");
    assert_eq!(op["subject"], key);
    assert!(number(&op["low_ms"]) < number(&op["latency_ms"]));
    folder
        .run(&["predict", "model.json", "net.json"])
        .success()
        .stdout(predicate::str::contains("mobilenetv2-style").and(predicate::str::contains("(constant)")));
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let folder = fitted();
    let arguments = ["fit", "table.csv", "-o", "again.json", "--hold-out", "0.2", "--allow-emulated"];
    folder.run(&arguments).success();
    let model = |name| {
        let mut value: Value = serde_json::from_str(&folder.read(name)).unwrap();
        value["provenance"]["fitted_at"].take();
        value
    };
    assert_eq!(model("model.json"), model("again.json"));
    folder.run(&[&arguments[..], &["--seed", "1"]].concat()).success();
    assert_ne!(model("model.json"), model("again.json"));
}

#[test]
fn emulated_mixed_and_foreign_tables_are_refused() {
    let folder = Folder::new();
    write_bench(&folder.path("a.csv"), &Bench::default());
    write_bench(&folder.path("b.csv"), &Bench { threads: 4, emulated: false, ..Bench::default() });
    write_bench(&folder.path("c.csv"), &Bench { emulated: false, ..Bench::default() });
    folder.refused(&["fit", "a.csv", "-o", "m.json"], &["a.csv", "emulated by `mock`", "--allow-emulated"]);
    let parts = ["c.csv and b.csv differ in threads `1` and `4`", "--allow-mixed"];
    folder.refused(&["fit", "c.csv", "b.csv", "-o", "m.json"], &parts);
    folder.run(&["fit", "c.csv", "b.csv", "-o", "m.json", "--allow-mixed"]).success();
    folder.run(&["fit", "c.csv", "-o", "m.json"]).success();
    let parts = ["b.csv and the model differ in threads"];
    folder.refused(&["evaluate", "m.json", "b.csv", "--include-fitted"], &parts);
    folder.run(&["evaluate", "m.json", "b.csv", "--include-fitted", "--allow-mixed"]).success();

    folder.write("c.session.json", folder.read("c.session.json").replace("\"bench\"", "\"other\""));
    folder.refused(&["fit", "c.csv", "-o", "x.json"], &["c.csv", "of session `bench`", "c.session.json"]);
    std::fs::remove_file(folder.path("c.session.json")).unwrap();
    folder.refused(&["fit", "c.csv", "-o", "x.json"], &["c.session.json", "No such file"]);
    assert!(!folder.path("x.json").exists());
}

#[test]
fn wrong_use_is_one_clear_line_and_exit_code_2() {
    let folder = fitted();
    let fit = |table: &'static str| ["fit", table, "-o", "x.json", "--allow-emulated"];
    folder.refused(&fit("none.csv"), &["none.csv"]);
    folder.refused(&fit("model.json"), &["model.json"]);
    let table = folder.read("table.csv");
    for (from, to, reason) in [
        (",cold,fast,0.", ",cold,fast,NaN,0.", "line 2"),
        (",cold,fast,", ",cold,quick,", "line 2"),
        ("latency_ms", "latency_s", "latency_s"),
        ("\n3,", "\n7,", "table_version 7 is not known"),
    ] {
        folder.write("broken.csv", table.replacen(from, to, 1));
        folder.write("broken.session.json", folder.read("table.session.json"));
        folder.refused(&fit("broken.csv"), &["broken.csv", reason]);
    }
    folder.refused(&[&fit("table.csv")[..], &["--hold-out", "1.5"]].concat(), &["hold out is 1.5"]);
    folder.refused(&["fit", "table.csv", "-o", ".", "--allow-emulated"], &["folder"]);
    let asked = [&fit("table.csv")[..], &["--op-cache", "in_place"]].concat();
    folder.refused(&asked, &["no op rows in cache state in_place; the table has cold"]);

    folder.write("half.json", "{\"format\": \"tailor-lat");
    folder.refused(&["predict", "half.json", "gpool-7x7x64"], &["half.json", "not valid JSON"]);
    folder.refused(&["predict", "table.csv", "gpool-7x7x64"], &["table.csv"]);
    folder.refused(&["predict", "model.json", "gpol-7x7x64"], &["`gpol-7x7x64` is not an op key"]);
    folder.refused(&["predict", "model.json", "none.json"], &["none.json"]);
    folder.refused(&["predict", "model.json", "model.json"], &["tailor-architecture"]);
    folder.refused(&["explain", "model.json", "gpool-0x7x64"], &["gpool-0x7x64"]);
    folder.run(&["fit", "table.csv", "-o", "all.json", "--allow-emulated"]).success();
    let evaluate = ["evaluate", "all.json", "table.csv", "--allow-emulated"];
    folder.refused(&evaluate, &["nothing to score", "--hold-out 0.2", "--include-fitted"]);
    folder.run(&["fit"]).code(2);
    assert!(!folder.path("x.json").exists());
}

#[test]
fn an_unknown_op_fails_and_is_named_with_the_device() {
    let folder = fitted();
    let key = "mbconv-7x7x64-o64-e6-k3-s1-hswish";
    let reason = "nothing that was measured has `hswish_elements`";
    let error = format!("error: no latency for `{key}` on test bench (mock): {reason}\n");
    folder.run(&["predict", "model.json", key]).code(2).stdout("").stderr(error);
}

#[test]
fn an_onnx_network_is_predicted_as_its_architecture_is() {
    let folder = fitted();
    let network = tables::baseline(&folder.path("net.json"));
    let onnx = profiler::onnx::network_model(&network, 0).unwrap();
    folder.write("net.onnx", &onnx);
    let found = folder.json(&["predict", "model.json", "net.json", "net.onnx"]);
    let (architecture, read) = (&found[0], &found[1]);
    assert_eq!(architecture["latency_ms"], read["latency_ms"]);
    let parts = read["ops"].as_array().unwrap();
    let sum = parts.iter().fold(number(&read["constant_ms"]), |ms, op| ms + number(&op["in_network_ms"]));
    assert_eq!(number(&read["latency_ms"]).to_bits(), sum.to_bits());
    assert!(parts.iter().all(|op| !op["nodes"].as_array().unwrap().is_empty()));
    folder.run(&["predict", "model.json", "net.onnx"]).success().stdout(
        predicate::str::contains("net.onnx (").and(predicate::str::contains("at no cost: 1 Flatten")),
    );
    folder.write("half.onnx", &onnx[..onnx.len() / 2]);
    folder.refused(&["predict", "model.json", "half.onnx"], &["half.onnx", "not an ONNX model"]);
    folder.refused(&["predict", "model.json", "none.onnx"], &["none.onnx"]);
    let shaped = ["predict", "model.json", "net.onnx", "--input-shape", "1,x"];
    folder.refused(&shaped, &["input shape `1,x`: expected"]);

    let unknown = profiler::onnx::op_model(&"maxpool-14x14x16-k2-s2".parse().unwrap(), 0).unwrap();
    folder.write("pool.onnx", unknown);
    let parts = ["`maxpool-14x14x16-k2-s2`", "no op of kind `maxpool`", "--allow-unknown"];
    folder.refused(&["predict", "model.json", "pool.onnx"], &parts);
    let guess = ["predict", "model.json", "pool.onnx", "--allow-unknown"];
    folder.refused(
        &guess,
        &["known only within a factor of", "`maxpool-14x14x16-k2-s2` (100 %)", "--allow-wide"],
    );
    let guessed = folder.json(&[&guess[..], &["--allow-wide"]].concat());
    assert!(guessed[0]["ops"][0]["flags"].to_string().contains("guessed"), "{guessed}");
    // A factor of eight either way for the op, which the measured constant of a network has not.
    let op = &guessed[0]["ops"][0];
    assert!(number(&op["high_ms"]) > 7.9 * number(&op["latency_ms"]), "{guessed}");
}

#[test]
fn audits_distinguish_measured_tables_from_sums() {
    let folder = Folder::new();
    write_bench(&folder.path("exact.csv"), &Bench::default());
    write_bench(&folder.path("noisy.csv"), &Bench { noise: 0.03, ..Bench::default() });
    let audit = |table: &str| folder.json(&["audit", table, "--allow-emulated"]);
    // The law is 0.05 ms and 1.1 times the ops, without noise.
    let exact = audit("exact.csv");
    assert_eq!(exact["sums"][0]["verdict"], "exact_sums");
    assert!((number(&exact["sums"][0]["constant_ms"]["value"]) - 0.05).abs() < 1e-6, "{exact}");
    assert!((number(&exact["sums"][0]["scale"]["value"]) - 1.1).abs() < 1e-6, "{exact}");
    assert_eq!(audit("noisy.csv")["sums"][0]["verdict"], "measured");
    folder
        .run(&["audit", "exact.csv", "--allow-emulated"])
        .success()
        .stdout(predicate::str::contains("made by adding").and(predicate::str::contains("doubtful rows")));
    folder.refused(&["audit", "exact.csv"], &["--allow-emulated"]);
}

#[test]
fn a_model_that_cannot_be_written_is_exit_code_1() {
    let folder = Folder::new();
    write_bench(&folder.path("table.csv"), &Bench::default());
    folder.write("file", "");
    let output = Path::new("file").join("model.json");
    let arguments = ["fit", "table.csv", "--allow-emulated", "-o", output.to_str().unwrap()];
    folder.run(&arguments).code(1).stderr(predicate::str::contains("cannot write file/model.json"));
}

#[test]
fn help_has_an_example_everywhere() {
    let commands = "fit evaluate predict explain plot audit import transfer suggest bench zoo";
    for command in commands.split(' ').map(Some).chain([None]) {
        let arguments: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let help = Folder::new().stdout(&arguments);
        assert!(help.contains("Example:\n  predictor "), "{help}");
    }
}

#[test]
fn reports_read_well() {
    let folder = fitted();
    tables::baseline(&folder.path("net.json"));
    let stdout = |arguments: &[&str]| {
        // Columns are padded to their width.
        let text = folder.stdout(arguments);
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let fit = ["fit", "table.csv", "-o", "again.json", "--hold-out", "0.2", "--allow-emulated"];
    insta::assert_snapshot!("fit", stdout(&fit));
    insta::assert_snapshot!("evaluate", stdout(&["evaluate", "model.json", "table.csv", "--allow-emulated"]));
    insta::assert_snapshot!("predict", stdout(&["predict", "model.json", "net.json"]));
    let explain = ["explain", "model.json", "mbconv-14x14x16-o16-e6-k5-s1-relu6-res"];
    insta::assert_snapshot!("explain", stdout(&explain));
    insta::assert_snapshot!("help", stdout(&["fit", "--help"]));
}
