//! What changes while a session runs: read before and after, and compared.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::root::Root;

/// The machine's state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineState {
    /// Current frequency by core, in kHz; 0 never occurs, unreadable is absent.
    pub frequency_khz: Vec<Option<u64>>,
    /// Temperature sensors that gave a value.
    pub thermal: Vec<ThermalZone>,
    /// Runnable tasks on average over 1, 5 and 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_average: Option<[f64; 3]>,
    /// Memory that could be had, in KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_available_kib: Option<u64>,
}

/// One temperature sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThermalZone {
    /// What the kernel calls it.
    pub name: String,
    /// Degrees Celsius.
    pub celsius: f64,
}

impl MachineState {
    /// This machine's.
    pub fn of_this_machine() -> Self {
        Self::read(Path::new("/"))
    }

    /// Those of the machine whose `/sys` and `/proc` lie below `root`.
    pub fn read(root: &Path) -> Self {
        let root = Root::new(root);
        let cores = root.numbered("sys/devices/system/cpu", "cpu");
        let frequency = |core: usize| {
            let path = format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq");
            root.count(&path).filter(|khz| *khz > 0)
        };
        Self {
            frequency_khz: cores.into_iter().map(frequency).collect(),
            thermal: thermal(&root),
            load_average: load_average(&root),
            memory_available_kib: memory_kib(&root, "MemAvailable"),
        }
    }
}

/// Sensors count in thousandths of a degree; those beyond what silicon survives are broken.
pub(super) fn celsius(root: &Root, path: &str) -> Option<f64> {
    let celsius = root.number(path)? as f64 / 1000.0;
    (-40.0..=150.0).contains(&celsius).then_some(celsius)
}

fn thermal(root: &Root) -> Vec<ThermalZone> {
    let folder = "sys/class/thermal";
    root.numbered(folder, "thermal_zone")
        .into_iter()
        .filter_map(|zone| {
            let celsius = celsius(root, &format!("{folder}/thermal_zone{zone}/temp"))?;
            let name = root
                .line(&format!("{folder}/thermal_zone{zone}/type"))
                .unwrap_or_else(|| format!("thermal_zone{zone}"));
            Some(ThermalZone { name, celsius })
        })
        .collect()
}

fn load_average(root: &Root) -> Option<[f64; 3]> {
    let line = root.line("proc/loadavg")?;
    let mut numbers = line.split_whitespace().map(str::parse::<f64>);
    let mut next = || numbers.next()?.ok().filter(|number| number.is_finite());
    Some([next()?, next()?, next()?])
}

pub(super) fn memory_kib(root: &Root, key: &str) -> Option<u64> {
    let text = root.text("proc/meminfo")?;
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}
