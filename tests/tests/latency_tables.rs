//! The latency tables of the crate `datasets`: what they hold, that models of them predict, and that the README's picture is of them.

use datasets::latency::{LATENCY_TABLES, table_path};
use profiler::record::{Cache, Level, Row, Status, read_session, read_table, session_path};
use serde_json::Value;
use std::{collections::BTreeSet, fs};
use tailor_tests::{checkout, run};

/// Characters that numbers are made of.
fn of_number(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '.' | '-')
}

#[test]
fn tables_hold_what_their_names_say() {
    let mut bytes = 0;
    for name in LATENCY_TABLES {
        let path = table_path(name).unwrap();
        let (rows, session) = (read_table(&path).unwrap(), read_session(&session_path(&path)).unwrap());
        bytes +=
            [&path, &session_path(&path)].map(|file| fs::metadata(file).unwrap().len()).iter().sum::<u64>();
        assert_eq!(session.device.architecture, "x86_64", "{name}");
        assert_eq!(format!("x86-64-{}", session.conditions.runtime.name), name.rsplit_once('-').unwrap().0);
        assert!(!session.conditions.runtime.emulated && session.conditions.threads == 1, "{name}");
        assert!(rows.iter().all(|row| row.session == session.id), "{name}");
        let space = format!("proxylessnas-{}", name.rsplit_once('-').unwrap().1);
        let ops = run(checkout(), &format!("profiler ops --space {space}"));
        let subjects = |level: Level, cache: Cache| -> BTreeSet<&str> {
            let found = |row: &&Row| row.level == level && row.cache == cache;
            rows.iter().filter(found).map(|row| row.subject.as_str()).collect()
        };
        for cache in [Cache::Hot, Cache::Cold] {
            let measured = subjects(Level::Op, cache);
            assert!(
                measured.len() > 20 && measured.iter().all(|op| ops.contains(op)),
                "{name}: {measured:?}"
            );
            assert_eq!(subjects(Level::Network, cache).len(), 30, "{name}");
        }
        let doubtful = |row: &&Row| !matches!(row.status, Status::Ok | Status::Wide);
        let doubtful = rows.iter().filter(doubtful).count();
        assert!(doubtful * 20 < rows.len(), "{name}: {doubtful} of {} rows are doubtful", rows.len());
    }
    assert!(bytes < 2_000_000, "{bytes} bytes");
}

#[test]
fn a_third_that_was_left_out_is_predicted() {
    let folder = tempfile::tempdir().unwrap();
    for name in LATENCY_TABLES {
        let table = table_path(name).unwrap();
        let table = table.display();
        run(folder.path(), &format!("predictor fit {table} --hold-out 0.33 -o model.json"));
        let scores = run(folder.path(), &format!("predictor evaluate model.json {table} --json"));
        let scores: Value = serde_json::from_str(&scores).unwrap();
        assert_eq!(scores["network"]["n"], 10, "{name}: {scores}");
        // Loose: random networks of a space differ by 20 % and more, ops by factors.
        assert!(scores["network"]["mape"].as_f64().unwrap() < 0.05, "{name}: {scores}");
        assert!(scores["op"]["mape"].as_f64().unwrap() < 0.25, "{name}: {scores}");
    }
}

#[test]
fn the_picture_is_what_its_command_draws() {
    let folder = tempfile::tempdir().unwrap();
    let tables = LATENCY_TABLES.map(|name| format!("datasets/latency/{name}.csv")).join(" ");
    let drawn = folder.path().join("drawn.svg");
    run(checkout(), &format!("predictor plot {tables} -o {}", drawn.display()));
    let pictures =
        [drawn, checkout().join("docs/predicted-measured.svg")].map(|path| fs::read_to_string(path).unwrap());
    let [drawn, committed] = &pictures;
    let words = |text: &str| text.replace(of_number, "");
    assert_eq!(words(drawn), words(committed));
    // Processors round differently, so a pixel's tenth more or less is the same.
    let numbers = |text: &str| -> Vec<f64> {
        text.split(|c: char| !of_number(c)).filter_map(|number| number.parse().ok()).collect()
    };
    let (drawn, committed) = (numbers(drawn), numbers(committed));
    assert_eq!(drawn.len(), committed.len());
    let moved = drawn.iter().zip(&committed).filter(|(a, b)| (*a - *b).abs() > 0.15).count();
    assert_eq!(moved, 0, "of {} numbers", drawn.len());
}
