//! Rows of a table that a model has no answer for.

#![allow(clippy::unwrap_used)]

mod program;
mod tables;

use predicates::prelude::*;
use profiler::spec::{Architecture, OpSpec};
use program::Folder;
use tables::{Bench, write_bench};

#[test]
fn rows_without_an_answer_fail_an_evaluation_or_are_named_and_left_out() {
    let folder = Folder::new();
    let table = folder.path("table.csv");
    write_bench(&table, &Bench { noise: 0.02, ..Bench::default() });
    let fit = ["fit", "table.csv", "-o", "model.json", "--hold-out", "0.2", "--allow-emulated"];
    folder.run(&fit).success();
    let scored = ["evaluate", "model.json", "table.csv", "--allow-emulated"];
    let expected = folder.json(&scored);

    // An op and a network with activations that were not measured.
    let text = std::fs::read_to_string(&table).unwrap();
    let of_level = |level: &str| text.lines().find(|line| line.contains(level)).unwrap().to_owned();
    let subject = |row: &str| row.split(',').nth(1).unwrap().to_owned();
    let (op, network) = (of_level(",op,"), of_level(",network,"));
    let unknown = "maxpool-14x14x16-k2-s2";
    let op = op.replace(&subject(&op), unknown);
    let keys = tables::baseline(&folder.path("net.json")).ops().iter().map(OpSpec::key).collect::<Vec<_>>();
    let keys = keys.join(" ").replace("-relu6", "-hswish");
    let ops = keys.split(' ').map(|key| key.parse().unwrap()).collect();
    let other = Architecture::new("x", None, ops).unwrap().key();
    let network =
        network.replace(network.rsplit(',').next().unwrap(), &keys).replace(&subject(&network), &other);
    std::fs::write(&table, format!("{text}{op}\n{network}\n")).unwrap();

    let parts = ["no latency for 2 of", unknown, "`hswish_elements`", "--skip-unknown"];
    let named = |parts: [&'static str; 4]| {
        predicate::function(move |stderr: &str| parts.iter().all(|part| stderr.contains(part)))
    };
    folder.run(&scored).code(2).stdout("").stderr(named(parts));
    let skipping = [&scored[..], &["--skip-unknown"]].concat();
    assert_eq!(folder.json(&skipping), expected);
    let note = "note: 2 rows that the model cannot answer are not scored\n";
    folder.run(&skipping).success().stderr(named([note, unknown, "-hswish", "no op of kind `maxpool`"]));
}
