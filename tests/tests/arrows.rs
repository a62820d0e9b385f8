//! Which crate may use which, and which module of a crate may use which. ARCHITECTURE.md explains the arrows; this keeps them
//! true.

use cargo_metadata::MetadataCommand;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tailor_tests::{checkout, output_of, tracked};

/// Crates that a crate may use directly. `tests` may use all.
const CRATE_ARROWS: [(&str, &[&str]); 5] = [
    ("profiler", &[]),
    ("datasets", &["profiler"]),
    ("predictor", &["profiler"]),
    ("search", &["predictor", "datasets", "profiler"]),
    ("android", &["profiler"]),
];

/// Each crate's modules, lowest layer first: a module may use its own layer and those below, but none in a cycle.
const LAYERS: [(&str, &[&[&str]]); 5] = [
    (
        "profiler",
        &[
            &["spec", "explain", "guard", "terminal"],
            &["onnx", "tflite", "measure", "device"],
            &["backend", "drawn"],
            &["layers", "record"],
            &["sweep", "compare", "doctor"],
            &["bench"],
            &["cli"],
        ],
    ),
    ("datasets", &[&["error"], &["images", "latency"]]),
    (
        "predictor",
        &[
            &["error", "learn"],
            &["work"],
            &["rows"],
            &["interval"],
            &["regressor"],
            &["op"],
            &["network"],
            &["device"],
            &["whole"],
            &["onnx", "transfer", "nasbench201"],
            &["import", "audit"],
            &["bench"],
            &["cli"],
        ],
    ),
    (
        "search",
        &[
            &["error", "seed", "watch"],
            &["folder", "json_lines", "settings", "named_space", "tensor_file", "latency", "programs"],
            &["alpha", "data", "module", "rescale"],
            &["objective", "proxyless", "sgd", "supernet"],
            &["gates", "strategy", "train"],
            &["export", "full_size", "report", "run"],
            &["bench", "front", "study", "verify"],
            &["cli"],
        ],
    ),
    (
        "android",
        &[
            &["connection", "error", "inside"],
            &["adb", "cache", "shell"],
            &["build", "job"],
            &["doctor", "test_phone"],
            &["cli"],
        ],
    ),
];

#[test]
fn crates_depend_one_way() {
    let metadata = MetadataCommand::new().current_dir(checkout()).no_deps().exec().unwrap();
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let expected: BTreeSet<&str> =
        CRATE_ARROWS.iter().map(|(name, _)| *name).chain(["tailor-tests"]).collect();
    assert_eq!(members, expected);
    for (name, allowed) in CRATE_ARROWS {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == name).unwrap();
        let used: Vec<&str> =
            package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
        for used in used.into_iter().filter(|used| members.contains(used)) {
            assert!(allowed.contains(&used), "{name} must not use {used}");
        }
    }
}

#[test]
fn light_crates_stay_light() {
    // The control: the one crate that does need libtorch is seen to.
    assert!(dependencies("search").contains("torch-sys"));
    for (package, forbidden) in [
        ("profiler", ["tch", "torch-sys"].as_slice()),
        ("datasets", &["tch", "torch-sys", "tract-onnx", "ort"]),
        ("predictor", &["tch", "torch-sys", "tract-onnx", "ort", "datasets"]),
        ("android", &["tch", "torch-sys", "tract-onnx", "ort"]),
    ] {
        let all = dependencies(package);
        for name in forbidden {
            assert!(
                !all.contains(*name),
                "{package} pulls in {name}; see `cargo tree -p {package} -i {name}`"
            );
        }
    }
}

/// Everything that is compiled into `package` when it is built alone, with its default features.
fn dependencies(package: &str) -> BTreeSet<String> {
    let arguments = ["tree", "--locked", "--package", package, "--edges", "normal", "--prefix", "none"];
    output_of(env!("CARGO"), &arguments)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn modules_depend_one_way() {
    for (name, layers) in LAYERS {
        let layer = |module: &str| {
            let found = layers.iter().position(|layer| layer.contains(&module));
            found.unwrap_or_else(|| panic!("{name}'s module {module} has no layer: add it to LAYERS"))
        };
        let source = checkout().join(name).join("src");
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in tracked(&format!("{name}/src/*.rs")) {
            let Some(module) = module_of(checkout().join(&file).strip_prefix(&source).unwrap()) else {
                continue;
            };
            let text = std::fs::read_to_string(checkout().join(&file)).unwrap();
            let used = crate_names(without_tests(&file, &text));
            for used in used.into_iter().filter(|used| *used != module) {
                let is_module = used.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(
                    is_module,
                    "{file} uses {used} through the crate's root, not from the module that has it"
                );
                assert!(
                    layer(&used) <= layer(&module),
                    "{file} uses crate::{used}, which lies above {module}"
                );
                arrows.entry(module.clone()).or_default().insert(used);
            }
        }
        assert!(arrows.len() >= layers.len() - 1, "{name}: does the scan still work? {arrows:?}");
        // Take away modules that use nothing that is left; only a cycle cannot be taken away.
        while let Some(done) =
            arrows.iter().find(|(_, used)| !used.iter().any(|module| arrows.contains_key(module)))
        {
            let done = done.0.clone();
            arrows.remove(&done);
        }
        assert!(arrows.is_empty(), "{name}: modules use each other in a cycle: {arrows:?}");
    }
}

/// What is compiled into programs: tests may use what lies above.
fn without_tests<'a>(file: &str, text: &'a str) -> &'a str {
    let is_test = file.contains("/tests/")
        || ["tests.rs", "test_rows.rs", "test_settings.rs"].iter().any(|end| file.ends_with(end));
    if is_test { "" } else { text.split("#[cfg(test)]\nmod ").next().unwrap_or_default() }
}

/// `spec` for `spec/op.rs` and for `spec.rs`; none for the crate's roots.
fn module_of(path: &Path) -> Option<String> {
    let first = Path::new(path.components().next()?.as_os_str()).with_extension("");
    let name = first.to_str()?;
    (!["lib", "main"].contains(&name)).then(|| name.to_owned())
}

/// Names after `crate::` outside comments.
fn crate_names(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text.lines().filter_map(|line| line.split("//").next()).collect();
    // Macros stand at the crate's root, wherever they are written.
    let code = code.join("\n").replace("crate::note!", "").replace("crate::out!", "");
    let names = code.split("crate::").skip(1).flat_map(leading_names).collect::<BTreeSet<_>>();
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// First name of the path, or of each path in braces, that `after` begins with.
fn leading_names(after: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut depth = 0;
    for character in after.chars() {
        depth += i32::from(character == '{') - i32::from(character == '}');
        match character {
            _ if depth == 0 && !is_name(character) => break,
            '{' if depth == 1 => {}
            ',' if depth == 1 => paths.push(String::new()),
            _ => paths.last_mut().unwrap().push(character),
        }
    }
    paths.iter().map(|path| path.trim().chars().take_while(|c| is_name(*c)).collect()).collect()
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[test]
fn the_scan_reads_every_form_of_import() {
    let text = "use crate::spec::op::Op;\nuse crate::{\n    measure::{Clock, clock::wall}, // crate::cli\n    record::Row,\n};
        fn f(_: crate::device::Cpu) {} use crate::Error;\n#[cfg(test)]\nmod tests { use crate::above; }";
    let names = ["Error", "device", "measure", "record", "spec"].map(str::to_owned);
    assert_eq!(crate_names(without_tests("a.rs", text)), BTreeSet::from(names));
}
