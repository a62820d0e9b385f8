//! New devices from whole networks whose ops were never measured alone; latencies follow hand-written laws.

#![allow(clippy::unwrap_used)]

mod program;

use std::fmt::Write as _;

use predictor::whole::FbNet;
use program::Folder;
use rand::SeedableRng;
use rand_pcg::Pcg64;

/// Milliseconds of a call, and of a unit of expansion at half the blocks.
type Law = [f64; 2];

const KNOWN: [Law; 2] = [[0.3, 0.02], [0.05, 0.2]];
/// Half the sum of both, four times as slow.
const NEW: Law = [0.7, 0.44];
const EXPANSIONS: [f64; 9] = [1.0, 1.0, 3.0, 6.0, 1.0, 1.0, 3.0, 6.0, 0.0];

fn law(network: &str, [call, work]: Law) -> f64 {
    let of_block = |(block, choice): (usize, &str)| {
        let choice: usize = choice.parse().unwrap();
        let calls = if choice == 8 { 0.0 } else { call };
        calls + work * EXPANSIONS[choice] * if block % 2 == 0 { 1.0 } else { 0.2 }
    };
    call + network.split('-').enumerate().map(of_block).sum::<f64>()
}

fn networks(seed: u64, count: usize) -> Vec<String> {
    let mut generator = Pcg64::seed_from_u64(seed);
    (0..count).map(|_| FbNet::random(&mut generator).to_string()).collect()
}

fn import(folder: &Folder, name: &str, networks: &[String], device: Law) {
    let mut text = format!("arch,{name}_ms\n");
    networks.iter().for_each(|network| writeln!(text, "{network},{}", law(network, device)).unwrap());
    folder.write("theirs.csv", text);
    let table = format!("{name}.csv");
    folder.run(&["import", "theirs.csv", "--format", "csv", "--kind", "fbnet", "-o", &table]).success();
}

fn known(folder: &Folder) -> Vec<&'static str> {
    for (device, name) in KNOWN.into_iter().zip(["a", "b"]) {
        import(folder, name, &networks(1, 300), device);
        folder.run(&["fit", &format!("{name}.csv"), "-o", &format!("{name}.json")]).success();
    }
    vec!["--prior", "a.json", "--prior", "b.json"]
}

#[test]
fn ten_suggested_networks_make_a_model_of_a_new_device() {
    let folder = Folder::new();
    let prior = known(&folder);
    let suggested = folder.json(&[&["suggest", "-n", "10"][..], &prior].concat());
    let chosen: Vec<String> =
        suggested.as_array().unwrap().iter().map(|s| s["subject"].as_str().unwrap().to_owned()).collect();
    assert_eq!(chosen.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
    import(&folder, "few", &chosen, NEW);
    let transfer = [&["transfer", "few.csv", "-o", "new.json"][..], &prior].concat();
    let made = folder.json(&transfer);
    assert_eq!((made["rows"].as_u64(), made["known_devices"].as_u64()), (Some(10), Some(2)));
    let others = networks(2, 40);
    let predict =
        [&["predict", "new.json"][..], &others.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    for (found, network) in folder.json(&predict).as_array().unwrap().iter().zip(&others) {
        let ratio = found["latency_ms"].as_f64().unwrap() / law(network, NEW);
        assert!((ratio - 1.0).abs() < 0.05, "{network}: {ratio}");
    }
    // A new device's model scores as any other.
    import(&folder, "truth", &others, NEW);
    let allow = ["evaluate", "new.json", "truth.csv", "--allow-mixed"];
    let scores = folder.json(&allow);
    assert!(scores["network"]["spearman"].as_f64().unwrap() > 0.99, "{scores}");
    let terms = folder.json(&["explain", "new.json", &others[0]]);
    let of_terms: f64 =
        terms["terms"].as_array().unwrap().iter().map(|term| term["ms"].as_f64().unwrap()).sum();
    assert!((of_terms / terms["latency_ms"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{terms}");
}

#[test]
fn networks_that_are_none_are_refused() {
    let folder = Folder::new();
    let prior = known(&folder);
    let refused = |arguments: &[&str], part: &str| {
        let stderr = folder.run(arguments).code(2).stdout("").get_output().stderr.clone();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(stderr.contains(part), "{part:?} not in {stderr}");
    };
    refused(&["predict", "a.json", "1-2-3"], "3 choices joined by `-`, expected 22");
    let nine = vec!["9"; 22].join("-");
    refused(&["predict", "a.json", &nine], "choice 1 is `9`, expected 0 to 8");
    folder.write("wrong.csv", format!("arch,a_ms\n{nine},3\n"));
    let import = ["import", "wrong.csv", "--format", "csv", "--kind", "fbnet", "-o", "x.csv"];
    refused(&import, "line 2: ");
    refused(&[&["suggest", "--space", "proxylessnas-small"][..], &prior].concat(), "--space");
    refused(&[&["suggest", "--measured", "a.csv"][..], &prior].concat(), "--measured");
}
