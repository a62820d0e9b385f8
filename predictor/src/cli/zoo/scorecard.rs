//! What predictions of many networks are worth beside their measurements.

use profiler::measure::upper_median;
use serde::Serialize;

/// How far off a network counts as right.
const NEAR: f64 = 0.10;
/// How far off a layer counts as right.
const LAYER_NEAR: f64 = 0.20;
/// Networks that are named as the worst.
const NAMED: usize = 5;

/// A network of a zoo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Entry {
    /// Its file's name without the ending.
    pub(super) network: String,
    /// What was measured of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) measured_ms: Option<f64>,
    /// Why nothing is known to be measured of it, where there are tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unmatched: Option<String>,
    /// What is predicted; nothing where there is no answer.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) predicted: Option<Predicted>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
    /// Whether ops had to be guessed at; why then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guessed: Option<String>,
    /// Whether the model was fitted on it.
    pub(super) is_fitted: bool,
    /// Its layers, where they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layers: Option<Layers>,
}

/// A predicted latency with its 90 % interval, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Predicted {
    pub(super) latency_ms: f64,
    pub(super) low_ms: f64,
    pub(super) high_ms: f64,
}

/// Layers of a network: what they take in all, and those of them that are predicted well.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Layers {
    pub(super) total_ms: f64,
    pub(super) near_ms: f64,
    each: Vec<Layer>,
}

/// A layer, or several that are the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Layer {
    op: String,
    count: usize,
    measured_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_ms: Option<f64>,
}

impl Layers {
    /// Adds `count` layers of the same measured and predicted milliseconds.
    pub(super) fn add(&mut self, op: &str, count: usize, measured_ms: f64, predicted_ms: Option<f64>) {
        let all_ms = count as f64 * measured_ms;
        self.total_ms += all_ms;
        let is_near = |ms: f64| (ms / measured_ms - 1.0).abs() <= LAYER_NEAR;
        self.near_ms += if predicted_ms.is_some_and(is_near) { all_ms } else { 0.0 };
        self.each.push(Layer { op: op.to_owned(), count, measured_ms, predicted_ms });
    }
}

impl Entry {
    /// Predicted over measured, less one.
    pub(super) fn error(&self) -> Option<f64> {
        Some(self.predicted?.latency_ms / self.measured_ms? - 1.0)
    }
}

/// Figures over networks that are predicted and measured; shares and errors are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// How many they are.
    pub(super) networks: usize,
    /// Mean of |predicted - measured| / measured.
    pub(super) mean_error: f64,
    /// Its middle.
    pub(super) median_error: f64,
    /// Share within ±10 %.
    pub(super) within_10: f64,
    /// Share of measurements inside of their 90 % interval.
    pub(super) coverage_90: f64,
    /// Middle of (high - low) / predicted.
    pub(super) median_width_90: f64,
    /// Share of what the layers take that is in layers predicted within ±20 %, mean over networks; nothing where none were
    /// measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layers_within_20: Option<f64>,
    /// Those furthest off, with their errors.
    pub(super) worst: Vec<(String, f64)>,
}

/// How good a model is at a zoo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Scorecard {
    /// Files of networks.
    pub(super) networks: usize,
    /// Those that there is an answer for.
    pub(super) answered: usize,
    /// Those of them without a guess.
    pub(super) without_guess: usize,
    /// Those that the model was fitted on, which no figure is of.
    pub(super) fitted: usize,
    /// Of those answered without a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) figures: Option<Figures>,
    /// Of all that are answered, where some are guesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) with_guesses: Option<Figures>,
}

impl Scorecard {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let answered: Vec<&Entry> = entries.iter().filter(|entry| entry.predicted.is_some()).collect();
        let sure: Vec<&Entry> = answered.iter().copied().filter(|entry| entry.guessed.is_none()).collect();
        let is_guess = sure.len() < answered.len();
        Self {
            networks: entries.len(),
            answered: answered.len(),
            without_guess: sure.len(),
            fitted: entries.iter().filter(|entry| entry.is_fitted).count(),
            figures: Figures::of(&sure),
            with_guesses: if is_guess { Figures::of(&answered) } else { None },
        }
    }
}

impl Figures {
    /// Over those of the entries that are measured and that the model was not fitted on; nothing where there are none.
    fn of(entries: &[&Entry]) -> Option<Self> {
        let scored = entries
            .iter()
            .filter(|entry| !entry.is_fitted)
            .filter_map(|entry| Some((*entry, entry.predicted?, entry.measured_ms?, entry.error()?)));
        let scored: Vec<(&Entry, Predicted, f64, f64)> = scored.collect();
        let n = scored.len() as f64;
        let sizes: Vec<f64> = scored.iter().map(|(_, _, _, error)| error.abs()).collect();
        let widths: Vec<f64> =
            scored.iter().map(|(_, p, _, _)| (p.high_ms - p.low_ms) / p.latency_ms).collect();
        let share = |count: usize| count as f64 / n;
        let is_inside =
            |(_, p, measured, _): &&(&Entry, Predicted, f64, f64)| (p.low_ms..=p.high_ms).contains(measured);
        let layers: Vec<f64> = scored
            .iter()
            .filter_map(|(entry, ..)| entry.layers.as_ref().filter(|layers| layers.total_ms > 0.0))
            .map(|layers| layers.near_ms / layers.total_ms)
            .collect();
        let mut worst: Vec<(String, f64)> =
            scored.iter().map(|(entry, _, _, error)| (entry.network.clone(), *error)).collect();
        worst.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        worst.truncate(NAMED);
        Some(Self {
            networks: scored.len(),
            mean_error: sizes.iter().sum::<f64>() / n,
            median_error: upper_median(&sizes)?,
            within_10: share(sizes.iter().filter(|size| **size <= NEAR).count()),
            coverage_90: share(scored.iter().filter(is_inside).count()),
            median_width_90: upper_median(&widths)?,
            layers_within_20: (!layers.is_empty()).then(|| layers.iter().sum::<f64>() / layers.len() as f64),
            worst,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(network: &str, measured_ms: f64, latency_ms: f64) -> Entry {
        let predicted = Predicted { latency_ms, low_ms: 0.9 * latency_ms, high_ms: 1.1 * latency_ms };
        Entry {
            network: network.to_owned(),
            measured_ms: Some(measured_ms),
            unmatched: None,
            predicted: Some(predicted),
            failed: None,
            guessed: None,
            is_fitted: false,
            layers: None,
        }
    }

    #[test]
    fn figures_match_a_hand_count() {
        // Off by +5, -20 and +10 %; intervals of ±10 % hold the first and the third (10 / 11 = 0.909 is above 0.9).
        let mut layers = Layers::default();
        layers.add("a", 2, 1.5, Some(1.75));
        layers.add("b", 1, 1.0, Some(1.3));
        layers.add("c", 1, 1.0, None);
        let entries = [
            Entry { layers: Some(layers), ..entry("a", 1.0, 1.05) },
            entry("b", 10.0, 8.0),
            entry("c", 10.0, 11.0),
            Entry { guessed: Some("x".to_owned()), ..entry("d", 1.0, 2.0) },
            Entry { is_fitted: true, ..entry("e", 1.0, 9.0) },
            Entry { predicted: None, failed: Some("no".to_owned()), ..entry("f", 1.0, 1.0) },
        ];
        let card = Scorecard::of(&entries);
        assert_eq!((card.networks, card.answered, card.without_guess, card.fitted), (6, 5, 4, 1));
        let figures = card.figures.unwrap();
        assert_eq!(figures.networks, 3);
        assert!((figures.mean_error - 0.35 / 3.0).abs() < 1e-12, "{figures:?}");
        assert!((figures.median_error - 0.1).abs() < 1e-12 && (figures.median_width_90 - 0.2).abs() < 1e-12);
        assert!((figures.coverage_90 - 2.0 / 3.0).abs() < 1e-12, "{figures:?}");
        // 3 of 5 ms: 1.75 is 17 % off, 1.3 is 30 % off.
        assert!((figures.layers_within_20.unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(figures.worst[0].0, "b");
        assert_eq!(card.with_guesses.unwrap().networks, 4);
        assert_eq!(Scorecard::of(&entries[5..]).figures, None);
    }
}
