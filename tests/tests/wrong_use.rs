//! What a user can get wrong: each gives exit code 2, one clear line on stderr naming the value (a hint may follow), nothing on stdout, and
//! leaves nothing half-written.

use std::{fs, path::Path};
use tailor_tests::{run, try_run};

/// Runs `command` in `folder` and checks all of the above; `named` must be in the message.
fn assert_wrong(folder: &Path, command: &str, named: &str) {
    let before = contents(folder);
    let (code, stdout, stderr) = try_run(folder, command);
    let message = stderr
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("note: ") && !line.starts_with("hint: "))
        .collect::<String>();
    assert_eq!(code, Some(2), "{command}: {message}");
    assert_eq!(stdout, "", "{command}");
    // clap explains wrong arguments over several lines; everything else says it in one.
    let by_clap = message.contains("For more information, try '--help'");
    assert!(
        message.starts_with("error: ") && (by_clap || message.lines().count() == 1),
        "{command}: {message}"
    );
    assert!(message.contains(named), "{command}: {message}");
    // A cause that is named twice is a line that nobody reads to its end.
    let parts: Vec<&str> = message.trim_end().split(": ").collect();
    assert!(
        parts.iter().all(|part| parts.iter().filter(|other| *other == part).count() == 1),
        "{command}: {message}"
    );
    assert_eq!(contents(folder), before, "{command} must leave the folder as it was");
}

/// Names of all files, sorted.
fn contents(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn profiler() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("broken.onnx", b"not a model");
    write("empty.onnx", b"");
    write("keys.txt", b"gpool-4x4x8\nno-such-op\n");
    write("int8.txt", b"gpool-4x4x8\nconv-8x8x8-o8-k3-s1-int8\n");
    write("space.toml", b"format = \"tailor-space\"\nversion = 99\n");
    write("nonsense.toml", b"version = \n");
    write("network.json", b"{\"format\": \"tailor-architecture\", \"version\": 99}");
    for (command, named) in [
        ("profiler run --space no-such-space -o t.csv", "no-such-space"),
        ("profiler run --space space.toml -o t.csv", "99"),
        ("profiler run --space nonsense.toml -o t.csv", "nonsense.toml"),
        ("profiler run -o t.csv", "--space"),
        ("profiler run --networks 3 -o t.csv", "--space"),
        ("profiler run --networks -3 -o t.csv", "-3"),
        ("profiler run --onnx missing.onnx -o t.csv", "missing.onnx"),
        ("profiler run --onnx broken.onnx -o t.csv", "broken.onnx"),
        ("profiler run --onnx empty.onnx -o t.csv", "empty"),
        ("profiler run --space proxylessnas-small --backend no-such-backend -o t.csv", "no-such-backend"),
        ("profiler run --space proxylessnas-small -o t.txt", "t.txt"),
        ("profiler run --space proxylessnas-small --cpus 9999 -o t.csv", "9999"),
        ("profiler run --space proxylessnas-small --threads 0 -o t.csv", "0"),
        ("profiler run --space proxylessnas-small --target-ci NaN -o t.csv", "NaN"),
        (
            "profiler run --space proxylessnas-small --backend onnxruntime --onnxruntime missing.so -o t.csv",
            "missing.so",
        ),
        (
            "profiler run --space proxylessnas-small --backend litert --litert missing.so -o t.csv",
            "missing.so",
        ),
        ("profiler run --ops missing.txt -o t.csv", "missing.txt"),
        ("profiler run --ops keys.txt -o t.csv", "keys.txt line 2"),
        ("profiler run --ops int8.txt -o t.csv", "tract does not run `conv-8x8x8-o8-k3-s1-int8`"),
        ("profiler sample --kind convv --count 3", "convv"),
        ("profiler sample --kind conv --count -3", "-3"),
        (
            "profiler run --space proxylessnas-small --cpus 0 --threads 2 -o t.csv",
            "2 threads do not fit on core [0]",
        ),
        ("profiler model missing.onnx", "missing.onnx"),
        ("profiler model broken.onnx", "broken.onnx"),
        ("profiler model empty.onnx", "it holds no graph"),
        ("profiler model broken.onnx -o t.txt", "t.txt"),
        ("profiler ops", "--space"),
        ("profiler ops --space missing.toml", "missing.toml"),
        ("profiler export no-such-op -o op.onnx", "no-such-op"),
        ("profiler export act-8x8x8-hswish-int8 -o op.onnx", "act-8x8x8-hswish"),
        ("profiler export avgpool-8x8x3-k3-s2 -o op.tflite", "average pool 3x3 stride 2"),
        ("profiler export network.json -o op.onnx", "99"),
        ("profiler export missing.json -o op.onnx", "missing.json"),
        ("profiler measure", "measure"),
    ] {
        assert_wrong(folder.path(), command, named);
    }
}

#[test]
fn android() {
    let folder = tempfile::tempdir().unwrap();
    for (command, named) in [
        ("android devices --adb ./missing-adb", "missing-adb"),
        ("android build --source /", "`/` is not in a Tailor checkout"),
        ("android build --source missing-folder", "missing-folder"),
        ("android build --route gcc", "gcc"),
        ("android profile", "--output"),
        ("android profile --space proxylessnas-small -o t.txt", "t.txt"),
        ("android profile --ops keys.txt -o t.csv --adb ./missing-adb", "missing-adb"),
        ("android run --adb ./missing-adb -- doctor", "missing-adb"),
        ("android run", "COMMAND"),
        ("android doctor --adb ./missing-adb", "missing-adb"),
        ("android test-phone --phones 99 -- true", "99"),
    ] {
        assert_wrong(folder.path(), command, named);
    }
}

/// A table of emulated figures and the model fitted to it, and that table spoilt in several ways.
fn measured() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| run(folder.path(), line);
    run("profiler run --space proxylessnas-small --networks 10 --backend mock -o table.csv");
    run("predictor fit table.csv --allow-emulated -o model.json");
    run("search baseline --space proxylessnas-small -o network.json");
    let path = |name: &str| folder.path().join(name);
    let table = fs::read_to_string(path("table.csv")).unwrap();
    let spoil = |name: &str, text: &str| {
        fs::write(path(&format!("{name}.csv")), text).unwrap();
        fs::copy(path("table.session.json"), path(&format!("{name}.session.json"))).unwrap();
    };
    let latency = table.lines().nth(1).unwrap().split(',').nth(5).unwrap();
    spoil("nan", &table.replacen(latency, "NaN", 1));
    spoil("negative", &table.replacen(latency, "-1", 1));
    spoil("column", &table.replacen("latency_ms", "latency_s", 1));
    spoil("version", &table.replace("\n3,", "\n99,"));
    spoil("cut", &table[..table.len() / 2]);
    spoil("empty", "");
    fs::copy(path("table.csv"), path("alone.csv")).unwrap();
    let model = fs::read_to_string(path("model.json")).unwrap();
    fs::write(path("cut.json"), &model[..model.len() / 2]).unwrap();
    folder
}

#[test]
fn predictor() {
    let folder = measured();
    for (command, named) in [
        ("predictor fit missing.csv -o m.json", "missing.csv"),
        ("predictor fit table.csv -o m.json", "emulated"),
        ("predictor fit nan.csv --allow-emulated -o m.json", "NaN"),
        ("predictor fit negative.csv --allow-emulated -o m.json", "-1"),
        ("predictor fit column.csv --allow-emulated -o m.json", "latency_ms"),
        ("predictor fit version.csv --allow-emulated -o m.json", "99"),
        ("predictor fit cut.csv --allow-emulated -o m.json", "cut.csv"),
        ("predictor fit empty.csv --allow-emulated -o m.json", "empty.csv"),
        ("predictor fit alone.csv --allow-emulated -o m.json", "alone.session.json"),
        ("predictor fit table.csv --allow-emulated --hold-out 1.5 -o m.json", "1.5"),
        ("predictor fit table.csv --allow-emulated --hold-out NaN -o m.json", "NaN"),
        ("predictor evaluate missing.json table.csv", "missing.json"),
        ("predictor evaluate cut.json table.csv", "cut.json"),
        ("predictor evaluate network.json table.csv", "network.json"),
        ("predictor evaluate model.json missing.csv", "missing.csv"),
        ("predictor predict model.json no-such-op", "no-such-op"),
        ("predictor predict model.json missing.json", "missing.json"),
        ("predictor explain model.json no-such-op", "no-such-op"),
        ("predictor guess", "guess"),
    ] {
        assert_wrong(folder.path(), command, named);
    }
}

#[test]
fn search() {
    let folder = measured();
    fs::create_dir(folder.path().join("images")).unwrap();
    fs::create_dir_all(folder.path().join("photos/train/empty-class")).unwrap();
    fs::create_dir_all(folder.path().join("photos/val/empty-class")).unwrap();
    run(folder.path(), "search baseline --space proxylessnas-mobile -o photos.json");
    fs::write(folder.path().join("bad.config"), r#"{"name": "ProxylessNASNets", "se_ratio": 4}"#).unwrap();
    let space = "--space proxylessnas-small";
    let data = "--data images";
    let run = format!("search run {space} --model model.json -o s");
    for (command, named) in [
        (format!("search run {space} --model missing.json {data} --target-ms 1 -o s"), "missing.json"),
        (format!("search run {space} --model cut.json {data} --target-ms 1 -o s"), "cut.json"),
        (format!("search run --space no-such --model model.json {data} --target-ms 1 -o s"), "no-such"),
        (format!("{run} {data} --target-ms 1"), "train-images-idx3-ubyte"),
        (format!("{run} --data nowhere --target-ms 1"), "nowhere"),
        (format!("{run} {data} --target-ms -1"), "-1"),
        (format!("{run} {data} --target-of-baseline NaN"), "NaN"),
        (format!("{run} {data} --target-of-baseline 0"), "0"),
        (format!("{run} {data} --baseline network.json"), "--target-of"),
        (format!("{run} {data} --target-of-baseline 1 --baseline no.json"), "no.json"),
        (format!("{run} {data} --seed 18446744073709551615"), "9223372036854775807"),
        (format!("search bench {space} --threads 0"), "threads is 0"),
        (format!("search bench {space} --device cpu"), "--device"),
        ("search full-size --space proxylessnas-mobile --photos photos".to_owned(), "empty-class"),
        ("search baseline --space no-such-space -o b.json".to_owned(), "no-such-space"),
        (format!("search baseline {space} --width 0 -o b.json"), "0"),
        (format!("search train missing.json {data} -o t"), "missing.json"),
        (format!("search train model.json {data} -o t"), "model.json"),
        (format!("search train network.json {data} -o t"), "train-images-idx3-ubyte"),
        (format!("search train network.json {data} --device cuda:99 -o t"), "cuda:99"),
        (format!("search train network.json {data} --device gpu -o t"), "gpu"),
        ("search train bad.config --data images -o t".to_owned(), "se_ratio"),
        ("search convert missing.config -o n.json".to_owned(), "missing.config"),
        ("search train photos.json --data photos -o t".to_owned(), "no .jpg"),
        (format!("search study {data} -o s"), "train-images-idx3-ubyte"),
        (format!("search study {data} --preset missing.toml -o s"), "missing.toml"),
        (format!("search study {data} --model model.json -o s"), "NAME=FILE"),
        ("search verify nowhere --model model.json -o v.csv".to_owned(), "emulated"),
        ("search verify nowhere --model model.json -o v.txt".to_owned(), "v.txt"),
        ("search export nowhere -o n.onnx".to_owned(), "nowhere"),
        ("search export images -o n.onnx".to_owned(), "images"),
        ("search report --model model.json --measured missing.csv images".to_owned(), "missing.csv"),
        ("search report --model missing.json --measured table.csv images".to_owned(), "missing.json"),
        ("search find".to_owned(), "find"),
    ] {
        assert_wrong(folder.path(), &command, named);
    }
}
