//! Cores, and the clusters of equal ones they form.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::cpuinfo::{CpuInfo, arm_core_name};
use super::root::Root;

/// One core.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Core {
    /// The kernel's number.
    pub index: usize,
    /// Its name, where the part number says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scheduler's capacity, 1024 for the strongest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Lowest frequency in kHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_khz: Option<u64>,
    /// Highest frequency in kHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_khz: Option<u64>,
    /// What chooses its frequency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
}

/// Cores of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Their numbers.
    pub cores: Vec<usize>,
    /// Their common name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Their common capacity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub capacity: Option<u64>,
    /// Their common highest frequency in kHz.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_khz: Option<u64>,
}

const CPUS: &str = "sys/devices/system/cpu";

pub(super) fn read(root: &Root, info: &CpuInfo) -> Vec<Core> {
    let core = |index: usize| {
        let at = |file: &str| format!("{CPUS}/cpu{index}/{file}");
        let name = info.parts.get(&index).map(|(implementer, part)| {
            arm_core_name(*implementer, *part)
                .map_or_else(|| format!("implementer {implementer:#x} part {part:#x}"), str::to_owned)
        });
        Core {
            index,
            name,
            capacity: root.count(&at("cpu_capacity")),
            min_khz: root.count(&at("cpufreq/cpuinfo_min_freq")),
            max_khz: root.count(&at("cpufreq/cpuinfo_max_freq")),
            governor: root.line(&at("cpufreq/scaling_governor")),
        }
    };
    root.numbered(CPUS, "cpu").into_iter().map(core).collect()
}

/// Groups by name, capacity and highest frequency; the strongest first.
pub(super) fn clusters(cores: &[Core]) -> Vec<Cluster> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for core in cores {
        groups.entry((core.capacity, core.max_khz, core.name.clone())).or_default().push(core.index);
    }
    let cluster = |((capacity, max_khz, name), cores)| Cluster { cores, name, capacity, max_khz };
    groups.into_iter().rev().map(cluster).collect()
}

/// The clusters' names, for machines whose processor has none itself.
pub(super) fn name(cores: &[Core]) -> Option<String> {
    let names: Vec<String> = clusters(cores)
        .into_iter()
        .filter_map(|cluster| Some(format!("{}x {}", cluster.cores.len(), cluster.name?)))
        .collect();
    (!names.is_empty()).then(|| names.join(" + "))
}

/// Sizes in KiB of core 0's caches that hold data.
pub(super) fn caches(root: &Root) -> Vec<u64> {
    let folder = format!("{CPUS}/cpu0/cache");
    let mut caches: Vec<(u64, u64)> = root
        .numbered(&folder, "index")
        .into_iter()
        .filter_map(|index| {
            let at = |file: &str| format!("{folder}/index{index}/{file}");
            if root.line(&at("type"))? == "Instruction" {
                return None;
            }
            Some((root.count(&at("level"))?, kibibytes(&root.line(&at("size"))?)?))
        })
        .collect();
    caches.sort_unstable();
    caches.into_iter().map(|(_, size)| size).collect()
}

/// Bytes of the largest cache of core 0; 0 where the system does not report it.
pub fn largest_cache_bytes() -> usize {
    let largest = caches(&Root::new(Path::new("/"))).into_iter().max().unwrap_or(0);
    usize::try_from(largest.saturating_mul(1024)).unwrap_or(usize::MAX)
}

fn kibibytes(text: &str) -> Option<u64> {
    match text.strip_suffix('M') {
        Some(mebibytes) => mebibytes.parse::<u64>().ok()?.checked_mul(1024),
        None => text.strip_suffix('K')?.parse().ok(),
    }
}
