//! From foreign tables to models, as a person or a script does it; latencies follow hand-written laws.

#![allow(clippy::unwrap_used)]

mod program;

use std::fmt::Write as _;

use predictor::nasbench201::{Cell, cell_features};
use program::Folder;

/// Milliseconds by a law of live convolutions and poolings.
fn law(cell: &Cell, weights: [f64; 4]) -> f64 {
    cell_features(cell).iter().zip(weights).map(|(term, weight)| term * weight).sum()
}

/// A table with a column per device.
fn cells(folder: &Folder, name: &str, step: usize, devices: &[[f64; 4]]) {
    let heads: Vec<String> = (0..devices.len()).map(|d| format!("device{d}_ms")).collect();
    let mut text = format!("arch,{}\n", heads.join(","));
    for cell in Cell::all().step_by(step) {
        let latencies: Vec<String> = devices.iter().map(|d| law(&cell, *d).to_string()).collect();
        writeln!(text, "{cell},{}", latencies.join(",")).unwrap();
    }
    folder.write(name, text);
}

const KNOWN: [[f64; 4]; 3] = [[1.0, 1.0, 0.3, 0.2], [1.0, 0.2, 0.3, 0.4], [2.0, 0.5, 0.1, 0.1]];
/// Half the sum of the first two, five times as slow.
const NEW: [f64; 4] = [5.0, 3.0, 1.5, 1.5];

#[test]
fn a_new_device_is_known_from_suggested_networks() {
    let folder = Folder::new();
    cells(&folder, "known.csv", 97, &KNOWN);
    let mut priors = Vec::new();
    for device in 0..KNOWN.len() {
        let (column, table) = (format!("device{device}"), format!("{device}.csv"));
        let import = ["import", "known.csv", "--format", "csv", "--kind", "nasbench201", "-o", &table];
        let found = folder.json(&[&import[..], &["--latency-column", &column]].concat());
        // ⌈15625 / 97⌉ networks.
        assert_eq!((&found["subjects"], &found["rows_refused"]), (&162.into(), &0.into()));
        let model = format!("{device}.json");
        let fitted = folder.json(&["fit", &table, "-o", &model, "--hold-out", "0.2"]);
        assert_eq!(fitted["chosen"], "linear");
        let scores = folder.json(&["evaluate", &model, &table]);
        assert_eq!(scores["network"]["n"], 32);
        // 130 networks hardly determine 91 terms: one that few of them have may be off.
        assert!(scores["network"]["mape"].as_f64().unwrap() < 0.02, "{scores}");
        priors.extend(["--prior".to_owned(), model]);
    }
    let priors: Vec<&str> = priors.iter().map(String::as_str).collect();
    let suggested = folder.json(&[&["suggest", "-n", "6"][..], &priors].concat());
    let mut text = "arch,new_ms\n".to_owned();
    for suggestion in suggested.as_array().unwrap() {
        let cell: Cell = suggestion["subject"].as_str().unwrap().parse().unwrap();
        writeln!(text, "{cell},{}", law(&cell, NEW)).unwrap();
    }
    folder.write("few.csv", text);
    let import = ["import", "few.csv", "--format", "csv", "--kind", "nasbench201", "-o", "new.csv"];
    folder.run(&import).success();
    folder.run(&[&["transfer", "new.csv", "-o", "new.json"][..], &priors].concat()).success();
    for cell in Cell::all().step_by(1009) {
        let found = folder.json(&["predict", "new.json", &cell.to_string()]);
        let ratio = found[0]["latency_ms"].as_f64().unwrap() / law(&cell, NEW);
        assert!((ratio - 1.0).abs() < 0.06, "{cell}: {ratio}");
    }
}

#[test]
fn rows_that_cannot_be_read_are_listed_and_strict_refuses_them() {
    let folder = Folder::new();
    let text =
        "hw,in_channels,out_channels,kernel,stride,time\n8,3,8,3,1,500\n8,3,8,4,1,500\n8,3,8,6,1,500\n";
    folder.write("theirs.csv", text);
    let import =
        ["import", "theirs.csv", "--format", "csv", "--kind", "conv", "--unit", "us", "-o", "ours.csv"];
    let mapped = [&import[..], &["--map", "hw=input_hw", "--latency-column", "time"]].concat();
    let stdout = folder.stdout(&mapped);
    let expected = "1 subjects from 1 rows of time; 2 rows could not be read\n  lines 3";
    assert!(stdout.starts_with(expected), "{stdout}");
    let table = folder.read("ours.csv");
    assert!(table.contains("conv-8x8x3-o8-k3-s1,op,hot,,0.5,"), "{table}");

    std::fs::remove_file(folder.path("ours.csv")).unwrap();
    folder.refused(&[&mapped[..], &["--strict"]].concat(), &["theirs.csv: line 3: "]);
    folder.refused(&import, &["no column can be a latency"]);
    let onto_itself = ["import", "theirs.csv", "--format", "csv", "--kind", "conv", "-o", "./theirs.csv"];
    let reason = "./theirs.csv: given as --output, but it is what is read";
    folder.refused(&onto_itself, &[reason]);
    assert_eq!(folder.read("theirs.csv"), text);
    let unmapped = [&import[..], &["--latency-column", "time"]].concat();
    folder.refused(&unmapped, &["none of its 3 rows can be read; line 2: no `input_hw`"]);
    assert!(!folder.path("ours.csv").exists());
}
