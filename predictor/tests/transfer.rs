//! A new device's op model from known ones, as a person or a script makes it; latencies follow hand-written laws.

#![allow(clippy::unwrap_used)]

mod program;

use std::fmt::Write as _;

use program::{Folder, number};

/// Milliseconds per million multiply-accumulates, per million elements written, and of a call.
type Law = [f64; 3];

const KNOWN: [Law; 2] = [[0.05, 0.4, 0.01], [0.03, 0.9, 0.02]];
/// Slower as a whole, and differently so by the kind of work.
const NEW: Law = [0.12, 2.0, 0.06];

/// Milliseconds of a 3×3 convolution with stride 1: side² · in · out · 9 multiply-accumulates, side² · out elements.
fn law([mac, element, call]: Law, (side, inside, out): (u32, u32, u32)) -> f64 {
    let elements = f64::from(side * side * out);
    mac * elements * f64::from(inside) * 9e-6 + element * elements * 1e-6 + call
}

fn ops() -> Vec<(u32, u32, u32)> {
    let channels = [8, 16, 24, 48, 96];
    let sides = [7, 14, 28, 56];
    sides.iter().flat_map(|&s| channels.iter().flat_map(move |&i| channels.map(|o| (s, i, o)))).collect()
}

fn key((side, inside, out): (u32, u32, u32)) -> String {
    format!("conv-{side}x{side}x{inside}-o{out}-k3-s1-relu")
}

fn import(folder: &Folder, name: &str, device: Law, ops: &[(u32, u32, u32)]) {
    let mut text = "key,latency_ms\n".to_owned();
    ops.iter().for_each(|&op| writeln!(text, "{},{}", key(op), law(device, op)).unwrap());
    folder.write("theirs.csv", text);
    let table = format!("{name}.csv");
    let import = ["import", "theirs.csv", "--format", "csv", "--kind", "key", "--device", name, "-o", &table];
    folder.run(&import).success();
}

#[test]
fn ten_suggested_ops_make_a_model_of_a_new_device() {
    let folder = Folder::new();
    for (device, name) in KNOWN.into_iter().zip(["a", "b"]) {
        import(&folder, name, device, &ops());
        folder.run(&["fit", &format!("{name}.csv"), "-o", &format!("{name}.json")]).success();
    }
    let prior = ["--prior", "a.json", "--prior", "b.json"];
    let suggest = [&["suggest", "-n", "10"][..], &prior].concat();
    let suggested = folder.stdout(&suggest);
    let chosen: Vec<_> =
        ops().into_iter().filter(|&op| suggested.lines().any(|line| line == key(op))).collect();
    // Every line is a key that was measured on both, and none stands twice.
    assert_eq!((chosen.len(), suggested.lines().count()), (10, 10));

    import(&folder, "few", NEW, &chosen);
    folder.run(&[&["transfer", "few.csv", "-o", "new.json"][..], &prior].concat()).success();
    let mut errors = 0.0;
    for op in ops() {
        let found = folder.json(&["predict", "new.json", &key(op)]);
        errors += (number(&found[0]["latency_ms"]) / law(NEW, op) - 1.0).abs() / ops().len() as f64;
    }
    // Known devices alone would be off by a factor; the whole law follows from ten.
    assert!(errors < 0.05, "{errors}");

    // What is measured already is not suggested again.
    let more = folder.json(&[&suggest[..], &["--measured", "few.csv"]].concat());
    for suggestion in more.as_array().unwrap() {
        let again = suggestion["subject"].as_str().unwrap();
        assert!(chosen.iter().all(|&op| key(op) != again), "{again}");
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = Folder::new();
    import(&folder, "a", KNOWN[0], &ops());
    folder.run(&["fit", "a.csv", "-o", "a.json"]).success();
    let suggest = ["suggest", "--prior", "a.json"];
    folder.refused(&[&suggest[..], &["--space", "nowhere"]].concat(), &["nowhere"]);
    folder.refused(&[&suggest[..], &["--space", "proxylessnas-small"]].concat(), &["cannot fit"]);
    folder.write("ops.txt", "\nconv-8x8\n");
    folder.refused(&[&suggest[..], &["--ops", "ops.txt"]].concat(), &["line 2"]);
    folder.refused(&[&suggest[..], &["--fixed-cost", "0"]].concat(), &["--fixed-cost"]);
    folder.refused(&["transfer", "--prior", "a.csv", "a.csv", "-o", "new.json"], &["a.csv"]);
}
