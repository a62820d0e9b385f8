//! What was measured of a zoo's networks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use profiler::record::Level;

use super::machine::{Machine, Normalization};
use super::scorecard::{Entry, Layers};
use crate::cli::Leniency;
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::rows::{Measurements, Mixing};
use crate::work::OpEntry;

/// Rows of networks by their subjects.
#[derive(Default)]
pub(super) struct Measured {
    networks: BTreeMap<String, Vec<Network>>,
    /// The machine in each table's session.
    machine: Vec<Machine>,
}

/// A row of a network, and what was measured of its layers.
struct Network {
    table: String,
    ms: f64,
    is_fitted: bool,
    /// Keys, how often each stands, and milliseconds of one.
    layers: Vec<(String, usize, f64)>,
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
            measured.take(table, &found, model, machine.divisor());
            measured.machine.push(machine);
        }
        Ok(measured)
    }

    fn take(&mut self, table: &Path, found: &Measurements, model: &LatencyModel, divide_by: f64) {
        let cache = model.in_place().map_or(model.networks().cache, |(_, networks)| networks.cache);
        for row in found.rows.iter().filter(|row| row.level == Level::Network && row.cache == cache) {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            row.op_keys().into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
            let mut layers = Vec::new();
            for (key, count) in counts {
                let repeats = found.repeats.get(&row.session).and_then(|of_session| of_session.get(key));
                let own = repeats.into_iter().flatten();
                let own = own.filter(|repeat| repeat.group.as_deref() == Some(row.subject.as_str()));
                layers.extend(own.map(|repeat| (key.to_owned(), count, repeat.latency_ms / divide_by)));
            }
            self.networks.entry(row.subject.clone()).or_default().push(Network {
                table: table.display().to_string(),
                ms: row.latency_ms / divide_by,
                is_fitted: model.provenance().fitted.contains(row),
                layers,
            });
        }
    }

    /// The machine in each table's session.
    pub(super) fn machine(&self) -> &[Machine] {
        &self.machine
    }

    /// Puts what was measured of a network beside its prediction, or why nothing is known to be of it. `key` is what the profiler's
    /// tables call it; other tables call it by its name.
    pub(super) fn put_beside(&self, model: &LatencyModel, key: &str, entry: &mut Entry) {
        if self.machine.is_empty() {
            return;
        }
        match self.of(key, &entry.network) {
            Ok(network) => {
                entry.measured_ms = Some(network.ms);
                entry.is_fitted = network.is_fitted;
                entry.layers = (!network.layers.is_empty()).then(|| network.layers(model));
            }
            Err(reason) => entry.unmatched = Some(reason),
        }
    }

    /// The only row of a network.
    fn of(&self, key: &str, name: &str) -> Result<&Network, String> {
        let called = |(subject, _): &(&String, &Vec<Network>)| [key, name].contains(&subject.as_str());
        let rows: Vec<(&str, &Network)> = self
            .networks
            .iter()
            .filter(called)
            .flat_map(|(subject, rows)| rows.iter().map(|row| (subject.as_str(), row)))
            .collect();
        match rows[..] {
            [(_, only)] => Ok(only),
            [] => Err(format!("no table has a row `{key}`{}", self.near(key))),
            _ => {
                let rows = rows.iter().map(|(subject, row)| format!("`{subject}` of {}", row.table));
                let rows = rows.collect::<Vec<_>>().join(" and ");
                Err(format!("{rows} may each be its measurement: give one"))
            }
        }
    }

    /// What there is instead of a model's key: the same file with other sizes and values of its inputs.
    fn near(&self, key: &str) -> String {
        let file = file_of(key);
        let near = self.networks.keys().filter(|subject| file.is_some() && file_of(subject) == file);
        match near.map(|subject| format!("`{subject}`")).collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => none,
            near => {
                format!("; there is {near}: give the sizes and values of inputs that it was measured with")
            }
        }
    }
}

/// What the keys of other tools' files begin with.
const FORMATS: [&str; 2] = ["onnx-", "tflite-"];

/// Whether a key is of another tool's file, so that it says no more than the file's name.
pub(super) fn is_foreign(key: &str) -> bool {
    FORMATS.iter().any(|format| key.starts_with(format))
}

/// Of `onnx-net-1x3x224x224` what names the file: `onnx-`, `net`.
fn file_of(key: &str) -> Option<(&str, &str)> {
    let (format, rest) = FORMATS.iter().find_map(|format| Some((*format, key.strip_prefix(format)?)))?;
    Some((format, rest.split('-').next()?))
}

impl Network {
    fn layers(&self, model: &LatencyModel) -> Layers {
        let mut sums = Layers::default();
        for (key, count, ms) in &self.layers {
            let op = key.parse::<OpEntry>().ok();
            let estimate = op.and_then(|op| model.estimate_keyed(&op).ok());
            sums.add(key, *count, *ms, estimate.map(|estimate| estimate.combined.ms));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rows: &[(&str, &str)]) -> Measured {
        let mut networks: BTreeMap<String, Vec<Network>> = BTreeMap::new();
        for (place, (subject, table)) in rows.iter().enumerate() {
            networks.entry((*subject).to_owned()).or_default().push(Network {
                table: (*table).to_owned(),
                ms: place as f64,
                is_fitted: false,
                layers: Vec::new(),
            });
        }
        Measured { networks, machine: Vec::new() }
    }

    /// The row taken of a network, or why none is.
    fn of(rows: &[(&str, &str)], key: &str, name: &str) -> Result<f64, String> {
        measured(rows).of(key, name).map(|network| network.ms)
    }

    #[test]
    fn a_row_is_a_networks_by_its_whole_key_or_its_name() {
        let rows = [
            ("onnx-resnet-50", "a.csv"),
            ("onnx-resnet_50", "a.csv"),
            ("onnx-vad-1x576-sr_16000", "a.csv"),
            ("net-0123456789ab", "a.csv"),
            ("mobile", "a.csv"),
            ("tflite-face", "a.csv"),
            ("tflite-pose-x_1", "a.csv"),
        ];
        assert_eq!(of(&rows, "onnx-resnet_50", "resnet-50"), Ok(1.0));
        assert_eq!(of(&rows, "onnx-vad-1x576-sr_16000", "vad"), Ok(2.0));
        assert_eq!(of(&rows, "net-0123456789ab", "exported"), Ok(3.0));
        assert_eq!(of(&rows, "onnx-mobile", "mobile"), Ok(4.0));
        assert_eq!(of(&rows, "tflite-face", "face"), Ok(5.0));
        // Another file of that name is another network.
        assert_eq!(of(&rows, "onnx-face", "face").unwrap_err(), "no table has a row `onnx-face`");
        let error = of(&rows, "tflite-pose", "pose").unwrap_err();
        assert!(error.contains("no table has a row `tflite-pose`; there is `tflite-pose-x_1`"), "{error}");
        // Of sizes that are not given nothing is taken, but what there is is named.
        let error = of(&rows, "onnx-resnet", "resnet").unwrap_err();
        assert!(error.contains("no table has a row `onnx-resnet`; there is `onnx-resnet-50`"), "{error}");
        assert!(!error.contains("resnet_50"), "{error}");
        let error = of(&rows, "onnx-vad-1x512-sr_16000", "vad").unwrap_err();
        assert!(error.contains("`onnx-vad-1x512-sr_16000`; there is `onnx-vad-1x576-sr_16000`"), "{error}");
        assert_eq!(of(&rows, "net-ba9876543210", "x").unwrap_err(), "no table has a row `net-ba9876543210`");
    }

    #[test]
    fn of_several_rows_that_may_be_a_networks_none_is_taken() {
        let error = of(&[("onnx-a", "1.csv"), ("onnx-a", "2.csv")], "onnx-a", "a").unwrap_err();
        assert_eq!(error, "`onnx-a` of 1.csv and `onnx-a` of 2.csv may each be its measurement: give one");
        assert!(of(&[("onnx-a", "1.csv"), ("a", "1.csv")], "onnx-a", "a").is_err());
    }
}
