//! The commands of the README, then of the guides in `docs`, given in their order in one terminal, in a fresh copy of the checkout: what
//! one writes is what the next reads, and nothing that they need is missing. One that stands twice is given once. Sizes are small; commands for phones have the test phone.
//!
//! `./test.sh --phone` runs it with the dependencies that are compiled already, the set-up that is there, and drawn
//! images. `TAILOR_FROM_NOTHING=yes` does it as on a new computer, with an empty home: half an hour or more, by hand.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};
use tailor_tests::{checkout, commands::commands, images::draw_images, programs_folder, tracked};

/// Where commands are, in the order of reading.
const GUIDES: [&str; 5] =
    ["README.md", "docs/measuring.md", "docs/predicting.md", "docs/searching.md", "docs/phones.md"];

const DRAWN: &str =
    "it reads what takes a quarter of an hour to measure; `predictor/tests/in_place.rs` has such";
const FBNET: &str = "it reads a table of others; `predictor/tests/whole.rs` has such";

/// Commands that are not run, by how they begin, and why.
const LEFT_OUT: [(&str, &str); 11] = [
    ("./test.sh", "it runs this test"),
    ("sudo ", "no test changes the system; the test phone brings its own adb"),
    ("predictor import ", "its files come from other programs; tests of the importers have such"),
    (
        "profiler run --sample-networks ",
        "it takes a quarter of an hour; the profiler's tests have small ones",
    ),
    ("predictor fit run/drawn", DRAWN),
    ("predictor predict run/drawn", DRAWN),
    ("predictor zoo run/drawn", DRAWN),
    ("predictor fit fbnet", FBNET),
    ("predictor suggest --prior fbnet", FBNET),
    ("predictor transfer --prior fbnet", FBNET),
    ("predictor predict fbnet", FBNET),
];

/// What is put behind commands that begin so, to make them short, or to let them have the test phone for a phone.
const SHORTER: [(&str, &str); 10] = [
    ("./quickstart.sh", "--preset smoke"),
    ("profiler run ", "--budget-s 15"),
    ("android profile ", "--budget-s 60"),
    // What the test phone measures is emulated.
    ("predictor fit run/my-phone", "--allow-emulated"),
    ("predictor suggest ", "--budget-s 5"),
    ("search run ", "--warm-up-steps 2 --steps 4 --alpha-every 2 --held-out 40 --batch 20"),
    ("search front ", "--scored-images 40"),
    ("search train ", "--epochs 1 --batch 20"),
    ("search verify ", "--budget-s 15"),
    ("search study ", "--preset smoke"),
];

/// Commands that make what a command that begins so takes for granted.
const BEFORE: [(&str, &str); 2] = [
    ("predictor suggest ", "cp run/model.json a.json && cp run/model.json b.json"),
    (
        "search derive run/blind ",
        "search run --space proxylessnas-small --model run/model.json --data images --target-of-baseline 0.7 \
         --latency-loss none --warm-up-steps 2 --steps 4 --alpha-every 2 --held-out 40 --batch 20 -o run/blind",
    ),
];

/// Commands that need a phone begin so.
const ON_PHONE: [&str; 3] = ["android doctor", "android profile ", "android run "];

#[test]
#[ignore = "needs the test phone, from outside"]
fn readme_commands_work_in_their_order() {
    let from_nothing = env::var_os("TAILOR_FROM_NOTHING").is_some();
    // Always the same folder, so that cargo's artifacts of the copy are replaced, not added to.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let (copy, home) = (folder.join("tailor"), folder.join("home"));
    fs::create_dir_all(&copy).unwrap();
    fs::create_dir(&home).unwrap();
    let mut cp = Command::new("cp");
    cp.current_dir(checkout()).args(["--parents", "--preserve=all"]).args(tracked(".")).arg(&copy);
    assert!(cp.status().unwrap().success());
    let mut bash = Command::new("bash");
    bash.current_dir(&copy).stdin(Stdio::null());
    for set_up in ["CARGO_TARGET_DIR", "TAILOR_IMAGES", "TAILOR_ARM64_PROFILER"] {
        bash.env_remove(set_up);
    }
    if from_nothing {
        let old_home = env::var("HOME").unwrap();
        let rustup = env::var("RUSTUP_HOME").unwrap_or(format!("{old_home}/.rustup"));
        bash.env("HOME", &home).env("RUSTUP_HOME", rustup);
        for set_up in ["CARGO_HOME", "XDG_CACHE_HOME", "LIBTORCH", "ORT_DYLIB_PATH", "LITERT_LIBRARY"] {
            bash.env_remove(set_up);
        }
    } else {
        symlink(programs_folder().parent().unwrap(), copy.join("target")).unwrap();
        fs::create_dir(copy.join("images")).unwrap();
        draw_images(&copy.join("images"));
    }
    let guides = GUIDES.map(|guide| fs::read_to_string(copy.join(guide)).unwrap());
    let script = script(&guides.join("\n"));
    let ended = bash.args(["-euo", "pipefail", "-c", &script]).status().unwrap();
    assert!(ended.success(), "the last of the README's commands above failed ({ended})");
}

/// The guides' commands as a script that says each one.
fn script(readme: &str) -> String {
    let commands = commands(readme);
    assert!(commands.len() > 10, "found only {commands:?}");
    let mut script = String::new();
    for command in &commands {
        let of = |table: &[(&'static str, &'static str)]| {
            table.iter().find(|(begins, _)| command.starts_with(begins)).map(|(_, value)| *value)
        };
        if let Some(reason) = of(&LEFT_OUT) {
            println!("left out, {reason}: {command}");
            continue;
        }
        let mut lines: Vec<String> = of(&BEFORE).map(str::to_owned).into_iter().collect();
        let phone = ON_PHONE.iter().any(|begins| command.starts_with(begins));
        let phone = if phone { "android test-phone -- " } else { "" };
        let shorter = of(&SHORTER).map(|words| format!(" {words}")).unwrap_or_default();
        lines.push(format!("{phone}{command}{shorter}"));
        for line in lines {
            script +=
                &format!("printf '\\n%4d s $ %s\\n' $SECONDS '{}'\n{line}\n", line.replace('\'', r"'\''"));
        }
    }
    script
}
