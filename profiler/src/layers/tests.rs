mod in_tract;
mod resume;
mod steps;

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use super::*;
use crate::backend::{BackendError, NodeClock, Notes, Trace, Traced, TracedNode};
use crate::measure::{Clock, FakeClock, Instruments, MeasureError, Processor, Usage};
use crate::onnx::Outline;

/// A network whose nodes take exactly what they say, and whose runtime takes `between_ns` besides.
struct FakeNetwork {
    clock: FakeClock,
    nodes: Vec<(String, u64)>,
    between_ns: u64,
    /// Every run takes this many times as long as the one before.
    growth: f64,
    speed: f64,
    notes: Vec<Vec<f64>>,
    clocks: Vec<NodeClock>,
    most_runs: usize,
    live: Notes,
    knows_wall_alone: bool,
}

impl FakeNetwork {
    fn new(clock: &FakeClock, nodes: &[(&str, u64)], between_ns: u64) -> Self {
        let nodes = nodes.iter().map(|(name, ns)| ((*name).to_owned(), *ns)).collect();
        let clock = clock.clone();
        Self {
            clock,
            nodes,
            between_ns,
            growth: 1.0,
            speed: 1.0,
            notes: Vec::new(),
            clocks: Vec::new(),
            most_runs: usize::MAX,
            live: Notes::AtEnd,
            knows_wall_alone: false,
        }
    }
}

impl Traced for FakeNetwork {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        self.speed *= self.growth;
        let all = self.between_ns + self.nodes.iter().map(|(_, ns)| ns).sum::<u64>();
        self.clock.advance((all as f64 * self.speed) as u64);
        Ok(())
    }

    fn clock(&self, told: NodeClock) -> NodeClock {
        if self.knows_wall_alone { NodeClock::Wall } else { told }
    }

    fn run_traced(&mut self, clock: NodeClock) -> Result<(), BackendError> {
        self.clocks.push(clock);
        self.speed *= self.growth;
        self.clock.advance((self.between_ns as f64 * self.speed) as u64);
        let mut run = Vec::new();
        for (_, ns) in &self.nodes {
            let before = self.clock.now_ns();
            self.clock.advance((*ns as f64 * self.speed) as u64);
            // One reading is one nanosecond of this clock.
            run.push((self.clock.now_ns() - before) as f64 - 1.0);
        }
        self.notes.push(run);
        Ok(())
    }

    fn notes(&self) -> Notes {
        self.live
    }

    fn most_runs(&self) -> usize {
        self.most_runs
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let node = |(index, (name, _)): (usize, &(String, u64))| TracedNode {
            name: name.clone(),
            operator: "fake".to_owned(),
            multiply_adds: None,
            run_ns: self.notes.iter().map(|run| run[index]).collect(),
        };
        let nodes = self.nodes.iter().enumerate().map(node).collect();
        self.notes.clear();
        Ok(Trace { nodes, node_cost_ns: 1.0, resolution_ns: 1 })
    }
}

fn run(
    network: &mut FakeNetwork,
    plan: &TracePlan,
    instruments: &mut Instruments,
) -> Result<InPlace, LayersError> {
    let mut kept = Kept::default();
    go_on(network, plan, instruments, &mut kept)
}

/// Every stretch that was handed on, as a journal would have it.
#[derive(Default)]
struct Kept {
    recorded: Vec<Stretch>,
    /// Raise the flag after so many rounds of this call.
    stop_after: Option<usize>,
    rounds: usize,
    stop: std::sync::Arc<AtomicBool>,
}

impl TraceObserver for Kept {
    fn record(&mut self, stretch: &Stretch) -> Result<(), crate::measure::SubjectFailure> {
        // Through JSON, as in a journal.
        self.recorded.push(serde_json::from_str(&serde_json::to_string(stretch)?)?);
        Ok(())
    }

    fn progress(&mut self, _: &TraceProgress) {
        self.rounds += 1;
        if self.stop_after == Some(self.rounds) {
            self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// From what is kept to the end, over as many reloads as it takes.
fn go_on(
    network: &mut FakeNetwork,
    plan: &TracePlan,
    instruments: &mut Instruments,
    kept: &mut Kept,
) -> Result<InPlace, LayersError> {
    let stop = std::sync::Arc::clone(&kept.stop);
    let mut stretches = kept.recorded.clone();
    loop {
        match trace(network, plan, instruments, &mut stretches, kept, &stop)? {
            TraceEnd::Done(in_place) => {
                assert_eq!(stretches, kept.recorded);
                return Ok(in_place);
            }
            TraceEnd::Reload => {}
        }
    }
}

#[test]
fn nodes_and_what_lies_between_them_add_up_to_the_whole_exactly() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 100_000), ("b", 250_000)], 50_000);
    let in_place = run(&mut network, &TracePlan::default(), &mut Instruments::emulated(clock)).unwrap();
    // 12 rounds of 8 runs of a kind; all alike, so it ends after the fewest rounds.
    assert_eq!((in_place.whole_ns.len(), in_place.runs, in_place.dropped_runs), (12, 96, 0));
    let table = LayerTable::of(&in_place, &Outline::default(), &BTreeMap::new()).unwrap();
    // Whole: 50 + 100 + 250 = 400 µs; the nodes leave 50, an eighth.
    let ms: Vec<f64> = table.layers.iter().map(|layer| layer.time.latency_ms).collect();
    assert_eq!(ms, [0.1, 0.25]);
    assert_eq!(table.whole, Estimate { latency_ms: 0.4, ci_low_ms: 0.4, ci_high_ms: 0.4 });
    assert!((table.sum_ms - 0.35).abs() < 1e-12 && (table.sum_over_whole - 0.875).abs() < 1e-12);
    assert!((table.runtime_ms - 0.05).abs() < 1e-12 && (table.runtime_share - 0.125).abs() < 1e-12);
    let shares: f64 = table.layers.iter().map(|layer| layer.share).sum();
    assert!((shares + table.runtime_share - 1.0).abs() < 1e-12);
}

#[test]
fn a_machine_that_slows_down_slows_plain_and_traced_runs_alike() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 300_000), ("b", 600_000)], 100_000);
    // By a tenth of a per cent each run: 12 rounds of 18 runs are 1.001^216 = 1.24 times as slow.
    network.growth = 1.001;
    let plan = TracePlan { max_rounds: 12, ..TracePlan::default() };
    let in_place = run(&mut network, &plan, &mut Instruments::emulated(clock)).unwrap();
    assert!(in_place.whole_ns[11] > 1.2 * in_place.whole_ns[0]);
    let table = LayerTable::of(&in_place, &Outline::default(), &BTreeMap::new()).unwrap();
    // 0.9, as without the slowdown; the rounds' order changes, so what is left is below one round's slowdown.
    assert!((table.sum_over_whole - 0.9).abs() < 0.009, "{}", table.sum_over_whole);
}

/// Pre-empted in every third sample.
struct Busy(u64);

impl Processor for Busy {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        self.0 += 1;
        Ok(Usage { preemptions: self.0 / 6, time_ns: None })
    }
}

#[test]
fn preempted_runs_are_dropped_from_nodes_and_whole_alike() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 100_000)], 0);
    let mut instruments = Instruments::emulated(clock);
    instruments.processor = Box::new(Busy(0));
    let in_place = run(&mut network, &TracePlan::default(), &mut instruments).unwrap();
    assert!(in_place.dropped_runs > 0 && !in_place.is_preempted);
    assert_eq!(in_place.runs + in_place.dropped_runs, 96);
    assert_eq!(in_place.nodes[0].round_ns, vec![100_000.0; 12]);
}

/// Pre-empted in every sample; half of the clock's time is the thread's.
struct Swamped(FakeClock, u64);

impl Processor for Swamped {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        self.1 += 1;
        Ok(Usage { preemptions: self.1, time_ns: Some(self.0.peek_ns() / 2) })
    }
}

#[test]
fn a_machine_without_undisturbed_runs_gives_figures_that_say_so() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 80_000)], 20_000);
    let mut instruments = Instruments::emulated(clock.clone());
    instruments.processor = Box::new(Swamped(clock, 0));
    let in_place = run(&mut network, &TracePlan::default(), &mut instruments).unwrap();
    assert!(in_place.is_preempted);
    // 3 runs to warm up and three rounds of 9 by the wall clock; then by the thread's own.
    let by_wall = network.clocks.iter().take_while(|clock| **clock == NodeClock::Wall).count();
    assert_eq!((by_wall, network.clocks.len()), (3 + 27, 3 + 108));
    // Of the 12 rounds of 8 runs the nine by the thread's own time are used.
    assert_eq!((in_place.runs, in_place.dropped_runs), (72, 24));
    // The whole by the processor's time, half of 100 µs (and a reading or two); the node by its own notes.
    assert!(in_place.whole_ns.iter().all(|ns| (ns - 50_000.0).abs() < 3.0), "{:?}", in_place.whole_ns);
    assert_eq!(in_place.nodes[0].round_ns, vec![80_000.0; 9]);
}

#[test]
fn a_runtime_that_knows_the_wall_clock_alone_is_held_against_it() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 80_000)], 20_000);
    network.knows_wall_alone = true;
    let mut instruments = Instruments::emulated(clock.clone());
    instruments.processor = Box::new(Swamped(clock, 0));
    let in_place = run(&mut network, &TracePlan::default(), &mut instruments).unwrap();
    // The thread had half of the time: 50 µs of the whole's 100, of which the node has four fifths by either clock.
    let ratio = in_place.nodes[0].round_ns[0] / in_place.whole_ns[0];
    assert!(in_place.is_preempted && (ratio - 0.8).abs() < 1e-3, "{ratio}");
}

#[test]
fn six_rounds_are_taken_whatever_their_time_and_too_few_are_an_error() {
    let clock = FakeClock::new();
    let mut network = FakeNetwork::new(&clock, &[("a", 100_000)], 0);
    let hurried = TracePlan { budget_ns: 1, ..TracePlan::default() };
    let in_place = run(&mut network, &hurried, &mut Instruments::emulated(clock.clone())).unwrap();
    assert_eq!(in_place.whole_ns.len(), 6);
    let plan = TracePlan { max_rounds: 1, ..TracePlan::default() };
    let error = run(&mut network, &plan, &mut Instruments::emulated(clock.clone())).unwrap_err();
    assert!(matches!(error, LayersError::TooShort { rounds: 1 }), "{error}");
    // Notes that hold 60 runs: 3 to warm up, then 9 a round, so 6 rounds and not 7 (3 + 63); then it is loaded again.
    let mut network = FakeNetwork::new(&clock, &[("a", 100_000)], 0);
    network.most_runs = 60;
    let in_place =
        run(&mut network, &TracePlan::default(), &mut Instruments::emulated(clock.clone())).unwrap();
    assert_eq!((in_place.whole_ns.len(), in_place.runs), (12, 96));
    let stop = AtomicBool::new(true);
    let instruments = &mut Instruments::emulated(clock);
    let error =
        trace(&mut network, &plan, instruments, &mut Vec::new(), &mut Kept::default(), &stop).unwrap_err();
    assert!(matches!(error, LayersError::Stopped));
}
