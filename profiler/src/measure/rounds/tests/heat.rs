use super::*;
use crate::device::{Place, Sensor};
use crate::measure::{DeviceThermometer, HeatReport, PauseEnd, Thermometer, Turn};

/// A machine that warms by a degree for every second of work and cools by `cooling` degrees for every second of rest.
struct WarmingMachine {
    clock: FakeClock,
    celsius: f64,
    cooling: f64,
    last_ns: u64,
    waited_ns: Rc<Cell<u64>>,
}

impl WarmingMachine {
    fn new(clock: &FakeClock, cooling: f64) -> Self {
        Self { clock: clock.clone(), celsius: 40.0, cooling, last_ns: 0, waited_ns: Rc::default() }
    }
}

impl Thermometer for WarmingMachine {
    fn sensors(&self) -> Vec<Sensor> {
        vec![Sensor { name: "skin".to_owned(), place: Place::Skin }]
    }

    fn read(&mut self, at_ns: u64) -> Temperatures {
        let now_ns = self.clock.peek_ns();
        self.celsius += (now_ns - self.last_ns) as f64 / 1e9;
        self.last_ns = now_ns;
        Temperatures {
            at_ns,
            skin_celsius: Some(self.celsius),
            frequency_khz: Some(1_800_000),
            ..Temperatures::default()
        }
    }

    fn wait(&mut self, ns: u64) {
        self.clock.advance(ns);
        self.waited_ns.set(self.waited_ns.get() + ns);
        self.celsius -= self.cooling * ns as f64 / 1e9;
        self.last_ns = self.clock.peek_ns();
    }
}

/// The same machine, as the kernel's files show it: a zone of the skin, in thousandths of a degree, and a frequency.
struct MachineWithFiles {
    machine: WarmingMachine,
    root: tempfile::TempDir,
    thermometer: DeviceThermometer,
}

impl MachineWithFiles {
    fn new(machine: WarmingMachine) -> Self {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("sys/class/thermal/thermal_zone0/type", "battery\n");
        write("sys/class/thermal/thermal_zone0/temp", "40000\n");
        write("sys/class/thermal/thermal_zone1/type", "cpu-0-0\n");
        write("sys/class/thermal/thermal_zone1/temp", "61000\n");
        write("sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq", "1800000\n");
        let thermometer = DeviceThermometer::below(root.path(), &[4]);
        Self { machine, root, thermometer }
    }
}

impl Thermometer for MachineWithFiles {
    fn sensors(&self) -> Vec<Sensor> {
        self.thermometer.sensors()
    }

    fn read(&mut self, at_ns: u64) -> Temperatures {
        let celsius = self.machine.read(at_ns).skin_celsius.unwrap();
        let zone = self.root.path().join("sys/class/thermal/thermal_zone0/temp");
        std::fs::write(zone, format!("{:.0}\n", celsius * 1e3)).unwrap();
        self.thermometer.read(at_ns)
    }

    fn wait(&mut self, ns: u64) {
        self.machine.wait(ns);
    }
}

#[test]
fn sensors_files_that_heat_up_make_a_pause_a_trace_and_a_warning() {
    // As with the machine itself: see below. One that does not cool is waited for in vain, and said to be hot.
    for (cooling, ends) in [(2.0, vec![PauseEnd::Cooled; 2]), (0.0, vec![PauseEnd::StillHot])] {
        let heat = Some(HeatLimits { longest_pause_ns: 5_000_000_000, ..HeatLimits::default() });
        let mut run = Run::new(protocol(heat));
        let machine = MachineWithFiles::new(WarmingMachine::new(&run.clock, cooling));
        let sensors = machine.sensors();
        let places: Vec<_> = sensors.iter().map(|sensor| (sensor.name.as_str(), sensor.place)).collect();
        assert_eq!(places, [("battery", Place::Skin), ("cpu-0-0", Place::Soc)]);
        run.instruments.thermometer = Box::new(machine);
        run.steady(&[100_000_000; 2]);
        let report = HeatReport::of(&run.history, sensors);
        assert_eq!(report.pauses.iter().map(|pause| pause.ended).collect::<Vec<_>>(), ends);
        assert_eq!(report.warning().is_some(), cooling == 0.0);
        let trace = &run.history.segments()[0].temperatures;
        assert!(trace.len() > 10);
        assert!(trace.iter().all(|temperatures| temperatures.soc_celsius == Some(61.0)));
        assert!(trace.iter().all(|temperatures| temperatures.frequency_khz == Some(1_800_000)));
        assert!(trace.iter().any(|temperatures| temperatures.skin_celsius > Some(45.0)));
    }
}

fn protocol(heat: Option<HeatLimits>) -> Protocol {
    Protocol { min_rounds: 40, min_round_size: 1, heat, ..Protocol::brief() }
}

/// About 16 s of work: two subjects of 100 ms (two runs a turn) in 40 rounds.
fn measured(cooling: f64, heat: Option<HeatLimits>) -> (History, Recorder, u64) {
    let mut run = Run::new(protocol(heat));
    let machine = WarmingMachine::new(&run.clock, cooling);
    let waited_ns = machine.waited_ns.clone();
    run.instruments.thermometer = Box::new(machine);
    assert_eq!(run.steady(&[100_000_000; 2]), Outcome::Converged);
    for hot in run.hot(2) {
        assert_eq!((hot.latency, hot.turns), (CorrectedNs(1e8), 40), "a pause counts for no subject");
    }
    assert_eq!(History::replay(run.recorder.entries.clone()).unwrap(), run.history);
    (run.history, run.recorder, waited_ns.get())
}

#[test]
fn a_hot_machine_is_left_to_cool_and_nothing_is_timed_meanwhile() {
    let (history, recorder, waited_ns) = measured(2.0, Some(HeatLimits::default()));
    let report = HeatReport::of(&history, Vec::new());
    // From 40 °C at a degree a second it takes 5 s of work to 45 °C. From a little above to below 41 °C at 2 °C a second
    // takes 3 s, and leads to 39 °C; 6 s of work later, after 11 of the 16 s, it is 45 °C again.
    let seconds: Vec<u64> = report.pauses.iter().map(|pause| pause.took_ns / 1_000_000_000).collect();
    assert_eq!(seconds, [3, 3], "{:?}", report.pauses);
    assert!(report.pauses.iter().all(|pause| pause.ended == PauseEnd::Cooled));
    assert_eq!(waited_ns / 1_000_000_000, history.paused_ns() / 1_000_000_000);
    let segment = &history.segments()[0];
    for pause in &segment.pauses {
        let end_ns = pause.at_ns + pause.took_ns;
        let overlaps = |turn: &&Turn| turn.at_ns < end_ns && turn.at_ns + turn.took_ns > pause.at_ns;
        assert_eq!(segment.turns.iter().find(overlaps), None);
        // The reference was timed right before it, and again before the next turn.
        let next_ns = segment.turns.iter().map(|b| b.at_ns).find(|at_ns| *at_ns >= end_ns).unwrap();
        let readings = || segment.readings.iter().map(|reading| reading.at_ns);
        assert!(readings().any(|at_ns| at_ns <= pause.at_ns && at_ns + 1_000_000 > pause.at_ns));
        assert!(readings().any(|at_ns| at_ns >= end_ns && at_ns < next_ns));
    }
    // A trace of about one reading a second, pauses included: 16 s of work and the waiting.
    let expected = 16 + waited_ns / 1_000_000_000;
    let readings = segment.temperatures.len() as u64;
    assert!((expected - 4..=expected + 4).contains(&readings), "{readings} readings in {expected} s");
    let hottest =
        segment.temperatures.iter().filter_map(|temperatures| temperatures.skin_celsius).fold(0.0, f64::max);
    assert!((45.0..46.5).contains(&hottest), "{hottest}");
    assert_eq!(recorder.cooling as u64, waited_ns / 1_000_000_000, "the observer is called every second");
}

#[test]
fn a_machine_that_does_not_cool_is_measured_all_the_same_and_said_to_be_hot() {
    let limits = HeatLimits { longest_pause_ns: 3_000_000_000, ..HeatLimits::default() };
    let (history, _, waited_ns) = measured(0.0, Some(limits));
    let report = HeatReport::of(&history, Vec::new());
    // One pause in vain, of 3 s and no second one: the machine never was cool again.
    assert_eq!(report.pauses.iter().map(|pause| pause.ended).collect::<Vec<_>>(), [PauseEnd::StillHot]);
    assert_eq!(waited_ns, 3_000_000_000);
    assert!(report.warning().is_some());
}

#[test]
fn without_limits_the_trace_is_kept_and_nothing_waits() {
    let (history, recorder, waited_ns) = measured(2.0, None);
    assert_eq!((history.paused_ns(), waited_ns, recorder.cooling), (0, 0, 0));
    assert!(history.segments()[0].temperatures.len() > 10);
    assert_eq!(history.segments()[0].temperatures[0].frequency_khz, Some(1_800_000));
}
