//! The whole pipeline as `./quickstart.sh` runs it, in small: emulated time, a hundred drawn images, a handful of steps.
//! What is checked is that every stage reads what the one before wrote, and what emulated time lets be known exactly.

use serde_json::Value;
use std::fs;
use tailor_tests::{images::draw_images, run, try_run};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn from_a_space_to_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    draw_images(&folder.join("images"));

    run(folder, "profiler run --space proxylessnas-small --networks 20 --backend mock -o table.csv");
    run(folder, "predictor fit table.csv --hold-out 0.2 --allow-emulated -o model.json");
    let score = json(&run(folder, "predictor evaluate model.json table.csv --allow-emulated --json"));
    // The mock's figures are its law with 2 % of noise, and a model that found the law is within 5 % of all of them.
    assert_eq!(score["network"]["within_5"], 1.0, "{score}");
    assert_eq!(score["network"]["n"], 4, "a fifth of 20 networks is held out");

    run(
        folder,
        "search run --space proxylessnas-small --model model.json --data images --target-of-baseline 0.7 \
         --held-out 40 --batch 20 --warm-up-steps 2 --steps 4 --alpha-every 2 --threads 1 -o search",
    );
    let config = fs::read(folder.join("search/config.toml")).unwrap();
    let refused = |line: &str, named: &str| {
        let (code, _, said) = try_run(folder, line);
        assert!(code == Some(2) && said.contains(named), "{line}: {said}");
    };
    let other = "search run --space proxylessnas-small --model model.json --data images --target-of-baseline 0.6 --held-out 40";
    refused(&format!("{other} --batch 20 -o search"), "search was made with ");
    let after = fs::read(folder.join("search/config.toml")).unwrap();
    assert_eq!(after, config, "a refused command changes nothing");
    refused(&format!("{other} --batch 9999 -o new"), "batches of 9999 images");
    assert!(!folder.join("new").exists());
    // Settings that were changed by hand.
    let settings = fs::read_to_string(folder.join("search/settings.json")).unwrap();
    let mut damaged = json(&settings);
    damaged["intervals"]["blocks"][0] = Value::Array(Vec::new());
    fs::write(folder.join("search/settings.json"), damaged.to_string()).unwrap();
    refused("search derive search --target-ms 1 --risk 0.1 -o derived.json", "table of intervals");
    fs::write(folder.join("search/settings.json"), settings).unwrap();

    run(folder, "search baseline --space proxylessnas-small -o baseline.json");
    for (architecture, name) in [("search/architecture.json", "searched"), ("baseline.json", "baseline")] {
        let train =
            format!("search train {architecture} --data images --epochs 1 --batch 20 --threads 1 -o {name}");
        run(folder, &train);
        run(folder, &format!("search export {name} -o {name}.onnx"));
    }
    run(folder, "profiler run --onnx searched.onnx --onnx baseline.onnx --backend mock -o verify.csv");
    let measured = "search report --model model.json --measured verify.csv --json searched baseline";
    let report = json(&run(folder, &format!("{measured} --allow-emulated")));
    assert_eq!(report["emulated"], true);
    let networks = report["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 2);
    for network in networks {
        assert!(network["relative_error"].as_f64().unwrap().abs() < 0.05, "{network}");
        // Of 40 test images, so a whole number of fortieths.
        let right = network["test_accuracy"].as_f64().unwrap() * 40.0;
        assert!((right - right.round()).abs() < 1e-9 && (0.0..=40.0).contains(&right), "{network}");
    }
    assert_eq!(networks[1]["choices"], Value::from(vec!["e6k3"; 9]));

    // By one command, on the same emulated machine.
    let verify = "search verify searched baseline --model model.json -o again.csv --json";
    let again = json(&run(folder, &format!("{verify} --allow-emulated")));
    for (network, before) in again["networks"].as_array().unwrap().iter().zip(networks) {
        assert_eq!(network["predicted_ms"], before["predicted_ms"]);
        let ms = |side: &str| network["predicted_interval_ms"][usize::from(side == "high")].as_f64().unwrap();
        let measured = network["measured_ms"].as_f64().unwrap();
        assert_eq!(network["inside_interval"], (ms("low")..=ms("high")).contains(&measured), "{network}");
    }
    refused(verify, "emulated");
    run(folder, "search export searched --safetensors searched.safetensors");
    assert!(folder.join("searched.safetensors").is_file());

    // Emulated figures are not reported as timings unless that is asked for.
    refused(measured, "emulated");
}
