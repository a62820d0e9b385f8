//! Ops traced inside networks, from foreign tables to predicted networks, as a person does it; latencies follow a law.

#![allow(clippy::unwrap_used)]

mod program;

use std::fmt::Write as _;

use program::{Folder, number};

/// Deterministic noise in -1 to 1.
fn noise(index: usize) -> f64 {
    ((index as f64 * 12.9898).sin() * 43758.5453).fract()
}

/// Thirty networks of 3x3 and 1x1 convolutions and a mean, each convolution 20 us and 1 us per 20,000 multiply-accumulates,
/// measured to 1 %; a network is 300 us, 1.1 times its ops and 4 us from one op to the next.
fn write_tables(folder: &Folder) {
    let mut ops = "model,operation,feature,p_us,p_kernel,q_us,q_kernel\n".to_owned();
    let mut totals = "model,p_mean_us,p_std_us,q_mean_us,q_std_us\n".to_owned();
    let mut measured = 0;
    for network in 0..30 {
        let (mut sum, mut count) = (0.0, 0.0);
        let mut row = |operation: &str, feature: String, kernel: &str, us: f64| {
            measured += 1;
            let seen = us * (1.0 + 0.01 * noise(measured));
            let line =
                format!("net{network},{operation},\"{{{feature}}}\",{seen},{kernel},{},{kernel}", 3.0 * seen);
            writeln!(ops, "{line}").unwrap();
            (sum, count) = (sum + us, count + 1.0);
        };
        for block in 0..4 {
            let side = [56, 28, 14, 7][block];
            let channels = 16 * (1 + (network * 7 + block * 3) % 9);
            for (kernel, stride) in [(1, 1), (3, 1)] {
                let out = channels + 16 * (network % 4);
                let feature = format!(
                    "'Input_shape': '{side}', 'Input_channel': {channels}, 'Output_shape': '{side}', 'Stride': \
                     '{stride}', 'Kernel': '{kernel}', 'Filter': '{out}', 'Group': '1'"
                );
                let macs = (side * side * channels * out * kernel * kernel) as f64;
                let kernel = format!("convolution_2d_{block}_linked_:_relu_1");
                row("CONV_2D", feature, &kernel, 20.0 + macs / 2e4);
            }
        }
        let feature = "'Input_shape': '7', 'Input_channel': 64, 'Kernel': '0'".to_owned();
        row("MEAN", feature, "mean_9", 15.0);
        let total = 300.0 + 1.1 * sum + 4.0 * count;
        writeln!(totals, "net{network},{total},2,{},6", 3.0 * total).unwrap();
    }
    folder.write("ops.csv", ops);
    folder.write("networks.csv", totals);
}

fn import(folder: &Folder, phone: &str) {
    let table = format!("{phone}.csv");
    let import =
        ["import", "ops.csv", "--format", "mobile-gpu-csv", "--totals", "networks.csv", "-o", &table];
    let found = folder.json(&[&import[..], &["--latency-column", phone]].concat());
    assert_eq!((&found["rows_refused"], &found["rows_read"]), (&0.into(), &300.into()));
}

#[test]
fn a_traced_table_goes_from_import_to_predicted_networks() {
    let folder = Folder::new();
    write_tables(&folder);
    import(&folder, "p");
    let fitted = folder.json(&["fit", "p.csv", "-o", "p.json", "--hold-out", "0.2", "--seed", "3"]);
    // Networks are left out as wholes.
    assert_eq!(fitted["held_out"]["network"].as_array().unwrap().len(), 6);
    assert_eq!(fitted["network"]["rows"], 24);
    let scores = folder.json(&["evaluate", "p.json", "p.csv"]);
    assert_eq!(scores["network"]["n"], 6);
    let figure = |level: &str, name: &str| scores[level][name].as_f64().unwrap();
    assert!(figure("network", "mape") < 0.01 && figure("op", "mape") < 0.03, "{scores}");
    let key = "convolution_2d@conv-28x28x32-28x28x48-k3-s1-g1+relu";
    let explained = folder.json(&["explain", "p.json", key]);
    let sum: f64 = explained["terms"].as_array().unwrap().iter().map(|term| number(&term["ms"])).sum();
    assert!((sum / number(&explained["model_ms"]) - 1.0).abs() < 1e-9, "{explained}");
    let predicted = folder.json(&["predict", "p.json", key]);
    // 20 us and 28 · 28 · 32 · 48 · 9 multiply-accumulates at 1 us per 20,000.
    let expected = 0.020 + 28.0 * 28.0 * 32.0 * 48.0 * 9.0 / 2e7;
    assert!((number(&predicted[0]["latency_ms"]) / expected - 1.0).abs() < 0.05, "{predicted}");
    let audit = folder.json(&["audit", "p.csv"]);
    assert_eq!(audit["sums"][0]["networks"], 30);
    folder.refused(&["predict", "p.json", "warp@gpool-8x8x8"], &["warp"]);
    folder.refused(&["predict", "p.json", "mean@gpool-8x8"], &["gpool-8x8"]);
}

#[test]
fn a_second_phone_is_known_from_a_few_of_the_first_ones_ops() {
    let folder = Folder::new();
    write_tables(&folder);
    import(&folder, "p");
    import(&folder, "q");
    folder.run(&["fit", "p.csv", "-o", "p.json"]).success();
    let keys = folder.stdout(&["suggest", "--prior", "p.json", "-n", "10"]);
    assert_eq!(keys.lines().count(), 10);
    let table = folder.read("q.csv");
    let is_few = |line: &&str| {
        line.starts_with("table_version") || keys.lines().any(|key| line.contains(&format!(",{key},op,")))
    };
    let few: Vec<&str> = table.lines().filter(is_few).collect();
    assert_eq!(few.len(), 11);
    folder.write("few.csv", few.join("\n") + "\n");
    folder.write("few.session.json", folder.read("q.session.json"));
    folder.run(&["transfer", "--prior", "p.json", "few.csv", "-o", "q.json"]).success();
    let scores = folder.json(&["evaluate", "q.json", "q.csv"]);
    assert!(scores["op"]["mape"].as_f64().unwrap() < 0.03, "{scores}");
}

#[test]
fn groups_are_new_as_wholes_and_must_be_named() {
    let folder = Folder::new();
    let mut text = "input_hw,in_channels,out_channels,kernel,stride,series,latency_ms\n".to_owned();
    for series in 0..12 {
        for channels in 1..=10 {
            let (side, channels) = (20 + series, 8 * channels);
            let macs = f64::from(side * side * channels * 16 * 9);
            writeln!(text, "{side},{channels},16,3,1,s{series},{}", 0.02 + macs / 1e7).unwrap();
        }
    }
    folder.write("t.csv", &text);
    let import = ["import", "t.csv", "--format", "csv", "--kind", "conv", "-o", "ours.csv", "--group"];
    folder.run(&[&import[..], &["series"]].concat()).success();
    let fitted = folder.json(&["fit", "ours.csv", "-o", "m.json", "--hold-out", "0.25"]);
    assert_eq!(fitted["held_out"]["network"].as_array().unwrap().len(), 3);
    assert_eq!(fitted["held_out"]["op"].as_array().unwrap().len(), 30);
    folder.refused(&[&import[..], &["serie"]].concat(), &["no `serie`"]);
}
