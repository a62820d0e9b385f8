//! A network made narrower, or wider, until its latency is what it may be.

use std::ops::RangeInclusive;

use predictor::{Prediction, PredictorError};
use profiler::spec::{Architecture, SpaceFile};

use crate::{error::SearchError, latency::normal_quantile};

/// Width multipliers that are tried, in hundredths.
const WIDTHS: RangeInclusive<u32> = 5..=200;

/// The latency that a rescaled network may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) target_ms: f64,
    /// Largest probability of being slower; without one the predicted latency must be at most the target.
    pub(crate) risk: Option<f64>,
}

impl Limit {
    /// The largest predicted latency, in milliseconds, with which a network as well known as this one is fast enough.
    ///
    /// With a risk latencies are taken as log-normal, as in [`crate::latency::Budget`].
    pub(crate) fn limit_ms(&self, prediction: &Prediction) -> f64 {
        let Some(risk) = self.risk else { return self.target_ms };
        let log_width = (prediction.high.ms() / prediction.low.ms()).ln();
        let deviation = log_width / (2.0 * normal_quantile(0.95));
        self.target_ms * (normal_quantile(risk) * deviation).exp()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rescaled {
    pub(crate) width: f64,
    pub(crate) network: Architecture,
    pub(crate) predicted_ms: f64,
    pub(crate) limit_ms: f64,
}

/// The network of these choices with the largest width multiplier, of 0.05 to 2 in steps of 0.01, that is predicted to be
/// fast enough.
///
/// Channels are rounded as by [`SpaceFile::with_width`]. Latency need not grow with every step of the width: the largest
/// multiplier is taken even if there is a smaller one that is not fast enough.
/// Source: ProxylessNAS, §4, arXiv:1812.00332 (there 0.75, from 158 to 83 ms).
pub(crate) fn rescale(
    space: &SpaceFile,
    choices: &[usize],
    limit: Limit,
    predict: impl Fn(&Architecture) -> Result<Prediction, PredictorError>,
) -> Result<Rescaled, SearchError> {
    let mut fastest = (f64::INFINITY, 0.0);
    for hundredths in WIDTHS.rev() {
        let width = f64::from(hundredths) / 100.0;
        // At 1 nothing is rounded either.
        let scaled = if hundredths == 100 { space.clone() } else { space.clone().with_width(width) };
        let network = scaled.resolve()?.network(&format!("width-{width}"), choices)?;
        let prediction = predict(&network)?;
        let (predicted_ms, limit_ms) = (prediction.latency.ms(), limit.limit_ms(&prediction));
        if predicted_ms <= limit_ms {
            return Ok(Rescaled { width, network, predicted_ms, limit_ms });
        }
        if predicted_ms < fastest.0 {
            fastest = (predicted_ms, width);
        }
    }
    let (fastest_ms, width) = fastest;
    Err(SearchError::Width { target_ms: limit.target_ms, fastest_ms, width })
}

/// As [`rescale`], but of the width that makes the network fastest where none is fast enough.
pub(crate) fn rescale_or_fastest(
    space: &SpaceFile,
    choices: &[usize],
    limit: Limit,
    predict: impl Fn(&Architecture) -> Result<Prediction, PredictorError>,
) -> Result<Rescaled, SearchError> {
    match rescale(space, choices, limit, &predict) {
        Err(SearchError::Width { fastest_ms, .. }) => {
            rescale(space, choices, Limit { target_ms: fastest_ms, risk: None }, predict)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler::spec::Latency;

    /// A millisecond per channel that goes into the head, within a factor of 2 in 90 of 100 cases.
    fn by_channels(network: &Architecture) -> Result<Prediction, PredictorError> {
        let ms = |ms| Latency::from_ms(ms).unwrap();
        let head = &network.ops()[network.ops().len() - 3];
        let channels = f64::from(head.input().channels);
        let (latency, low, high) = (ms(channels), ms(channels / 2.0), ms(2.0 * channels));
        Ok(Prediction { latency, low, high, flags: Vec::new() })
    }

    /// A network of the small space: stem 16, first 8, stages of 16, 24 and 48 channels.
    fn rescaled(target_ms: f64, risk: Option<f64>) -> Result<Rescaled, SearchError> {
        let space = SpaceFile::built_in("proxylessnas-small").unwrap();
        rescale(&space, &[0; 9], Limit { target_ms, risk }, by_channels)
    }

    #[test]
    fn the_widest_network_that_is_fast_enough() {
        let found = |target_ms| rescaled(target_ms, None).map(|one| (one.width, one.predicted_ms)).unwrap();
        // To 8: 48 · 0.91 = 43.68 is 40, 48 · 0.92 = 44.16 is 48; 48 · 1.08 = 51.84 is 48, 48 · 1.24 = 59.52 is 56.
        // 48 · 0.37 = 17.76 is 16; 48 · 0.38 = 18.24 is 24, as 16 would be less than nine tenths of it.
        assert_eq!(found(47.9), (0.91, 40.0));
        assert_eq!(found(48.0), (1.08, 48.0));
        assert_eq!(found(56.0), (1.24, 56.0));
        assert_eq!(found(16.0), (0.37, 16.0));
        assert_eq!(found(1e6).0, 2.0);
        // Between 0.92 and 1.08 the blocks are the space's own.
        let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
        let own = space.network("own", &[0; 9]).unwrap();
        assert_eq!(rescaled(48.0, None).unwrap().network.ops()[..11], own.ops()[..11]);
    }

    #[test]
    fn what_is_too_slow_at_every_width_is_an_error() {
        let error = rescaled(7.9, None).unwrap_err();
        assert!(error.is_input());
        let text = error.to_string();
        assert!(text.contains("7.9 ms") && text.contains("8.0000 ms"), "{text}");
        // Or the fastest is taken: 48 · 0.18 = 8.64 is 8; 48 · 0.19 = 9.12 is 16, as 8 would be less than nine tenths of it.
        let space = SpaceFile::built_in("proxylessnas-small").unwrap();
        let found = |target_ms| {
            let limit = Limit { target_ms, risk: None };
            rescale_or_fastest(&space, &[0; 9], limit, by_channels).map(|one| (one.width, one.predicted_ms))
        };
        assert_eq!(found(7.9).unwrap(), (0.18, 8.0));
        assert_eq!(found(47.9).unwrap(), (0.91, 40.0));
    }

    #[test]
    fn a_risk_leaves_room_for_the_interval() {
        // The interval goes 1.645 deviations up: for a risk of 5 % the factor of 2 must fit in.
        let found = rescaled(2.0 * 40.0 + 1e-6, Some(0.05)).unwrap();
        assert_eq!(found.predicted_ms, 40.0);
        assert!((found.limit_ms - 40.0).abs() < 1e-3, "{found:?}");
        assert_eq!(rescaled(2.0 * 40.0 - 1e-3, Some(0.05)).unwrap().predicted_ms, 32.0);
    }
}
