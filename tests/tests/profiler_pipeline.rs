//! The first stage as a user runs it: a table and its session out of a search space, with emulated time (`mock`).

use std::{collections::BTreeSet, fs, path::Path};
use tailor_tests::run;

/// `profiler run` of the small space with the mock and three random networks.
fn measure(folder: &Path, seed: &str) {
    let line = "profiler run --space proxylessnas-small --networks 3 --backend mock";
    run(folder, &format!("{line} --seed {seed} -o table.csv"));
}

/// Values of the column `name`, in the table's order.
fn column(table: &str, name: &str) -> Vec<String> {
    let mut lines = table.lines();
    let index = lines.next().unwrap().split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(index).unwrap().to_owned()).collect()
}

#[test]
fn every_op_and_network_has_its_rows_and_nothing_is_measured_twice() {
    let folder = tempfile::tempdir().unwrap();
    measure(folder.path(), "1");
    let table = fs::read_to_string(folder.path().join("table.csv")).unwrap();

    let listed = run(folder.path(), "profiler ops --space proxylessnas-small --json");
    let key = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["key"].as_str().unwrap().to_owned()
    };
    let ops: BTreeSet<String> = listed.lines().map(key).collect();
    let rows = || column(&table, "subject").into_iter().zip(column(&table, "level"));
    let level = |name| rows().filter(move |row| row.1 == name).map(|row| row.0).collect::<BTreeSet<String>>();
    assert_eq!(level("op"), ops);
    assert_eq!(level("network").len(), 3);

    // Each subject has one row per cache state.
    let states: Vec<(String, String)> =
        column(&table, "subject").into_iter().zip(column(&table, "cache")).collect();
    assert_eq!(states.iter().collect::<BTreeSet<_>>().len(), states.len());
    assert!(column(&table, "latency_ms").iter().all(|ms| ms.parse::<f64>().unwrap() > 0.0));
}

#[test]
fn emulated_time_is_called_so_and_the_seed_decides_the_figures() {
    let folders = ["1", "1", "2"].map(|seed| {
        let folder = tempfile::tempdir().unwrap();
        measure(folder.path(), seed);
        folder
    });
    let tables =
        folders.each_ref().map(|folder| fs::read_to_string(folder.path().join("table.csv")).unwrap());
    let figures = |table: &str| (column(table, "subject"), column(table, "latency_ms"));
    assert_eq!(figures(&tables[0]), figures(&tables[1]));
    assert_ne!(figures(&tables[0]), figures(&tables[2]));

    let session = fs::read_to_string(folders[0].path().join("table.session.json")).unwrap();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    assert_eq!(session["conditions"]["runtime"]["emulated"], true);
    let sessions: BTreeSet<String> = column(&tables[0], "session").into_iter().collect();
    assert_eq!(sessions.len(), 1);
}

#[test]
fn real_time_with_tract_ranks_a_large_op_above_a_small_one() {
    // 28x28x16 to 16 channels with expansion 6 and kernel 5 is more than 50 times the work of 4x4x8 with expansion 1:
    // far beyond any noise.
    let (large, small) = ("mbconv-28x28x16-o16-e6-k5-s1-relu6-res", "mbconv-4x4x8-o8-e1-k3-s1-relu6");
    let folder = tempfile::tempdir().unwrap();
    for (key, file) in [(large, "large.onnx"), (small, "small.onnx")] {
        run(folder.path(), &format!("profiler export {key} -o {file}"));
    }
    run(folder.path(), "profiler run --onnx large.onnx --onnx small.onnx --budget-s 20 -o table.csv");
    let table = fs::read_to_string(folder.path().join("table.csv")).unwrap();
    let hot = |op: &str| {
        let rows = table.lines().filter(|line| line.ends_with(op) && line.contains(",hot,"));
        let figures: Vec<f64> = rows.map(|row| row.split(',').nth(5).unwrap().parse().unwrap()).collect();
        assert_eq!(figures.len(), 1, "{table}");
        figures[0]
    };
    assert!(hot(large) > 5.0 * hot(small), "{table}");
}
