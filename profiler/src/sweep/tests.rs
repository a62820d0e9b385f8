use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::backend::{Mock, MockNoise};
use crate::measure::{Entry, Observer, Protocol, Silent, SubjectFailure};
use crate::onnx::steps::step_key;
use crate::record::{
    Anchor, Cache, Level, ModelInputs, Row, anchors_of, read_session, read_table, session_path,
};
use crate::spec::{SearchSpace, SpaceFile};

fn space() -> SearchSpace {
    SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap()
}

fn subjects() -> Vec<Planned> {
    let mut subjects = plan_ops(&space()).unwrap();
    subjects.truncate(4);
    subjects.extend(plan_networks(&space(), 2, 7).unwrap());
    subjects
}

fn sweep_with(
    output: &Path,
    threads: usize,
    noise: f64,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<SweepResult, SweepError> {
    let subjects = subjects();
    let noise = MockNoise { amplitude: noise, seed: 1, ..MockNoise::NONE };
    let protocol = Protocol { min_rounds: 6, max_rounds: 20, ..Protocol::brief() };
    let profiler = mock(&subjects, noise).threads(threads).protocol(protocol);
    profiler.sweep(subjects, output).run(observer, stop)
}

fn mock(subjects: &[Planned], noise: MockNoise) -> Profiler<Mock> {
    Profiler::on(Mock::new(mock_costs(subjects, MockLaw::default()), noise))
}

fn sweep(output: &Path) -> Result<SweepResult, SweepError> {
    sweep_with(output, 1, 0.02, &mut Silent, &AtomicBool::new(false))
}

#[test]
fn a_sweep_measures_the_law_and_says_that_it_is_emulated() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    sweep_with(&output, 1, 0.0, &mut Silent, &AtomicBool::new(false)).unwrap();
    let rows = read_table(&output).unwrap();
    assert_eq!(rows.len(), 2 * 6);
    let law = MockLaw::default();
    for row in &rows {
        let ops = row.op_specs().unwrap();
        let ns = match row.level {
            Level::Op => law.graph_ns(&ops[0].graph()),
            Level::Network => law.network_ns(&ops),
        };
        assert!(
            (row.latency_ms * 1e6 / ns - 1.0).abs() < 1e-3,
            "{}: {} and {ns} ns",
            row.subject,
            row.latency_ms
        );
    }
    let session = read_session(&session_path(&output)).unwrap();
    assert!(session.conditions.runtime.emulated);
    assert_eq!(session.id, rows[0].session);
}

/// Raises the stop flag after some turns, as a user would.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Observer for StopAfter<'_> {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        if matches!(entry, Entry::Turn(_)) {
            self.0 -= 1;
            self.1.store(self.0 == 0, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[test]
fn a_stopped_sweep_goes_on_and_measures_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let stop = AtomicBool::new(false);
    let stopped = sweep_with(&output, 1, 0.02, &mut StopAfter(15, &stop), &stop).unwrap();
    assert!(matches!(stopped, SweepResult::Stopped));
    assert!(!output.exists(), "no table before the end");

    // A kill in the middle of a line: the torn line is lost, nothing else.
    let journal = journal_path(&output);
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, format!("{text}{{\"burst\":{{\"subject\":3,\"rou")).unwrap();
    assert!(matches!(sweep(&output).unwrap(), SweepResult::Done { .. }));

    let text = fs::read_to_string(&journal).unwrap();
    let turns = text.lines().skip(1).filter_map(|line| match serde_json::from_str(line).unwrap() {
        Entry::Turn(turn) => Some((turn.round, turn.subject)),
        _ => None,
    });
    let turns: Vec<_> = turns.collect();
    let distinct: std::collections::BTreeSet<_> = turns.iter().collect();
    assert_eq!(turns.len(), distinct.len(), "a turn was measured twice");
    assert_eq!(text.lines().filter(|line| line.contains("\"start\"")).count(), 2);

    // Finished: the same command writes the same table and measures nothing.
    let (before, table) = (text.len(), fs::read(&output).unwrap());
    sweep(&output).unwrap();
    assert_eq!(fs::read_to_string(&journal).unwrap().len(), before);
    assert_eq!(fs::read(&output).unwrap(), table);
}

#[test]
fn other_conditions_and_a_second_profiler_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    sweep(&output).unwrap();
    let threads = sweep_with(&output, 2, 0.02, &mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(threads.to_string().contains("threads `1` and `2`"), "{threads}");
    assert!(threads.is_input());

    // As if begun on another device, or with another release of the runtime.
    let journal = fs::read_to_string(journal_path(&output)).unwrap();
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    for (from, to, reason) in [
        ("\"device\":\"", "\"device\":\"other ", "device `other "),
        (version.as_str(), "\"version\":\"0.0.1\"", "runtime `mock 0.0.1` and `mock "),
    ] {
        fs::write(journal_path(&output), journal.replacen(from, to, 1)).unwrap();
        let changed = sweep(&output).unwrap_err();
        assert!(changed.to_string().contains(reason) && changed.is_input(), "{changed}");
    }
    fs::write(journal_path(&output), journal).unwrap();

    let held = fs::File::open(journal_path(&output)).unwrap();
    held.lock().unwrap();
    let busy = sweep(&output).unwrap_err();
    assert!(busy.to_string().contains("another profiler"), "{busy}");
    assert!(!busy.is_input());
    drop(held);

    fs::write(journal_path(&output), "{\"format\":\"tailor-journal\"}\n").unwrap();
    assert!(sweep(&output).unwrap_err().to_string().contains("line 1: no journal"));
}

#[test]
fn too_little_time_is_an_error_and_not_a_table_of_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let subjects = subjects();
    let protocol = Protocol { budget_ns: 2_000_000, ..Protocol::brief() };
    let profiler = mock(&subjects, MockNoise::NONE).protocol(protocol);
    let error = profiler.sweep(subjects, &output).run(&mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("too few turns"), "{error}");
    assert!(!output.exists());
}

#[test]
fn foreign_models_have_no_mock_cost_and_twins_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my net!.onnx");
    let op: crate::spec::OpSpec = "conv-8x8x3-o8-k3-s1-relu6".parse().unwrap();
    let bytes =
        crate::onnx::model(&op.graph(), "x", &[], &mut crate::onnx::SeededWeights { seed: 1 }).unwrap();
    fs::write(&path, bytes).unwrap();
    let planned = plan_model(&path, &mut ModelInputs::default()).unwrap();
    // An empty op list is one that makes no network.
    assert_eq!((planned.key.as_str(), planned.ops.len()), ("onnx-my_net_", 0));
    let subjects = vec![planned.clone(), planned];
    let profiler = mock(&subjects, MockNoise::NONE);
    let sweep = profiler.sweep(subjects, &folder.path().join("t.csv"));
    let error = sweep.run(&mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("`onnx-my_net_`"), "{error}");
    assert!(
        plan_model(&folder.path().join("none.onnx"), &mut ModelInputs::default()).unwrap_err().is_input()
    );
}

#[test]
fn anchors_that_are_random_networks_are_drawn_again_if_they_are_the_same() {
    let planned = &plan_drawn(1, 3, &[])[0];
    let steps = in_place::steps_of(&planned.onnx).unwrap();
    let keys: Vec<String> = steps.iter().map(|(_, step)| step_key(step).to_string()).collect();
    // As they were measured: some joined to others, changes of layout among them.
    let ops = format!("{}+add {} reorder@other-1x1x8-1x1x8-r8-w8-c0-m0", keys[0], keys[1..].join(" "));
    let anchors = |ops: &str, subject: &str| {
        let (subject, ops) = (subject.to_owned(), ops.to_owned());
        anchors_of(vec![Anchor { subject, level: Level::Network, ops, hot_ms: 1.0, cold_ms: 2.0 }])
    };
    let same = anchors(&ops, &planned.key);
    assert_eq!(plan_anchors(&same, &[]).unwrap(), std::slice::from_ref(planned));
    assert!(plan_anchors(&same, std::slice::from_ref(planned)).unwrap().is_empty());
    let (other, deeper) = (ops.replacen("-k", "-k9", 1), format!("{ops} {}", keys[0]));
    for (ops, subject) in [
        (&other, planned.key.as_str()),
        (&deeper, &planned.key),
        (&ops, "onnx-drawn_3_000_vit"),
        (&String::new(), &planned.key),
    ] {
        let error = plan_anchors(&anchors(ops, subject), &[]).unwrap_err();
        assert!(error.to_string().contains("is drawn otherwise") && error.is_input(), "{error}");
    }
}

#[test]
fn rows_say_which_figures_are_wide() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let result = sweep_with(&output, 1, 0.9, &mut Silent, &AtomicBool::new(false)).unwrap();
    let SweepResult::Done { measured, .. } = result else { panic!("stopped") };
    let wide: Vec<&Row> =
        measured.rows.iter().filter(|row| row.status == crate::record::Status::Wide).collect();
    assert!(
        wide.iter().any(|row| row.cache == Cache::Cold),
        "±90 % noise on single runs cannot be within ±2 %"
    );
    assert!(measured.warnings[0].contains("less exact"), "{:?}", measured.warnings);
}
