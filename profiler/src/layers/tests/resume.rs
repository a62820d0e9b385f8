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

#[test]
fn a_journal_of_other_nodes_is_refused() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 100_000)], 0);
    let mut kept = Kept { stop_after: Some(6), ..Kept::default() };
    let plan = TracePlan::default();
    assert!(go_on(&mut network, &plan, &mut Instruments::emulated(clock.clone()), &mut kept).is_err());
    // Other nodes than before are refused by name.
    let mut other = FakeNetwork::new(&clock, &[("z", 100_000)], 0);
    let mut mixed = Kept { recorded: kept.recorded.clone(), ..Kept::default() };
    let error = go_on(&mut other, &plan, &mut Instruments::emulated(clock), &mut mixed).unwrap_err();
    assert!(matches!(&error, LayersError::OtherNodes { node } if node == "a"), "{error}");
}
