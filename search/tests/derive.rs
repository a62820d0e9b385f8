//! Other networks out of a finished search, by the program.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use profiler::record::read_architecture;
use search::{RunFolder, run::SearchSettings, strategy::StrategyKind, watch::Unwatched};

fn program(folder: &Path, line: &str) -> assert_cmd::assert::Assert {
    Command::cargo_bin("search").unwrap().current_dir(folder).args(line.split(' ')).assert()
}

#[test]
fn networks_for_other_targets_come_out_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("images")).unwrap();
    support::write_images(&path.join("images"));
    let (fastest_ms, slowest_ms) = support::latency().range_ms();
    for (name, strategy) in [("run", StrategyKind::Gradient), ("evolved", StrategyKind::Evolution)] {
        let settings = SearchSettings { strategy: support::strategy(strategy), ..support::search_settings() };
        let run = RunFolder::new(&path.join(name));
        support::run_search(&settings, &support::images(), &run, &mut Unwatched).unwrap();
        for share in [0.2, 0.6, 1.5] {
            let target_ms = fastest_ms + share * (slowest_ms - fastest_ms);
            let evolves = "--data images --networks 12 --scored-images 40";
            let line = format!("derive {name} --target-ms {target_ms} {evolves} -o other.json --json");
            let printed = program(path, &line).success().get_output().stdout.clone();
            let network = read_architecture(&path.join("other.json")).unwrap();
            let ms: f64 = network.ops().iter().map(|op| op.macs().0 as f64 / 1e5).sum();
            assert!(ms <= target_ms, "{strategy:?}: {ms} of {target_ms}");
            if strategy == StrategyKind::Evolution {
                // Not just anything within the target: the best of those that use it, by the shared weights.
                assert!(ms >= 0.9 * target_ms.min(slowest_ms), "{ms} of {target_ms}");
                let derived: serde_json::Value = serde_json::from_slice(&printed).unwrap();
                let right = derived["held_out_accuracy"].as_f64().unwrap();
                let scores = std::fs::read_to_string(path.join("evolved/front/scores-40.jsonl")).unwrap();
                let found: Vec<serde_json::Value> =
                    scores.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                let used = |line: &&serde_json::Value| {
                    let of = |index: usize| line["path"][index].as_u64().unwrap() as usize;
                    let ms = support::latency().path_ms(&[of(0), of(1), of(2), of(3)]);
                    ms <= target_ms && ms >= 0.9 * target_ms.min(slowest_ms)
                };
                let best = found.iter().filter(used).map(|line| line["accuracy"].as_f64().unwrap());
                // All 40 held-out images were looked at both times.
                assert_eq!(best.reduce(f64::max), Some(right), "{target_ms}");
            }
        }
    }
    // For its own target a search has looked at networks already; its network needs no images.
    let own_ms = support::search_settings().target_ms;
    program(path, &format!("derive evolved --target-ms {own_ms} -o own.json")).success();
    let [own, searched] = ["own.json", "evolved/architecture.json"].map(|name| path.join(name));
    assert!(read_architecture(&searched).is_ok() && read_architecture(&own).is_ok());
    program(path, "derive evolved --target-ms 9 --networks 0 -o other.json").code(2);
    let unknown = predicates::str::contains("cannot read evolved/config.toml");
    program(path, &format!("derive evolved --target-ms {slowest_ms} -o other.json")).code(2).stderr(unknown);
    let impossible = predicates::str::contains(format!("needs {fastest_ms:.4} ms"));
    program(path, "derive run --target-ms 0.001 -o other.json").code(2).stderr(impossible);
    program(path, "derive run --target-ms NaN -o other.json").code(2);
    let no_intervals = predicates::str::contains("risk is 0.1").and(predicates::str::contains("intervals"));
    program(path, "derive run --target-ms 9 --risk 0.1 -o other.json").code(2).stderr(no_intervals);
    program(path, "derive nowhere --target-ms 9 -o other.json").code(2);

    let (low, high) = (0.7 * fastest_ms + 0.3 * slowest_ms, 0.3 * fastest_ms + 0.7 * slowest_ms);
    let front =
        format!("front run --targets {low},{high} --networks 30 --scored-images 40 --data images --json");
    let first = program(path, &front).success().get_output().stdout.clone();
    let document: serde_json::Value = serde_json::from_slice(&first).unwrap();
    let networks = document["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 2);
    for (entry, target_ms) in networks.iter().zip([low, high]) {
        assert!(entry["predicted_ms"].as_f64().unwrap() <= target_ms, "{entry}");
        let file = path.join("run/front").join(entry["file"].as_str().unwrap());
        assert_eq!(read_architecture(&file).unwrap().key(), entry["network"].as_str().unwrap());
    }
    // What fits the lower target fits the higher one, too.
    let accuracy = |index: usize| networks[index]["held_out_accuracy"].as_f64().unwrap();
    assert!(accuracy(1) >= accuracy(0), "{networks:?}");
    let scores = path.join("run/front/scores-40.jsonl");
    let before = std::fs::read(&scores).unwrap();
    assert_eq!(program(path, &front).success().get_output().stdout, first);
    assert_eq!(std::fs::read(&scores).unwrap(), before, "paths were looked at twice");

    // A point of the front is tuned: it begins with the search's weights, is not resumed otherwise, and no
    // other network does.
    let point = |index: usize| format!("run/front/{}", networks[index]["file"].as_str().unwrap());
    let tune = |from: &str| format!("train {} {from}--epochs 1 --threads 1 --data images -o", point(0));
    let loss = |line: &str| {
        let printed = program(path, &format!("{line} --json")).success().get_output().stdout.clone();
        serde_json::from_slice::<serde_json::Value>(&printed).unwrap()["train_loss"].as_f64().unwrap()
    };
    assert!(loss(&format!("{} tuned", tune("--from run "))) < loss(&format!("{} scratch", tune(""))));
    program(path, &format!("{} tuned", tune(""))).code(2).stderr(predicates::str::contains("from"));
    let network = read_architecture(&path.join(point(0))).unwrap();
    let other = profiler::spec::Architecture::new("other", None, network.ops().to_vec()).unwrap();
    profiler::record::write_architecture(&path.join("other.json"), &other).unwrap();
    let line = "train other.json --from run --data images -o wrong";
    program(path, line).code(2).stderr(predicates::str::contains("`other` is no path of its space `tiny`"));
}
