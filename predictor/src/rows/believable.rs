//! Which ops measured inside of networks are what they say: a runtime's notes are of its own nodes, and where it computes a layer
//! in a node that bears another one's name, one row has too little time and the other too much.

use std::collections::BTreeMap;

use super::sample::Sample;

/// What takes less than this is hardly more than the step of a runtime's notes.
const SHORT_MS: f64 = 0.002;
/// The least that an op is taken for, where all of its kind are short.
const LEAST_MS: f64 = 0.001;
/// Ops of a kind that are enough without the short ones.
const ENOUGH: usize = 20;
/// How many times the pace that three quarters of a kind stay below cannot be.
const TOO_FAST: f64 = 2.5;
/// Fewer multiply-accumulates say nothing of a pace.
const FEWEST_MACS: f64 = 1e4;

/// The samples without those that cannot be: faster than their kind, or too short to tell where there are enough others.
pub(crate) fn believable(samples: Vec<Sample>) -> Vec<Sample> {
    let mut by_kind: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        by_kind.entry(sample.kind.clone()).or_default().push(sample);
    }
    let mut kept: Vec<Sample> = by_kind.into_values().flat_map(of_kind).collect();
    kept.sort_by(|a, b| a.key.cmp(&b.key));
    kept
}

/// Multiply-accumulates per millisecond; nothing for ops that hardly multiply.
fn pace(sample: &Sample) -> Option<f64> {
    let macs = sample.features.sizes[6].exp();
    (macs >= FEWEST_MACS).then(|| macs / sample.latency_ms)
}

fn of_kind(mut samples: Vec<Sample>) -> Vec<Sample> {
    let long = samples.iter().filter(|sample| sample.latency_ms >= SHORT_MS).count();
    if long >= ENOUGH {
        samples.retain(|sample| sample.latency_ms >= SHORT_MS);
    }
    samples.iter_mut().for_each(|sample| sample.latency_ms = sample.latency_ms.max(LEAST_MS));
    let mut paces: Vec<f64> = samples.iter().filter_map(pace).collect();
    paces.sort_by(f64::total_cmp);
    if let Some(usual) = paces.get(3 * paces.len() / 4).filter(|_| paces.len() >= ENOUGH) {
        samples.retain(|sample| pace(sample).is_none_or(|pace| pace <= TOO_FAST * usual));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_fast_or_too_short_is_left_out() {
        // 40 convolutions at about 10 million multiply-accumulates per millisecond; one ran in another's name, one hardly ran.
        let sample = |channels: u32, times: f64| {
            let key = format!("conv@conv-14x14x{channels}-14x14x64-k3-s1-g1");
            let macs = f64::from(channels * 14 * 14 * 64 * 9);
            Sample::of(key.parse().unwrap(), times * macs / 1e7, 0.01)
        };
        let mut samples: Vec<Sample> = (1..=40).map(|channels| sample(channels, 1.0)).collect();
        samples.extend([sample(50, 0.1), sample(51, 1e-6)]);
        let kept = believable(samples);
        assert_eq!(kept.len(), 40);
        assert!(kept.iter().all(|sample| !sample.key.contains("x50-") && !sample.key.contains("x51-")));
        // Where all are short, they are what there is.
        let short: Vec<Sample> = (1..=5).map(|channels| sample(channels, 1e-6)).collect();
        assert!(believable(short).iter().all(|sample| sample.latency_ms == LEAST_MS));
    }
}
