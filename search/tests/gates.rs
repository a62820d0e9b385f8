//! The gradient of binary gates.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use search::alpha::{Alphas, Pair};
use search::data::Batch;
use search::gates::gate_gradients;
use search::module::{GraphModule, Mode};
use search::seed::{Purpose, generator};
use search::supernet::Supernet;
use tch::{Kind, Reduction, Tensor};

fn batch() -> Batch {
    support::batches(&support::images().train, 24).batch(0).unwrap()
}

/// Each block's output as g_1 o_1 + g_2 o_2 with gates that are tensors, as in the paper's equation.
fn mixed_loss(supernet: &Supernet, pairs: &[Option<Pair>], gates: &[Tensor], batch: &Batch) -> Tensor {
    let modules: Vec<(String, &GraphModule)> = supernet.modules().collect();
    let run = |name: &str, x: &Tensor| match modules.iter().find(|(found, _)| found == name) {
        Some((_, module)) => module.forward(x, Mode::Probe).unwrap(),
        None => x.shallow_clone(),
    };
    let mut x = run("before", &batch.images);
    for (block, (pair, gate)) in pairs.iter().zip(gates).enumerate() {
        let pair = pair.unwrap();
        let [first, second] =
            [pair.first, pair.second].map(|choice| run(&format!("block{block}.{choice}"), &x));
        x = first * gate.get(0) + second * gate.get(1);
    }
    run("after", &x).cross_entropy_loss(&batch.labels, None::<&Tensor>, Reduction::Mean, -100, 0.0)
}

fn gates(count: usize) -> Vec<Tensor> {
    (0..count).map(|_| Tensor::from_slice(&[1.0_f32, 0.0]).set_requires_grad(true)).collect()
}

#[test]
fn gate_gradients_are_those_of_the_relaxation() {
    let (supernet, batch) = (support::supernet(3), batch());
    for seed in 0..5 {
        let pairs = Alphas::new(&supernet.counts()).sample_pairs(&mut generator(seed, Purpose::Pairs, 0));
        let (loss, found) = gate_gradients(&supernet, &pairs, &[0; 4], &batch).unwrap();
        let gates = gates(pairs.len());
        let relaxed = mixed_loss(&supernet, &pairs, &gates, &batch);
        assert!((loss - f64::try_from(&relaxed).unwrap()).abs() < 1e-6);
        let expected = Tensor::run_backward(&[relaxed], &gates, false, false);
        for (found, expected) in found.iter().zip(&expected) {
            let expected: Vec<f32> = Vec::try_from(expected).unwrap();
            for (found, expected) in found.unwrap().gates.iter().zip(expected) {
                // The inactive output needs no graph: with g_2 = 0 nothing flows back through it.
                let expected = f64::from(expected);
                assert!((found - expected).abs() < 1e-5 + 1e-4 * expected.abs(), "{found} {expected}");
            }
        }
    }
}

#[test]
fn an_architecture_step_leaves_weights_and_statistics_alone() {
    let (supernet, batch) = (support::supernet(3), batch());
    let all = |supernet: &Supernet| -> Vec<Tensor> {
        let modules = supernet.modules();
        modules
            .flat_map(|(_, module)| {
                let values = module.parameters().map(|(_, p)| p.value.detach().copy());
                values.chain(module.statistics().map(|(_, t)| t.copy())).collect::<Vec<_>>()
            })
            .collect()
    };
    let before = all(&supernet);
    let pairs = vec![Some(Pair { first: 0, second: 1 }), Some(Pair { first: 4, second: 1 }), None, None];
    let (_, found) = gate_gradients(&supernet, &pairs, &[0; 4], &batch).unwrap();
    assert!(found[2].is_none() && found[1].is_some());
    assert_eq!(before, all(&supernet));
    let sum: f64 = before.iter().map(|t| f64::try_from(t.sum(Kind::Double)).unwrap()).sum();
    assert!(sum.is_finite());
}
