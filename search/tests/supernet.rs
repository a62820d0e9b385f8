//! One path of a supernet is the plain network, and learns alone.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::collections::BTreeMap;

use search::module::{GraphModule, Mode, Network, Parameter};
use search::sgd::Sgd;
use search::supernet::Supernet;
use tch::Tensor;

const CHOICES: [usize; 4] = [1, 4, 2, 3];

/// Every tensor of a supernet by name: values, momenta and running statistics.
fn snapshot(supernet: &Supernet) -> BTreeMap<String, Tensor> {
    let mut all = BTreeMap::new();
    for (module, graph) in supernet.modules() {
        for (name, Parameter { value, momentum, .. }) in graph.parameters() {
            all.insert(format!("{module}.{name}"), value.detach().copy());
            all.insert(format!("{module}.{name}.momentum"), momentum.copy());
        }
        for (name, tensor) in graph.statistics() {
            all.insert(format!("{module}.{name}"), tensor.copy());
        }
    }
    all
}

fn with_batch<T>(run: impl FnOnce(&search::data::Batch) -> T) -> T {
    run(&support::batches(&support::images().train, 16).batch(0).unwrap())
}

#[test]
fn only_the_sampled_path_changes_momentum_and_statistics_included() {
    let mut supernet = support::supernet(3);
    let before = snapshot(&supernet);
    let sgd = Sgd { weight_decay: 0.5, ..support::WEIGHTS };
    with_batch(|batch| sgd.step(&mut supernet.path(&CHOICES), batch, 0.1)).unwrap();
    let after = snapshot(&supernet);
    let chosen: Vec<String> =
        CHOICES.iter().enumerate().map(|(block, choice)| format!("block{block}.{choice}.")).collect();
    for (name, old) in &before {
        let on_path = name.starts_with("before.")
            || name.starts_with("after.")
            || chosen.iter().any(|c| name.starts_with(c.as_str()));
        // Scales and shifts before another normalization hardly matter: their change may be lost in rounding.
        if !on_path || !(name.ends_with("scale") || name.ends_with("shift")) {
            assert_eq!(*old != after[name], on_path, "{name}");
        }
    }
}

#[test]
fn a_path_computes_and_learns_what_the_plain_network_does() {
    let mut supernet = support::supernet(3);
    let network = support::space().network("plain", &CHOICES).unwrap();
    let mut plain = support::module(network.graph(), 4);
    // The plain network gets the path's weights: its nodes are those of the path's ops, one after the other.
    let mut parts: Vec<&GraphModule> = Vec::new();
    let all: Vec<_> = supernet.modules().collect();
    let part = |name: &str| all.iter().find(|(found, _)| found == name).map(|(_, module)| *module);
    parts.extend(part("before"));
    for (block, choice) in CHOICES.iter().enumerate() {
        parts.extend(part(&format!("block{block}.{choice}")));
    }
    parts.extend(part("after"));
    let values: Vec<Tensor> =
        parts.iter().flat_map(|part| part.parameters().map(|(_, p)| p.value.detach().copy())).collect();
    drop(all);
    assert_eq!(plain.parameters().count(), values.len());
    for ((_, parameter), value) in plain.parameters().zip(&values) {
        tch::no_grad(|| parameter.value.shallow_clone().copy_(value));
    }
    with_batch(|batch| {
        let path_logits = supernet.path(&CHOICES).forward(&batch.images, Mode::Probe).unwrap();
        assert_eq!(path_logits, plain.forward(&batch.images, Mode::Probe).unwrap());
        assert_eq!(path_logits.size(), [16, 3]);
        for _ in 0..3 {
            let loss = support::WEIGHTS.step(&mut supernet.path(&CHOICES), batch, 0.1).unwrap();
            assert_eq!(loss, support::WEIGHTS.step(&mut plain, batch, 0.1).unwrap());
        }
        let path_logits = supernet.path(&CHOICES).forward(&batch.images, Mode::Evaluate).unwrap();
        assert_eq!(path_logits, plain.forward(&batch.images, Mode::Evaluate).unwrap());
    });
}

#[test]
fn sgd_by_hand() {
    // One parameter of value 2, its loss's gradient g: decay adds 0.5·2 to it. With μ = 0.9 and rate 0.1, Nesterov:
    // m = g + 1, w = 2 − 0.1·(g + 1 + 0.9·m) = 2 − 0.19·(g + 1).
    let op: profiler::spec::OpSpec = "linear-1x1x1-o2".parse().unwrap();
    let mut module = support::module(&op.graph(), 0);
    for parameter in module.parameters_mut() {
        let value = if parameter.value.dim() == 2 { 2.0 } else { 0.0 };
        let _ = tch::no_grad(|| parameter.value.shallow_clone().fill_(value));
    }
    let batch = search::data::Batch {
        images: Tensor::from_slice(&[3.0_f32]).view([1, 1, 1, 1]),
        labels: Tensor::from_slice(&[0_i64]),
    };
    let sgd = Sgd { weight_decay: 0.5, label_smoothing: 0.0, ..support::WEIGHTS };
    let loss = sgd.step(&mut module, &batch, 0.1).unwrap();
    // Equal logits: loss ln 2, ∂/∂logits (−1/2, 1/2), ∂/∂w = ∓3/2, ∂/∂b = ∓1/2; biases do not decay.
    assert!((loss - 2.0_f64.ln()).abs() < 1e-6);
    let found: Vec<Vec<f32>> =
        module.parameters().map(|(_, p)| Vec::try_from(&p.value.detach().view([-1])).unwrap()).collect();
    let expected = [[2.0 - 0.19 * (-1.5 + 1.0), 2.0 - 0.19 * (1.5 + 1.0)], [0.19 * 0.5, -0.19 * 0.5]];
    for (found, expected) in found.iter().zip(expected) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}

#[test]
fn a_network_is_given_what_its_path_has_learned() {
    let mut supernet = support::supernet(3);
    with_batch(|batch| support::WEIGHTS.step(&mut supernet.path(&CHOICES), batch, 0.1)).unwrap();
    let network = support::space().network("path", &CHOICES).unwrap();
    let random = || support::module(network.graph(), 9);
    let module = random();
    supernet.copy_path_to(&CHOICES, &module).unwrap();
    with_batch(|batch| {
        let logits = |network: &dyn Network| network.forward(&batch.images, Mode::Evaluate).unwrap();
        let expected = logits(&supernet.path(&CHOICES));
        assert_eq!(logits(&module), expected);
        assert_ne!(logits(&random()), expected);
    });
    // Kernels of 3 for 5, one choice too few, a candidate that there is not.
    for other in [vec![0, 4, 2, 3], vec![1, 4, 2], vec![1, 4, 2, 9]] {
        assert!(supernet.copy_path_to(&other, &random()).is_err(), "{other:?}");
    }
}
