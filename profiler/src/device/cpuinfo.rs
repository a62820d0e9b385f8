//! `/proc/cpuinfo`: one block per core, written differently by every architecture.

use std::collections::BTreeMap;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CpuInfo {
    /// The processor's name, if the file names it.
    pub(super) name: Option<String>,
    /// Features, in the file's order.
    pub(super) features: Vec<String>,
    /// ARM's implementer and part number, by core.
    pub(super) parts: BTreeMap<usize, (u32, u32)>,
    /// Whether this is the x86 dialect.
    pub(super) is_x86: bool,
}

impl CpuInfo {
    pub(super) fn parse(text: &str) -> Self {
        let mut info = Self::default();
        let mut core = 0;
        let mut implementer = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "processor" => core = value.parse().unwrap_or(core),
                "model name" | "Hardware" | "uarch" if info.name.is_none() && !value.is_empty() => {
                    info.name = Some(value.to_owned());
                }
                "flags" | "Features" | "isa" if info.features.is_empty() => {
                    info.is_x86 = key.trim() == "flags";
                    info.features = value.split_whitespace().map(str::to_owned).collect();
                }
                "CPU implementer" => implementer = hexadecimal(value),
                "CPU part" => {
                    if let (Some(implementer), Some(part)) = (implementer, hexadecimal(value)) {
                        info.parts.insert(core, (implementer, part));
                    }
                }
                _ => {}
            }
        }
        info
    }

    pub(super) fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }
}

fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// The marketing name of an ARM core; `None` if it is not in the list.
///
/// Source: Arm's Technical Reference Manuals, MIDR_EL1.PartNum of each core.
pub(super) fn arm_core_name(implementer: u32, part: u32) -> Option<&'static str> {
    const ARM: u32 = 0x41;
    let name = match (implementer, part) {
        (ARM, 0xd03) => "Cortex-A53",
        (ARM, 0xd04) => "Cortex-A35",
        (ARM, 0xd05) => "Cortex-A55",
        (ARM, 0xd07) => "Cortex-A57",
        (ARM, 0xd08) => "Cortex-A72",
        (ARM, 0xd09) => "Cortex-A73",
        (ARM, 0xd0a) => "Cortex-A75",
        (ARM, 0xd0b) => "Cortex-A76",
        (ARM, 0xd0c) => "Neoverse-N1",
        (ARM, 0xd0d) => "Cortex-A77",
        (ARM, 0xd40) => "Neoverse-V1",
        (ARM, 0xd41) => "Cortex-A78",
        (ARM, 0xd44) => "Cortex-X1",
        (ARM, 0xd46) => "Cortex-A510",
        (ARM, 0xd47) => "Cortex-A710",
        (ARM, 0xd48) => "Cortex-X2",
        (ARM, 0xd49) => "Neoverse-N2",
        (ARM, 0xd4d) => "Cortex-A715",
        (ARM, 0xd4e) => "Cortex-X3",
        (ARM, 0xd80) => "Cortex-A520",
        (ARM, 0xd81) => "Cortex-A720",
        (ARM, 0xd82) => "Cortex-X4",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86_names_itself() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 fma\nbugs\t: spectre\n\n\
                    processor\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 fma\n";
        let info = CpuInfo::parse(text);
        assert_eq!(info.name.as_deref(), Some("AMD EPYC"));
        assert_eq!(info.features, ["fpu", "avx2", "fma"]);
        assert!(info.has("fma") && !info.has("avx") && info.is_x86);
        assert!(info.parts.is_empty());
    }

    #[test]
    fn arm_gives_a_part_per_core() {
        let core = |n, part| {
            format!("processor\t: {n}\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n")
        };
        let text = core(0, "0xd05") + &core(1, "0xd41") + "Hardware\t: Qualcomm Technologies, Inc SM7325\n";
        let info = CpuInfo::parse(&text);
        assert_eq!(info.name.as_deref(), Some("Qualcomm Technologies, Inc SM7325"));
        assert_eq!(info.parts[&0], (0x41, 0xd05));
        assert_eq!(arm_core_name(0x41, info.parts[&1].1), Some("Cortex-A78"));
        assert!(!info.is_x86);
    }

    #[test]
    fn noise_is_no_information() {
        assert_eq!(CpuInfo::parse(""), CpuInfo::default());
        assert_eq!(CpuInfo::parse("garbage\n:\nCPU part : 0xzz\nprocessor : x\n"), CpuInfo::default());
        assert_eq!(arm_core_name(0x99, 1), None);
    }
}
