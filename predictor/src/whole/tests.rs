//! Devices by laws of physical amounts.

use profiler::spec::SpaceFile;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;

/// Shares of calls, macs, elements of small maps, weights, and groups of convolutions, each in its mean.
fn law(network: &WholeNetwork, mean: &[f64], shares: [f64; 5]) -> f64 {
    network.amounts.iter().zip(mean).zip(shares).map(|((amount, mean), share)| share * amount / mean).sum()
}

fn samples(networks: &[WholeNetwork], shares: [f64; 5]) -> Vec<WholeSample> {
    let n = networks.len() as f64;
    let mean: Vec<f64> =
        (0..5).map(|j| networks.iter().map(|network| network.amounts[j]).sum::<f64>() / n).collect();
    let sample = |network: &WholeNetwork| {
        let latency_ms = law(network, &mean, shares);
        WholeSample { network: network.clone(), latency_ms }
    };
    networks.iter().map(sample).collect()
}

/// Worst ratio of predicted and true latency.
fn worst(model: &WholeModel, samples: &[WholeSample]) -> f64 {
    let off =
        |sample: &WholeSample| (model.predict(&sample.network).unwrap().ms / sample.latency_ms).ln().abs();
    samples.iter().map(off).fold(0.0, f64::max)
}

fn transfers(space: Space, networks: &[WholeNetwork]) {
    let law = |shares| samples(networks, shares);
    // Two processors; the new device is unlike both, but of the same amounts.
    let known = [[1.0, 2.0, 3.0, 1.0, 1.0], [0.5, 4.0, 2.0, 0.5, 2.0]].map(|shares| {
        let model = WholeModel::fit(space, &law(shares)).unwrap();
        assert!(worst(&model, &law(shares)) < 0.01);
        model
    });
    let known: Vec<&WholeModel> = known.iter().collect();
    let new = law([30.0, 1.0, 1.0, 0.0, 0.0]);
    let chosen = suggest_networks(&known, networks, 12, 1.0).unwrap();
    assert!(chosen.windows(2).all(|pair| pair[1].left < pair[0].left && pair[0].index != pair[1].index));
    let few: Vec<WholeSample> = chosen.iter().map(|s| new[s.index].clone()).collect();
    let model = WholeModel::transferred(&known, &few).unwrap();
    assert!(worst(&model, &new) < 0.05, "{}", worst(&model, &new));
    assert!(worst(known[0], &new) > 1.0, "a known device would be as good");
}

#[test]
fn a_device_unlike_known_ones_is_found_by_its_amounts() {
    let mut generator = Pcg64::seed_from_u64(3);
    let networks: Vec<WholeNetwork> =
        (0..200).map(|_| WholeNetwork::fbnet(&FbNet::random(&mut generator))).collect();
    transfers(Space::FbNet, &networks);
}

#[test]
fn networks_of_any_space_file_are_transferred_alike() {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let mut generator = Pcg64::seed_from_u64(4);
    let mut network = |_| {
        let choices = space.random_choices(&mut generator);
        WholeNetwork::of_ops(&space.network("drawn", &choices).unwrap())
    };
    let networks: Vec<WholeNetwork> = (0..200).map(&mut network).collect();
    transfers(Space::Ops, &networks);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut generator = Pcg64::seed_from_u64(5);
    let networks: Vec<WholeNetwork> =
        (0..30).map(|_| WholeNetwork::fbnet(&FbNet::random(&mut generator))).collect();
    let samples = samples(&networks, [1.0; 5]);
    let known = WholeModel::fit(Space::FbNet, &samples).unwrap();
    let mut other = known.clone();
    other.space = Space::Ops;
    let error = WholeModel::transferred(&[&known, &other], &samples).unwrap_err().to_string();
    assert!(error.contains("several spaces"), "{error}");
    assert!(WholeModel::transferred(&[], &samples).is_err());
    assert!(WholeModel::transferred(&[&known], &[]).is_err());
    assert!(WholeModel::fit(Space::FbNet, &samples[..9]).unwrap_err().to_string().contains("9 networks"));
}
