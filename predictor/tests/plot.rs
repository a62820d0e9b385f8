//! The picture of a table's networks.

#![allow(clippy::unwrap_used)]

mod program;
mod tables;

use program::Folder;
use tables::{Bench, write_bench};

#[test]
fn every_network_is_drawn_and_scored() {
    let folder = Folder::new();
    write_bench(&folder.path("table.csv"), &Bench { noise: 0.02, ..Bench::default() });
    let plot = ["plot", "table.csv", "-o", "out/picture.svg", "--allow-emulated"];
    let scores = folder.json(&plot);
    assert_eq!((&scores[0]["table"], &scores[0]["scores"]["n"]), (&"table".into(), &30.into()));
    // Noise of ± 2 % leaves nobody off by more than a twentieth.
    assert_eq!(scores[0]["scores"]["within_5"], 1.0, "{scores}");
    let picture = folder.read("out/picture.svg");
    assert_eq!(picture.matches("class=\"dot\"").count(), 30);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let folder = Folder::new();
    let table = folder.path("table.csv");
    write_bench(&table, &Bench { networks: 4, ..Bench::default() });
    let refused = |output: &str, options: &[&str], part: &str| {
        let arguments = [&["plot", "table.csv", "-o", output], options].concat();
        folder.refused(&arguments, &[part]);
    };
    refused("picture.svg", &[], "emulated");
    refused("picture.svg", &["--allow-emulated"], "has 4 networks");
    let before = std::fs::read(&table).unwrap();
    refused(
        "table.csv",
        &["--allow-emulated"],
        "table.csv: given as --output, but it is what is read; name another file",
    );
    assert_eq!(std::fs::read(&table).unwrap(), before);
}
