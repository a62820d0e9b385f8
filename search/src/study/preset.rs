use std::path::Path;

use profiler::backend::KnownBackend;
use profiler::record::{ReadError, read_text};
use serde::{Deserialize, Serialize};

use crate::error::SearchError;

const BUILT_IN: [(&str, &str); 2] =
    [("full", include_str!("presets/full.toml")), ("smoke", include_str!("presets/smoke.toml"))];

/// A device: a runtime of this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudyDevice {
    pub(crate) name: String,
    pub(crate) backend: String,
    /// Its own [`StudyPreset::target_of_baseline`], if not the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_of_baseline: Option<f64>,
}

impl StudyDevice {
    pub(crate) fn is_emulated(&self) -> bool {
        KnownBackend::of(&self.backend).is_some_and(|known| known.is_emulated)
    }
}

/// A study, version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudyPreset {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// The search space: a name or a `.toml` file.
    pub(crate) space: String,
    /// The space that the baselines come from, if not the same: a name or a `.toml` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baselines: Option<String>,
    pub(crate) widths: Vec<f64>,
    pub(crate) seeds: Vec<u64>,
    /// Target as a fraction of the predicted latency of the baseline of width 1.
    pub(crate) target_of_baseline: f64,
    /// Whether the best paths within the target by the searches without latency loss are trained, too.
    pub(crate) train_cut: bool,
    /// Number of targets per device whose networks are measured.
    pub(crate) targets: usize,
    /// Networks, spread over the work that the space's have, that the latency models are fitted to.
    pub(crate) profile_networks: usize,
    /// Random networks that are measured beside the trained ones.
    pub(crate) control_networks: usize,
    /// Seconds for the measurement of a space.
    pub(crate) profile_budget_s: u64,
    /// Seconds for the measurement of all networks on a device.
    pub(crate) measure_budget_s: u64,
    /// Searches and trainings at a time; each has one thread.
    pub(crate) jobs: usize,
    /// Further arguments of `search run`.
    pub(crate) search: String,
    /// Further arguments of `search train`, the same for every network.
    pub(crate) train: String,
    #[serde(rename = "device")]
    pub(crate) devices: Vec<StudyDevice>,
}

impl StudyPreset {
    /// The preset of this name, or in this `.toml` file.
    pub(crate) fn read(name: &str) -> Result<Self, SearchError> {
        let text = match BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            Some((_, text)) => (*text).to_owned(),
            None => read_text(Path::new(name))?,
        };
        let content = |reason: String| ReadError::Content { path: name.into(), reason };
        let one_line = |e: toml::de::Error| e.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let preset: Self = toml::from_str(&text).map_err(|e| content(one_line(e)))?;
        preset.check().map_err(content)?;
        Ok(preset)
    }

    pub(crate) fn baseline_space(&self) -> &str {
        self.baselines.as_ref().unwrap_or(&self.space)
    }

    /// Target of the searches for a device, as a fraction of the predicted latency of the baseline of width 1.
    pub(crate) fn target_of_baseline(&self, device: &StudyDevice) -> f64 {
        device.target_of_baseline.unwrap_or(self.target_of_baseline)
    }

    fn check(&self) -> Result<(), String> {
        if (self.format.as_str(), self.version) != ("tailor-study", 1) {
            let (format, version) = (&self.format, self.version);
            return Err(format!("`{format}` version {version}, expected `tailor-study` version 1"));
        }
        let widths = self.widths.iter().all(|width| (0.05..=20.0).contains(width));
        let several = self.widths.len() >= 2 && self.widths.windows(2).all(|pair| pair[0] < pair[1]);
        if !(widths && several && self.widths.contains(&1.0)) {
            return Err(
                "`widths` must be at least two, growing, from 0.05 to 20, and 1 among them".to_owned()
            );
        }
        if self.seeds.is_empty() || self.jobs == 0 || self.targets < 2 || self.devices.is_empty() {
            return Err("`seeds`, `jobs` and `device` must not be empty, `targets` at least 2".to_owned());
        }
        if self.seeds.iter().enumerate().any(|(index, seed)| self.seeds[..index].contains(seed)) {
            return Err(format!("`seeds` are {:?}, expected each once", self.seeds));
        }
        let own = self.devices.iter().filter_map(|device| device.target_of_baseline);
        if let Some(wrong) =
            own.chain([self.target_of_baseline]).find(|share| !(share.is_finite() && *share > 0.0))
        {
            return Err(format!("`target_of_baseline` is {wrong}, expected above 0"));
        }
        let plain =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        for (index, device) in self.devices.iter().enumerate() {
            let again = self.devices[..index].iter().any(|other| other.name == device.name);
            if !plain(&device.name) || again {
                return Err(format!(
                    "device name `{}`: expected letters, digits, -, each name once",
                    device.name
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_read_and_mistakes_are_named() {
        let full = StudyPreset::read("full").unwrap();
        // What is to be shown: a curve of at least five widths, three seeds, two devices, twenty targets.
        assert!(
            full.widths.len() >= 5 && full.seeds.len() >= 3 && full.devices.len() >= 2 && full.targets >= 20
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        let text = BUILT_IN[1].1;
        for (from, to, named) in [
            ("version = 1", "version = 2", "version 2"),
            ("jobs = 2", "job = 2", "job"),
            ("[0.35, 0.5, 0.75, 1.0, 1.4]", "[0.5, 0.75]", "1 among them"),
            ("emulated-b", "emulated-a", "each name once"),
            ("targets = 3", "targets = 1", "`targets`"),
            ("target_of_baseline = 0.7", "target_of_baseline = -0.7", "-0.7"),
        ] {
            assert!(text.contains(from));
            std::fs::write(&path, text.replace(from, to)).unwrap();
            let error = StudyPreset::read(path.to_str().unwrap()).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("mine.toml"), "{error}");
        }
        assert!(StudyPreset::read("no-such-preset").unwrap_err().is_input());
    }
}
