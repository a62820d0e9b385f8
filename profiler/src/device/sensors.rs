//! Temperature sensors by where they sit, found once and read often.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{allowed_cpus, root::Root, state::celsius};

/// Where a sensor sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The case or the battery: slow, and what a phone throttles by to stay comfortable to hold.
    Skin,
    /// The processor itself: fast.
    Soc,
}

impl Place {
    /// By the sensor's name, where it says it.
    ///
    /// Qualcomm's `soc` is the battery's state of charge, its `vbat` and `ibat` are volts and amperes.
    pub fn of(name: &str) -> Option<Self> {
        const SKIN: [&str; 5] = ["skin", "shell", "quiet", "batt", "case-therm"];
        const SOC: [&str; 9] =
            ["cpu", "tsens", "soc", "cluster", "coretemp", "x86_pkg", "k10temp", "zenpower", "package id"];
        const SOC_EXACTLY: [&str; 4] = ["big", "mid", "little", "ap"];
        let name = name.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if name == "soc" || name.starts_with("vbat") || name.starts_with("ibat") {
            None
        } else if any(&SKIN) {
            Some(Self::Skin)
        } else if any(&SOC) || SOC_EXACTLY.contains(&name.as_str()) {
            Some(Self::Soc)
        } else {
            None
        }
    }
}

/// A sensor that gave a value when it was searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensor {
    /// What the kernel calls it.
    pub name: String,
    /// Where it sits.
    pub place: Place,
}

/// The sensors whose place is known, and the frequencies of the cores that the calling thread may run on.
pub struct Sensors {
    root: Root,
    sensors: Vec<(Sensor, String)>,
    frequencies: Vec<String>,
}

impl Sensors {
    /// This machine's.
    pub fn of_this_machine() -> Self {
        let cores = allowed_cpus().map(|cores| cores.into_iter().collect::<Vec<_>>());
        Self::find(Path::new("/"), &cores.unwrap_or_default())
    }

    /// Those below `root`; frequencies of `cores`.
    pub fn find(root: &Path, cores: &[usize]) -> Self {
        let root = Root::new(root);
        let all = zones(&root).into_iter().chain(monitors(&root));
        let sensors = all
            .filter(|(_, path)| celsius(&root, path).is_some())
            .filter_map(|(name, path)| Some((Sensor { place: Place::of(&name)?, name }, path)))
            .collect();
        let frequency = |core: &usize| format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq");
        let frequencies = cores.iter().map(frequency).filter(|path| root.count(path).is_some()).collect();
        Self { root, sensors, frequencies }
    }

    /// What there is to read.
    pub fn sensors(&self) -> impl Iterator<Item = &Sensor> {
        self.sensors.iter().map(|(sensor, _)| sensor)
    }

    /// The hottest sensor of a place, in degrees Celsius; `None` if none can be read.
    pub fn hottest_celsius(&self, place: Place) -> Option<f64> {
        let here = self.sensors.iter().filter(|(sensor, _)| sensor.place == place);
        here.filter_map(|(_, path)| celsius(&self.root, path)).max_by(f64::total_cmp)
    }

    /// The highest current frequency of the cores, in kHz; `None` if none can be read.
    pub fn frequency_khz(&self) -> Option<u64> {
        self.frequencies.iter().filter_map(|path| self.root.count(path)).filter(|khz| *khz > 0).max()
    }
}

/// `/sys/class/thermal`: name and path.
fn zones(root: &Root) -> Vec<(String, String)> {
    let folder = "sys/class/thermal";
    let zone = |number: usize| {
        let zone = format!("{folder}/thermal_zone{number}");
        Some((root.line(&format!("{zone}/type"))?, format!("{zone}/temp")))
    };
    root.numbered(folder, "thermal_zone").into_iter().filter_map(zone).collect()
}

/// `/sys/class/hwmon`: chip and label, and path.
fn monitors(root: &Root) -> Vec<(String, String)> {
    const INPUTS: std::ops::RangeInclusive<usize> = 1..=32;
    let folder = "sys/class/hwmon";
    let mut found = Vec::new();
    for number in root.numbered(folder, "hwmon") {
        let chip = format!("{folder}/hwmon{number}");
        let name = root.line(&format!("{chip}/name")).unwrap_or_else(|| format!("hwmon{number}"));
        for input in INPUTS {
            let path = format!("{chip}/temp{input}_input");
            if root.line(&path).is_some() {
                let label = root.line(&format!("{chip}/temp{input}_label"));
                found.push((label.map_or_else(|| name.clone(), |label| format!("{name} {label}")), path));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_machine::machine;

    #[test]
    fn names_tell_the_place() {
        for (place, names) in [
            (Some(Place::Skin), "quiet-therm skin-msm-therm-usr battery mtktsbattery shell_front batt_therm"),
            (Some(Place::Soc), "cpu-1-7-usr tsens_tz_sensor10 BIG mtktscpu x86_pkg_temp k10temp soc-thermal"),
            (None, "soc vbat ibat acpitz nvme wlan bigfoot"),
        ] {
            names.split(' ').for_each(|name| assert_eq!(Place::of(name), place, "{name}"));
        }
        assert_eq!((Place::of("k10temp Tctl"), Place::of("nvme Composite")), (Some(Place::Soc), None));
    }

    #[test]
    fn the_hottest_of_each_place_is_read_again_each_time() {
        let machine = machine(&[
            ("sys/class/thermal/thermal_zone0/type", "cpu-0\n"),
            ("sys/class/thermal/thermal_zone0/temp", "61000\n"),
            ("sys/class/thermal/thermal_zone1/type", "cpu-1\n"),
            ("sys/class/thermal/thermal_zone1/temp", "65500\n"),
            ("sys/class/thermal/thermal_zone2/type", "skin\n"),
            ("sys/class/thermal/thermal_zone2/temp", "-273000\n"),
            ("sys/class/hwmon/hwmon3/name", "coretemp\n"),
            ("sys/class/hwmon/hwmon3/temp2_input", "70000\n"),
            ("sys/class/hwmon/hwmon3/temp2_label", "Core 0\n"),
            ("sys/class/hwmon/hwmon3/temp1_input", "broken\n"),
            ("sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq", "1800000\n"),
            ("sys/devices/system/cpu/cpu5/cpufreq/scaling_cur_freq", "2400000\n"),
        ]);
        let sensors = Sensors::find(machine.path(), &[4]);
        let names: Vec<&str> = sensors.sensors().map(|sensor| sensor.name.as_str()).collect();
        assert_eq!(names, ["cpu-0", "cpu-1", "coretemp Core 0"]);
        assert_eq!(sensors.hottest_celsius(Place::Soc), Some(70.0));
        assert_eq!(sensors.hottest_celsius(Place::Skin), None, "that sensor is broken");
        assert_eq!(sensors.frequency_khz(), Some(1_800_000), "only the cores asked for");
        std::fs::write(machine.path().join("sys/class/hwmon/hwmon3/temp2_input"), "50000\n").unwrap();
        assert_eq!(sensors.hottest_celsius(Place::Soc), Some(65.5));
    }

    #[test]
    fn a_machine_without_sensors_has_none() {
        let sensors = Sensors::find(machine(&[]).path(), &[0, 1]);
        assert_eq!(sensors.sensors().count(), 0);
        assert_eq!((sensors.hottest_celsius(Place::Soc), sensors.frequency_khz()), (None, None));
    }
}
