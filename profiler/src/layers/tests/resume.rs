//! Tracing that was stopped goes on.

use super::*;

#[test]
fn a_stopped_trace_goes_on_and_measures_nothing_twice() {
    for live in [Notes::Live, Notes::AtEnd] {
        let clock = FakeClock::new();
        let mut network = FakeNetwork::new(&clock, &[("a", 100_000), ("b", 250_000)], 50_000);
        network.live = live;
        let mut kept = Kept { stop_after: Some(5), ..Kept::default() };
        let plan = TracePlan::default();
        let error = go_on(&mut network, &plan, &mut Instruments::emulated(clock.clone()), &mut kept);
        assert!(matches!(error, Err(LayersError::Stopped)));
        // Live notes are handed on round by round, the others when it stops.
        assert_eq!(kept.recorded.len(), if live == Notes::Live { 5 } else { 1 });
        let before = kept.recorded.clone();
        let mut kept = Kept { recorded: before.clone(), ..Kept::default() };
        let in_place = go_on(&mut network, &plan, &mut Instruments::emulated(clock.clone()), &mut kept);
        let in_place = in_place.unwrap();
        assert_eq!(kept.recorded[..before.len()], before);
        // 12 rounds of 8 runs in all, as without the stop: seven in the second call.
        assert_eq!((in_place.whole_ns.len(), in_place.runs, kept.rounds), (12, 96, 7));
        assert_eq!(in_place.nodes[1].round_ns, vec![250_000.0; 12]);
        // Given once more, it runs nothing.
        let (at_ns, rounds) = (clock.peek_ns(), kept.rounds);
        let again = go_on(&mut network, &plan, &mut Instruments::emulated(clock.clone()), &mut kept).unwrap();
        assert_eq!((again, clock.peek_ns(), kept.rounds), (in_place, at_ns, rounds));
    }
}

/// Half of the rounds with the nodes of `first`, half with those of `second`; each takes 100 µs, 10 µs lie between.
fn loaded_twice(first: &[&str], second: &[&str]) -> LayerTable {
    let clock = FakeClock::new();
    let network = |names: &[&str]| {
        let nodes: Vec<_> = names.iter().map(|name| (*name, 100_000)).collect();
        FakeNetwork::new(&clock, &nodes, 10_000)
    };
    let plan = TracePlan::default();
    let mut kept = Kept { stop_after: Some(6), ..Kept::default() };
    let stopped = go_on(&mut network(first), &plan, &mut Instruments::emulated(clock.clone()), &mut kept);
    assert!(matches!(stopped, Err(LayersError::Stopped)));
    let mut kept = Kept { recorded: kept.recorded, ..Kept::default() };
    let in_place = go_on(&mut network(second), &plan, &mut Instruments::emulated(clock.clone()), &mut kept);
    LayerTable::of(&in_place.unwrap(), &Outline::default(), &BTreeMap::new()).unwrap()
}

fn found(table: &LayerTable) -> Vec<(&str, f64)> {
    table
        .layers
        .iter()
        .map(|layer| (layer.layer.as_str(), (layer.time.latency_ms * 1e6).round() / 1e6))
        .collect()
}

#[test]
fn nodes_are_found_again_wherever_they_stand() {
    // In another order; of two called alike, the first is the first.
    let table = loaded_twice(&["a", "b", "r", "r"], &["r", "b", "r", "a"]);
    assert_eq!(found(&table), [("a", 0.1), ("b", 0.1), ("r", 0.1), ("r", 0.1)]);
    assert!((table.sum_over_whole - 400.0 / 410.0).abs() < 1e-4, "{}", table.sum_over_whole);
}

#[test]
fn nodes_of_some_loads_only_are_neither_refused_nor_lost() {
    // What one load calls b and c, another calls d and e: 200 µs in either, in one row.
    let table = loaded_twice(&["a", "b", "c"], &["d", "a", "e"]);
    assert_eq!(found(&table), [("a", 0.1), ("fake", 0.2)]);
    assert!((table.sum_over_whole - 300.0 / 310.0).abs() < 1e-4, "{}", table.sum_over_whole);
}
