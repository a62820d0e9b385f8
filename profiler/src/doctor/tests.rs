use std::{cell::Cell, path::Path};

use super::{measure_noise, *};
use crate::device::{Cluster, Core, Device, Others, Surroundings};
use crate::measure::{FakeClock, FakeSubject, Instruments, MeasureError, ModeReport, Processor, Usage};

/// A machine with nothing to complain of.
fn sound() -> Facts {
    let empty = tempfile::tempdir().unwrap();
    let core = |index| Core { index, governor: Some("performance".to_owned()), ..Core::default() };
    let device = Device {
        cores: vec![core(0), core(1)],
        clusters: vec![Cluster { cores: vec![0, 1], ..Cluster::default() }],
        virtualised: Some(false),
        ..Device::read(empty.path())
    };
    Facts {
        device,
        surroundings: Surroundings {
            online: vec![0, 1],
            present: vec![0, 1],
            turbo: Some(false),
            clock_source: Some("tsc".to_owned()),
            memory_total_kib: Some(8 << 20),
            memory_available_kib: Some(4 << 20),
            swapped_pages: Some(9),
            ..Surroundings::default()
        },
        allowed: vec![0, 1],
        measured_on: vec![1],
        others: Some(Others {
            our_cores: Some(0.01),
            other_cores: Some(0.2),
            stolen: Some(0.0),
            ..Others::default()
        }),
        swapped_pages: Some(0),
        skin_celsius: Some(30.0),
        soc_celsius: Some(60.0),
        noise: Noise {
            watched_s: 4.0,
            modes: vec![mode(1.0, 1.0)],
            raw_spread: 0.02,
            corrected_spread: 0.01,
            preempted_share: 0.0,
            largest_stall_ms: 0.1,
            stalled_share: 0.0,
            clock_resolution_ns: 20,
            clock_cost_ns: 25.0,
        },
    }
}

fn mode(ratio: f64, share: f64) -> ModeReport {
    ModeReport { ratio, share, turns: 100 }
}

fn of(check: &str, facts: &Facts) -> Finding {
    examine(facts).into_iter().find(|finding| finding.check == check).unwrap()
}

#[test]
fn a_sound_machine_passes_every_check() {
    let wrong: Vec<Finding> = examine(&sound()).into_iter().filter(|f| f.state != State::Ok).collect();
    assert_eq!(wrong, []);
}

#[test]
fn each_fault_is_found_by_its_check_alone_and_has_advice() {
    type Spoil = fn(&mut Facts);
    let cases: [(&str, Spoil); 22] = [
        ("speeds", |f| f.noise.modes = vec![mode(1.0, 0.3), mode(1.75, 0.7)]),
        ("noise floor", |f| f.noise.corrected_spread = 0.05),
        ("raw noise", |f| f.noise.raw_spread = 0.2),
        ("pre-emption", |f| f.noise.preempted_share = 0.1),
        ("stalls", |f| f.noise.largest_stall_ms = 12.0),
        ("stalls", |f| f.noise.stalled_share = 0.1),
        ("clock", |f| f.noise.clock_resolution_ns = 4_000_000),
        ("governor", |f| f.device.cores[1].governor = Some("schedutil".to_owned())),
        ("turbo", |f| f.surroundings.turbo = Some(true)),
        ("kinds of cores", |f| f.device.clusters.push(Cluster { cores: vec![4], ..Cluster::default() })),
        ("hardware threads", |f| f.surroundings.siblings = vec![vec![0, 1]]),
        ("cores online", |f| f.surroundings.present.push(2)),
        ("heat", |f| f.skin_celsius = Some(42.0)),
        ("load on our cores", |f| f.others.as_mut().unwrap().our_cores = Some(0.06)),
        ("load on siblings", |f| f.others.as_mut().unwrap().siblings = Some(0.2)),
        ("load elsewhere", |f| f.others.as_mut().unwrap().other_cores = Some(0.3)),
        ("stolen time", |f| f.others.as_mut().unwrap().stolen = Some(0.03)),
        ("virtual machine", |f| f.device.virtualised = Some(true)),
        ("quota", |f| f.surroundings.quota_cores = Some(1.5)),
        ("affinity", |f| f.allowed = vec![1]),
        ("memory", |f| f.surroundings.memory_available_kib = Some(1000)),
        ("memory", |f| f.swapped_pages = Some(3)),
    ];
    for (check, spoil) in cases {
        let mut facts = sound();
        spoil(&mut facts);
        let warned: Vec<Finding> = examine(&facts).into_iter().filter(|f| f.state != State::Ok).collect();
        assert_eq!(warned.len(), 1, "{check}: {warned:?}");
        assert_eq!((warned[0].check, warned[0].state), (check, State::Warn));
        assert!(!warned[0].advice.is_empty(), "{check}");
    }
}

#[test]
fn company_is_told_core_by_core() {
    let seen = |check: &str| of(check, &sound()).seen;
    let loads = ["load on our cores", "load elsewhere", "load on siblings"].map(seen);
    assert_eq!(loads, ["1.0 %", "20.0 %", "there are no such cores"]);
    // A core that does not measure may have any governor.
    let mut facts = sound();
    facts.device.cores[0].governor = Some("powersave".to_owned());
    assert_eq!(of("governor", &facts).state, State::Ok);
}

#[test]
fn what_cannot_be_read_is_unknown_and_not_fine() {
    let bare = Device::read(Path::new("/nowhere"));
    let facts = Facts {
        device: bare,
        surroundings: Surroundings::default(),
        others: None,
        swapped_pages: None,
        skin_celsius: None,
        soc_celsius: None,
        ..sound()
    };
    let found = examine(&facts);
    let unknown: Vec<&str> = found.iter().filter(|f| f.state == State::Unknown).map(|f| f.check).collect();
    let expected = "governor, turbo, kinds of cores, cores online, heat, load on our cores, load on siblings, \
                    load elsewhere, stolen time, virtual machine, memory";
    assert_eq!(unknown.join(", "), expected);
}

/// A fake clock with steps of 1 µs that jumps by 5 ms once, at its 100 000th reading.
struct Hiccup {
    clock: FakeClock,
    readings: Cell<u64>,
}

impl crate::measure::Clock for Hiccup {
    fn now_ns(&self) -> u64 {
        self.readings.set(self.readings.get() + 1);
        self.clock.advance(if self.readings.get() == 100_000 { 5_000_999 } else { 999 });
        self.clock.now_ns()
    }
}

/// Pre-empted in every fourth reading of its usage.
struct OftenPreempted {
    readings: u64,
}

impl Processor for OftenPreempted {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        self.readings += 1;
        Ok(Usage { preemptions: self.readings / 4, time_ns: None })
    }
}

#[test]
fn noise_is_told_by_its_kind() {
    let clock = FakeClock::new();
    let mut instruments = Instruments::emulated(clock.clone());
    instruments.clock = Box::new(Hiccup { clock: clock.clone(), readings: Cell::new(0) });
    instruments.processor = Box::new(OftenPreempted { readings: 0 });
    // Both get slower together, by half: raw times spread, corrected ones do not.
    let slowing = |clock: &FakeClock| {
        let machine = clock.clone();
        FakeSubject::new(clock.clone(), move || {
            (150_000.0 * (1.0 + 0.5 * machine.peek_ns() as f64 / 8e9)) as u64
        })
    };
    instruments.reference = Box::new(slowing(&clock));
    let noise = measure_noise(&mut [slowing(&clock)], &mut instruments, 8_000_000_000).unwrap();
    assert!((noise.largest_stall_ms - 5.001).abs() < 1e-9, "{noise:?}");
    // 5 ms of 2 s.
    assert!((noise.stalled_share - 0.0025).abs() < 0.0001, "{noise:?}");
    // Each sample is two readings of the usage: one in four falls between the two of every second sample.
    assert!((noise.preempted_share - 0.5).abs() < 0.05, "{noise:?}");
    assert_eq!((noise.clock_resolution_ns, noise.clock_cost_ns), (1_000, 1_000.0));
    // With the time for warming up.
    assert!((8.0..8.8).contains(&noise.watched_s), "{noise:?}");
    // From 1 + 0.5·2/8 = 1.125 to 1 + 0.5·8.75/8 = 1.547 times as long, 1.336 in the middle: 0.8 · 0.422 / 1.336 = 0.25.
    assert!((noise.raw_spread - 0.25).abs() < 0.03 && noise.corrected_spread < 0.03, "{noise:?}");
}
