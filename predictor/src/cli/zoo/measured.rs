//! What was measured of a zoo's networks.

use std::{collections::BTreeMap, path::PathBuf};

use profiler::record::Level;

use super::machine::{Machine, Normalization};
use super::scorecard::{Entry, Layers};
use crate::cli::Leniency;
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::rows::{Measurements, Mixing};
use crate::work::OpEntry;

/// Rows of networks and of their layers by the network's subject.
#[derive(Default)]
pub(super) struct Measured {
    networks: BTreeMap<String, f64>,
    fitted: Vec<String>,
    /// Keys, how often each stands, and milliseconds of one.
    layers: BTreeMap<String, Vec<(String, usize, f64)>>,
    /// The machine in each table's session.
    machine: Vec<Machine>,
}

impl Measured {
    /// Reads tables measured under the model's conditions.
    ///
    /// # Errors
    /// As [`Measurements::read_at`] and [`Machine::of`]; [`PredictorError::OtherConditions`] for tables measured elsewhere, unless that is
    /// allowed.
    pub(super) fn read(
        tables: &[PathBuf],
        model: &LatencyModel,
        leniency: &Leniency,
        normalization: Normalization,
    ) -> Result<Self, PredictorError> {
        let mut measured = Self::default();
        for table in tables {
            let speed = leniency.speed.or(model.speed());
            let found = Measurements::read_at(
                std::slice::from_ref(table),
                leniency.mixing(),
                leniency.emulation(),
                speed,
            )?;
            if leniency.mixing() == Mixing::Refuse
                && let Some(difference) = model.conditions().difference(&found.conditions)
            {
                return Err(PredictorError::OtherConditions { table: table.clone(), difference });
            }
            let machine = Machine::of(table, &found, model, normalization)?;
            measured.take(&found, model, machine.divisor());
            measured.machine.push(machine);
        }
        Ok(measured)
    }

    fn take(&mut self, found: &Measurements, model: &LatencyModel, divide_by: f64) {
        let cache = model.in_place().map_or(model.networks().cache, |(_, networks)| networks.cache);
        for row in found.rows.iter().filter(|row| row.level == Level::Network && row.cache == cache) {
            self.networks.insert(row.subject.clone(), row.latency_ms / divide_by);
            if model.provenance().fitted.contains(row) {
                self.fitted.push(row.subject.clone());
            }
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            row.op_keys().into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
            for (key, count) in counts {
                let repeats = found.repeats.get(&row.session).and_then(|of_session| of_session.get(key));
                let own = repeats.into_iter().flatten();
                let own = own.filter(|repeat| repeat.group.as_deref() == Some(row.subject.as_str()));
                let layers = own.map(|repeat| (key.to_owned(), count, repeat.latency_ms / divide_by));
                self.layers.entry(row.subject.clone()).or_default().extend(layers);
            }
        }
    }

    /// The machine in each table's session.
    pub(super) fn machine(&self) -> &[Machine] {
        &self.machine
    }

    /// Puts what was measured of a network beside its prediction.
    pub(super) fn put_beside(&self, model: &LatencyModel, entry: &mut Entry) {
        let Some((subject, ms)) = self.networks.iter().find(|(subject, _)| is_of(subject, &entry.network))
        else {
            return;
        };
        entry.measured_ms = Some(*ms);
        entry.is_fitted = self.fitted.contains(subject);
        entry.layers = self.layers.get(subject).map(|layers| {
            let mut sums = Layers::default();
            for (key, count, ms) in layers {
                let op = key.parse::<OpEntry>().ok();
                let estimate = op.and_then(|op| model.estimate_keyed(&op).ok());
                sums.add(key, *count, *ms, estimate.map(|estimate| estimate.combined.ms));
            }
            sums
        });
    }
}

/// Whether a subject is the network of a file of this name: the name itself, or as the profiler calls it, `onnx-` or `tflite-` and the name,
/// and then perhaps the sizes and values of its inputs.
fn is_of(subject: &str, name: &str) -> bool {
    let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
    let name: String = name.chars().map(clean).collect();
    let rest = |text: &str| text.strip_prefix(&name).map(str::to_owned);
    let rest = subject.strip_prefix("onnx-").or_else(|| subject.strip_prefix("tflite-")).and_then(rest);
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_size = |word: &str| {
        word.split('x').all(is_number) || word.rsplit_once('_').is_some_and(|(_, value)| is_number(value))
    };
    subject.chars().map(clean).eq(name.chars())
        || rest.is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with('-') && rest[1..].split('-').all(is_size))
        })
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn networks_are_found_by_their_files_names() {
        for (subject, name, expected) in [
            ("resnet18", "resnet18", true),
            ("onnx-torchvision_resnet18", "torchvision-resnet18", true),
            ("onnx-my_net_-1x3x224x224", "my net!", true),
            ("onnx-vad-1x576-2x1x128", "vad", true),
            ("onnx-vad-1x576-sr_16000", "vad", true),
            ("onnx-net-x_0.5__1_2", "net", true),
            ("tflite-face_landmark", "face_landmark", true),
            ("onnx-resnet18", "resnet1", false),
            ("onnx-vad-16k", "vad", false),
            ("resnet", "resnet18", false),
        ] {
            assert_eq!(is_of(subject, name), expected, "{subject}, {name}");
        }
    }
}
