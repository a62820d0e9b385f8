//! What the machine says of itself, on Linux and Android.
//!
//! [`Device`] holds what stays while a session runs, [`MachineState`] what changes. A field that cannot be read is
//! absent, never guessed. Files are read below a given root, so that tests bring their own machine.

mod affinity;
mod cores;
mod cpuinfo;
mod emulation;
mod others;
mod process;
mod root;
mod sensors;
mod state;
mod surroundings;
mod ticks;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use affinity::{AffinityError, allowed_cpus, pin};
pub use cores::{Cluster, Core, largest_cache_bytes};
use cpuinfo::CpuInfo;
pub use emulation::emulator;
pub use others::{Others, OthersWatch};
pub use process::{peak_memory_kib, return_free_memory};
use root::Root;
pub use sensors::{Place, Sensor, Sensors};
pub use state::{MachineState, ThermalZone};
pub use surroundings::Surroundings;
pub use ticks::Ticks;

/// A machine, as far as it can be distinguished from others by what it says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Product: a phone's model, a board's or a computer's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The processor's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu: Option<String>,
    /// Architecture this build runs as.
    pub architecture: String,
    /// Target triple of this build.
    pub build_target: String,
    /// Processor features this build was allowed to use everywhere.
    pub build_features: Vec<String>,
    /// Operating system of this build: linux or android.
    pub system: String,
    /// Kernel release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel: Option<String>,
    /// Every core the kernel lists, in order.
    pub cores: Vec<Core>,
    /// Cores of a kind, the strongest first.
    pub clusters: Vec<Cluster>,
    /// Sizes of core 0's data and unified caches in KiB, from the first level up.
    pub cache_kib: Vec<u64>,
    /// Main memory in KiB.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_kib: Option<u64>,
    /// Processor features the kernel reports.
    pub cpu_features: Vec<String>,
    /// Whether this is a virtual machine, where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub virtualised: Option<bool>,
}

impl Device {
    /// This machine.
    pub fn of_this_machine() -> Self {
        let mut device = Self::read(Path::new("/"));
        device.model = device.model.or_else(android_model);
        device
    }

    /// What to call it: model, processor and number of cores, as far as known.
    pub fn name(&self) -> String {
        let cores = format!("{} cores", self.cores.len());
        match (&self.model, &self.cpu) {
            (Some(model), Some(cpu)) => format!("{model} ({cpu}, {cores})"),
            (Some(name), None) | (None, Some(name)) => format!("{name} ({cores})"),
            (None, None) => format!("unnamed {} machine", self.architecture),
        }
    }

    /// The machine whose `/sys`, `/proc` and so on lie below `root`.
    pub fn read(root: &Path) -> Self {
        let root = Root::new(root);
        let info = CpuInfo::parse(&root.text("proc/cpuinfo").unwrap_or_default());
        let cores = cores::read(&root, &info);
        Self {
            model: model(&root),
            cpu: info.name.clone().or_else(|| cores::name(&cores)),
            architecture: std::env::consts::ARCH.to_owned(),
            build_target: env!("TAILOR_TARGET").to_owned(),
            build_features: words(env!("TAILOR_TARGET_FEATURES"), ','),
            system: std::env::consts::OS.to_owned(),
            kernel: root.line("proc/sys/kernel/osrelease"),
            clusters: cores::clusters(&cores),
            cores,
            cache_kib: cores::caches(&root),
            memory_kib: state::memory_kib(&root, "MemTotal"),
            virtualised: virtualised(&root, &info),
            cpu_features: info.features,
        }
    }
}

fn model(root: &Root) -> Option<String> {
    ["sys/firmware/devicetree/base/model", "sys/class/dmi/id/product_name"]
        .iter()
        .find_map(|path| root.line(path))
}

/// Android keeps the product in its property store, which only a command reads without linking to the system.
fn android_model() -> Option<String> {
    match (android_property("ro.product.manufacturer"), android_property("ro.product.model")) {
        (Some(maker), Some(model)) => Some(format!("{maker} {model}")),
        (maker, model) => model.or(maker),
    }
}

/// A property of an Android system, whatever this program was built for; `None` elsewhere.
fn android_property(name: &str) -> Option<String> {
    let output = std::process::Command::new("/system/bin/getprop").arg(name).output().ok()?;
    let value = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// x86 says so in a flag; elsewhere a hypervisor leaves traces, whose absence proves nothing.
fn virtualised(root: &Root, info: &CpuInfo) -> Option<bool> {
    const TRACES: [&str; 2] = ["sys/hypervisor/type", "sys/firmware/devicetree/base/hypervisor/compatible"];
    const PRODUCTS: [&str; 5] = ["kvm", "qemu", "virtualbox", "vmware", "virtual machine"];
    let product = root.line("sys/class/dmi/id/product_name").unwrap_or_default().to_lowercase();
    let traced = TRACES.iter().any(|path| root.line(path).is_some())
        || PRODUCTS.iter().any(|name| product.contains(name));
    if traced || info.has("hypervisor") {
        Some(true)
    } else if info.is_x86 {
        Some(false)
    } else {
        None
    }
}

fn words(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod test_machine;
#[cfg(test)]
mod tests;
