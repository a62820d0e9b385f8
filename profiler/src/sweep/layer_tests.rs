//! Layers of a sweep's networks, in tract.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::backend::Tract;
use crate::drawn::{DrawnNetwork, draw_networks};
use crate::layers::TracePlan;
use crate::measure::{LayerProgress, Observer, Protocol, Silent, SubjectFailure};
use crate::onnx::{Curve, Filters, Sketch, Weights, steps::step_key};
use crate::record::{Anchor, Anchors, Cache, Level, Row, anchors_of, read_session, read_table, session_path};
use crate::spec::Activation;

/// A stem and two alike blocks of `channels` channels, and a classifier.
fn network(name: &str, channels: u32) -> Planned {
    let (mut sketch, image) = Sketch::new(3, 32, Weights::Seeded(1));
    let relu = Curve::Known(Activation::Relu);
    let mut x = sketch.conv(&image, Filters::square(channels, 3, 2));
    for _ in 0..2 {
        let wide = sketch.conv(&x, Filters::pointwise(4 * channels));
        let wide = sketch.act(&wide, relu);
        let deep = sketch.conv(&wide, Filters::pointwise(channels));
        x = sketch.add(&deep, &x);
    }
    let pooled = sketch.global_pool(&x);
    let flat = sketch.flatten(&pooled);
    let classes = sketch.linear(&flat, 10);
    Planned::new(name.to_owned(), Level::Network, Vec::new(), sketch.finish(name, &classes))
}

/// Keeps what it is told, and stops before the layers of this network are measured.
struct StopAt<'a> {
    network: usize,
    stop: &'a AtomicBool,
    told: Vec<(usize, Option<u64>)>,
}

impl Observer for StopAt<'_> {
    fn layers(&mut self, progress: &LayerProgress<'_>) -> Result<(), SubjectFailure> {
        assert_eq!((progress.networks, progress.network.is_some()), (2, progress.done < 2));
        self.told.push((progress.done, progress.left_ns));
        self.stop.store(progress.done == self.network, Ordering::Relaxed);
        Ok(())
    }
}

/// Two small random networks, as if they had taken a millisecond once.
fn anchors() -> Anchors {
    let small = draw_networks(40, 1, &[]).filter(|network| network.macs.0 < 20_000_000).take(2);
    let anchor = |network: DrawnNetwork| {
        let Ok(steps) = in_place::steps_of(&network.onnx) else { panic!("{} has no steps", network.name) };
        let keys: Vec<String> = steps.iter().map(|(_, step)| step_key(step).to_string()).collect();
        let (subject, ops) = (format!("onnx-{}", network.name), keys.join(" "));
        Anchor { subject, level: Level::Network, ops, hot_ms: 1.0, cold_ms: 1.0 }
    };
    anchors_of(small.map(anchor).collect())
}

fn sweep(output: &Path, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<SweepResult, SweepError> {
    let broken = Planned { onnx: b"nonsense".to_vec(), ..network("onnx-broken", 8) };
    let subjects = vec![network("onnx-a", 16), broken, network("onnx-b", 24)];
    let protocol = Protocol { min_rounds: 6, max_rounds: 6, ..Protocol::brief() };
    let layers = Some(TracePlan { min_rounds: 6, max_rounds: 6, ..TracePlan::default() });
    let profiler = Profiler::on(Tract).protocol(protocol);
    Sweep { layers, anchors: Some(anchors()), ..profiler.sweep(subjects, output) }.run(observer, stop)
}

#[test]
fn layers_have_rows_and_a_stopped_sweep_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let stop = AtomicBool::new(false);
    let mut observer = StopAt { network: 1, stop: &stop, told: Vec::new() };
    assert!(matches!(sweep(&output, &mut observer, &stop), Ok(SweepResult::Stopped)));
    assert!(!output.exists());
    let [(0, None), (1, Some(left_ns))] = observer.told[..] else { panic!("{:?}", observer.told) };
    assert!(left_ns > 0, "a network like the first is left");
    let journal = std::fs::read_to_string(journal_path(&output)).unwrap();
    assert!(journal.lines().filter(|line| line.starts_with("{\"layers\"")).count() >= 6);
    assert!(read_journal(&journal_path(&output)).is_ok(), "replaying passes layers over");

    let stop = AtomicBool::new(false);
    let mut observer = StopAt { network: usize::MAX, stop: &stop, told: Vec::new() };
    let SweepResult::Done { lost, .. } = sweep(&output, &mut observer, &stop).unwrap() else {
        panic!("it was not stopped again");
    };
    // One is known from the journal, so that it says nothing of the time left.
    assert_eq!(observer.told, [(0, None), (1, None), (2, Some(0))]);
    // Random networks of an earlier session were measured among them, and are no part of the table.
    assert_eq!(journal.lines().next().unwrap().matches("onnx-drawn_1_").count(), 2);
    // The broken one cost itself alone.
    assert_eq!(lost.iter().map(|lost| lost.subject.as_str()).collect::<Vec<_>>(), ["onnx-broken"]);
    let after = std::fs::read_to_string(journal_path(&output)).unwrap();
    assert!(after.starts_with(&journal), "what was measured before is measured again");

    let rows = read_table(&output).unwrap();
    assert!(rows.iter().all(|row| !row.subject.contains("drawn")));
    let session = read_session(&session_path(&output)).unwrap();
    for (name, channels) in [("onnx-a", 16), ("onnx-b", 24)] {
        let of = |cache| rows.iter().find(|row: &&Row| row.subject == name && row.cache == cache).unwrap();
        assert_eq!(of(Cache::Hot).ops, of(Cache::Cold).ops);
        let keys = of(Cache::Hot).op_keys();
        let expected = format!(
            "stem@conv-32x32x3-16x16x{c}-k3-s2-g1 pointwise@conv-16x16x{c}-16x16x{w}-k1-s1-g1+relu \
             pointwise@conv-16x16x{w}-16x16x{c}-k1-s1-g1+add",
            c = channels,
            w = 4 * channels
        );
        assert_eq!(keys[..3].join(" "), expected);
        // Two blocks of the same keys.
        assert_eq!((&keys[1..3], keys.len()), (&keys[3..5], 7));
        // Each network's own figures, from the session: they and what lies between nodes are the whole.
        let figure = |key: &str| {
            let of_network = |repeat: &&crate::record::Repeat| repeat.group.as_deref() == Some(name);
            session.repeats[key].iter().find(of_network).unwrap().latency_ms
        };
        let sum: f64 = keys.iter().map(|key| figure(key)).sum();
        let whole = of(Cache::Hot).latency_ms;
        assert!(sum > 0.5 * whole && sum < 1.2 * whole, "{name}: {sum} of {whole}");
    }
    let in_place: Vec<&Row> = rows.iter().filter(|row| row.cache == Cache::InPlace).collect();
    let keys: BTreeSet<&str> = in_place.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!((keys.len(), in_place.len()), (session.repeats.len(), session.repeats.len()));
    for row in in_place {
        let repeats = &session.repeats[&row.subject];
        let mean = repeats.iter().map(|repeat| repeat.latency_ms).sum::<f64>() / repeats.len() as f64;
        assert!((row.latency_ms / mean - 1.0).abs() < 1e-9 && row.spread >= 0.0, "{}", row.subject);
    }
}

#[test]
fn a_runtime_that_tells_no_layers_is_refused_before_anything_is_timed() {
    let folder = tempfile::tempdir().unwrap();
    let subjects = vec![network("onnx-a", 8)];
    let backend =
        crate::backend::Mock::new(mock_costs(&subjects, MockLaw::default()), crate::backend::MockNoise::NONE);
    let profiler = Profiler::on(backend);
    let layers = Some(TracePlan::default());
    let sweep = Sweep { layers, ..profiler.sweep(subjects, &folder.path().join("table.csv")) };
    let error = sweep.run(&mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("mock"), "{error}");
}
