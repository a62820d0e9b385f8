//! Reading temperatures, and what others do, between turns.

use std::{path::Path, time::Duration};

use super::Temperatures;
use crate::device::{OthersWatch, Place, Sensor, Sensors};

/// Measures how hot the machine is, and waits for it to cool.
pub trait Thermometer {
    /// What it can read; none if the machine reports no temperature.
    fn sensors(&self) -> Vec<Sensor>;

    /// Temperatures and frequency now, and what others had since the last reading, `at_ns` after the segment's start.
    fn read(&mut self, at_ns: u64) -> Temperatures;

    /// Leaves the machine alone for so long.
    fn wait(&mut self, ns: u64) {
        std::thread::sleep(Duration::from_nanos(ns));
    }
}

/// The machine's own sensors.
pub struct DeviceThermometer {
    sensors: Sensors,
    others: OthersWatch,
}

impl DeviceThermometer {
    /// Finds the sensors, and the cores that the calling thread may run on.
    pub fn new() -> Self {
        Self { sensors: Sensors::of_this_machine(), others: OthersWatch::of_this_machine() }
    }

    /// Finds the sensors whose files lie below `root`, and `cores`' frequencies.
    pub fn below(root: &Path, cores: &[usize]) -> Self {
        Self { sensors: Sensors::find(root, cores), others: OthersWatch::below(root, cores) }
    }
}

impl Default for DeviceThermometer {
    fn default() -> Self {
        Self::new()
    }
}

impl Thermometer for DeviceThermometer {
    fn sensors(&self) -> Vec<Sensor> {
        self.sensors.sensors().cloned().collect()
    }

    fn read(&mut self, at_ns: u64) -> Temperatures {
        Temperatures {
            at_ns,
            skin_celsius: self.sensors.hottest_celsius(Place::Skin),
            soc_celsius: self.sensors.hottest_celsius(Place::Soc),
            frequency_khz: self.sensors.frequency_khz(),
            others: self.others.read(),
        }
    }
}

/// Reads nothing: for emulated clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoThermometer;

impl Thermometer for NoThermometer {
    fn sensors(&self) -> Vec<Sensor> {
        Vec::new()
    }

    fn read(&mut self, at_ns: u64) -> Temperatures {
        Temperatures { at_ns, ..Temperatures::default() }
    }
}
