use super::Answers;
use crate::adb::{PhoneFacts, Properties};
use crate::error::AndroidError;
use crate::job::free_kib;
use profiler::device::{Cluster, Device, MachineState, Place, ThermalZone};
use serde::Serialize;
use std::collections::BTreeSet;

/// The state a phone is in. What it does not say is absent, not guessed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Condition {
    #[serde(flatten)]
    pub(crate) facts: PhoneFacts,
    /// Cores of a kind, the strongest first.
    pub(crate) clusters: Vec<Cluster>,
    /// What chooses the cores' frequencies; more than one where they differ.
    pub(crate) governors: BTreeSet<String>,
    /// Sensors that gave a value.
    pub(crate) temperatures: Vec<ThermalZone>,
    /// How far Android holds the phone back for heat: 0 not at all, 6 shutting down.
    pub(crate) thermal_status: Option<u32>,
    pub(crate) battery: Option<Battery>,
    pub(crate) awake: Option<bool>,
    pub(crate) saving_power: Option<bool>,
    /// Runnable tasks on average over the last minute.
    pub(crate) load_1min: Option<f64>,
    pub(crate) free_kib: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Battery {
    pub(crate) level_percent: Option<f64>,
    pub(crate) celsius: Option<f64>,
    pub(crate) charging: Option<bool>,
}

impl Condition {
    pub(crate) fn of(answers: &Answers) -> Result<Self, AndroidError> {
        let unusable = |reason| AndroidError::Unusable { path: std::env::temp_dir(), reason };
        let root = tempfile::tempdir().map_err(unusable)?;
        answers.write_files(root.path())?;
        let (device, state) = (Device::read(root.path()), MachineState::read(root.path()));
        let mut temperatures = state.thermal;
        let thermal = answers.of("dumpsys thermalservice");
        temperatures.extend(thermal.map(android_temperatures).unwrap_or_default());
        Ok(Self {
            facts: PhoneFacts::from(&Properties::parse(answers.of("getprop").unwrap_or_default())),
            clusters: device.clusters,
            governors: device.cores.into_iter().filter_map(|core| core.governor).collect(),
            temperatures,
            thermal_status: thermal.and_then(|text| after(text, "Thermal Status:")?.parse().ok()),
            battery: answers.of("dumpsys battery").map(battery),
            awake: answers.of("dumpsys power").and_then(|text| match after(text, "mWakefulness=")? {
                "Awake" => Some(true),
                "Asleep" | "Dozing" | "Dreaming" => Some(false),
                _ => None,
            }),
            saving_power: answers.of("settings get global low_power").and_then(|text| match text {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            }),
            load_1min: state.load_average.map(|load| load[0]),
            free_kib: answers.of("df -k /data/local/tmp").and_then(free_kib),
        })
    }

    /// The hottest sensor of a place, in degrees Celsius; the battery counts as skin.
    pub(crate) fn hottest_celsius(&self, place: Place) -> Option<f64> {
        let sensors = self.temperatures.iter().filter(|zone| Place::of(&zone.name) == Some(place));
        let battery = self.battery.as_ref().and_then(|battery| battery.celsius);
        let battery = battery.filter(|_| place == Place::Skin);
        sensors.map(|zone| zone.celsius).chain(battery).max_by(f64::total_cmp)
    }
}

/// What follows `name` on the first line that has it in front.
fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim)
}

/// Degrees Celsius that a sensor of a phone at work can give.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -40.0..=150.0;

/// `temperature` is in tenths of a degree; `status` 2 is charging, 3 and 4 are not, 5 is full.
///
/// Source: Android's `BatteryManager` (constants `BATTERY_STATUS_*`) and `BatteryService.dumpInternal`.
fn battery(text: &str) -> Battery {
    let number = |name| after(text, name)?.parse::<f64>().ok();
    let level = number("level:").zip(number("scale:")).map(|(level, scale)| 100.0 * level / scale);
    Battery {
        level_percent: level.filter(|percent| (0.0..=100.0).contains(percent)),
        celsius: number("temperature:").map(|tenths| tenths / 10.0).filter(|value| PLAUSIBLE.contains(value)),
        charging: number("status:").map(|status| status == 2.0),
    }
}

/// Lines like `Temperature{mValue=33.5, mType=3, mName=skin, mStatus=0}` behind the headline of current ones. Types 0, 2
/// and 3 are processor, battery and skin; names are the maker's, so the type is put in front.
///
/// Source: Android's `Temperature.toString` and `ThermalManagerService.dump`.
fn android_temperatures(text: &str) -> Vec<ThermalZone> {
    let current = text.split_once("Current temperatures from HAL").map_or("", |(_, current)| current);
    let zone = |line: &str| {
        let fields = line.trim().strip_prefix("Temperature{")?.strip_suffix('}')?;
        let of = |name: &str| fields.split(", ").find_map(|field| field.strip_prefix(name));
        let place = match of("mType=")? {
            "0" => "cpu",
            "2" => "battery",
            "3" => "skin",
            _ => return None,
        };
        let celsius: f64 = of("mValue=")?.parse().ok().filter(|value: &f64| PLAUSIBLE.contains(value))?;
        Some(ThermalZone { name: format!("{place} {}", of("mName=")?), celsius })
    };
    current.lines().filter_map(zone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_read_whole() {
        let cpu = "/sys/devices/system/cpu/cpu";
        let mut text = "tailor-section getprop\n[ro.product.model]: [Pixel 6]\n[ro.product.cpu.abi]: [arm64-v8a]\n\
            tailor-section dumpsys battery\nCurrent Battery Service state:\n  USB powered: true\n  status: 2\n  level: 42\n  scale: 50\n  temperature: 305\n\
            tailor-section dumpsys power\nPOWER MANAGER (dumpsys power)\n  mWakefulness=Dozing\n  mWakefulnessChanging=false\n\
            tailor-section dumpsys thermalservice\nThermal Status: 2\nCached temperatures:\n  Temperature{mValue=99.0, mType=0, mName=CPU0, mStatus=0}\n\
            Current temperatures from HAL:\n  Temperature{mValue=61.5, mType=0, mName=BIG, mStatus=0}\n  Temperature{mValue=33.25, mType=3, mName=VIRTUAL-SKIN, mStatus=0}\n  Temperature{mValue=4.2, mType=6, mName=vbat, mStatus=0}\n\
            tailor-section settings get global low_power\n1\n\
            tailor-section df -k /data/local/tmp\nFilesystem 1K-blocks Used Available Use% Mounted on\n/dev/x 100 60 40 60% /data\n\
            tailor-section files\n/proc/loadavg:2.5 1 1 1/2 3\n"
            .to_owned();
        for (core, capacity, governor) in
            [(0, 200, "schedutil"), (1, 200, "schedutil"), (2, 1024, "performance")]
        {
            text += &format!(
                "{cpu}{core}/cpu_capacity:{capacity}\n{cpu}{core}/cpufreq/scaling_governor:{governor}\n"
            );
        }
        let phone = Condition::of(&Answers::parse(&text)).unwrap();
        assert_eq!(phone.facts.model.as_deref(), Some("Pixel 6"));
        let clusters: Vec<&[usize]> = phone.clusters.iter().map(|cluster| cluster.cores.as_slice()).collect();
        assert_eq!(clusters, [&[2][..], &[0, 1]]);
        assert_eq!(
            phone.governors.iter().map(String::as_str).collect::<Vec<_>>(),
            ["performance", "schedutil"]
        );
        // 42 of 50 is 84 %; 305 tenths are 30.5 °C.
        let battery = Battery { level_percent: Some(84.0), celsius: Some(30.5), charging: Some(true) };
        assert_eq!(phone.battery, Some(battery));
        assert_eq!(
            (phone.thermal_status, phone.awake, phone.saving_power),
            (Some(2), Some(false), Some(true))
        );
        assert_eq!(phone.hottest_celsius(Place::Soc), Some(61.5), "cached temperatures are old");
        assert_eq!(phone.hottest_celsius(Place::Skin), Some(33.25));
        assert_eq!((phone.load_1min, phone.free_kib), (Some(2.5), Some(40)));
    }

    #[test]
    fn a_phone_that_says_nothing_has_no_facts() {
        assert_eq!(Condition::of(&Answers::default()).unwrap(), Condition::default());
        let odd = "tailor-section dumpsys battery\nlevel: x\nscale: 0\ntailor-section settings get global low_power\nnull\n";
        let phone = Condition::of(&Answers::parse(odd)).unwrap();
        assert_eq!((phone.battery, phone.saving_power), (Some(Battery::default()), None));
        for absurd in
            ["level: nan\nscale: 100\ntemperature: 99999", "level: -5\nscale: 100", "level: 1\nscale: 0"]
        {
            let answers = Answers::parse(&format!("tailor-section dumpsys battery\n{absurd}\n"));
            assert_eq!(Condition::of(&answers).unwrap().battery, Some(Battery::default()), "{absurd}");
        }
    }
}
