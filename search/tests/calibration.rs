//! Batch normalization's statistics, taken anew for each path.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use profiler::spec::OpSpec;
use search::data::{Normalization, whole_batches};
use search::module::Mode;
use search::run::SetOracle;
use search::seed::{Purpose, generator};
use search::sgd::accuracy;
use search::strategy::Oracle;
use tch::{Device, Kind, Tensor};

#[test]
fn statistics_are_the_mean_of_those_of_the_batches() {
    let op: OpSpec = "conv-2x2x1-o1-k1-s1".parse().unwrap();
    let module = support::module(&op.graph(), 0);
    for (_, parameter) in module.parameters() {
        let _ = tch::no_grad(|| parameter.value.shallow_clone().fill_(1.0));
    }
    // The convolution multiplies by 1. Pixels 0, 0, 2, 2: mean 1, unbiased variance 4 / 3. Pixels 3, 3, 3, 7: mean 4,
    // squares 1 + 1 + 1 + 9, so 4. The means of both: 2.5 and 8 / 3. What was there before is gone.
    for (index, pixels) in [[0.0_f32, 0.0, 2.0, 2.0], [3.0, 3.0, 3.0, 7.0]].iter().enumerate() {
        let images = Tensor::from_slice(pixels).view([1, 1, 2, 2]);
        let _ = tch::no_grad(|| module.forward(&images, Mode::Calibrate(index as u32))).unwrap();
    }
    let found: Vec<f64> =
        module.statistics().map(|(_, tensor)| tensor.to_kind(Kind::Double).double_value(&[0])).collect();
    assert!((found[0] - 2.5).abs() < 1e-6 && (found[1] - 8.0 / 3.0).abs() < 1e-6, "{found:?}");
}

/// After a training of random paths, statistics that ran along are of no path, and paths are judged too badly with them.
#[test]
fn paths_are_better_with_statistics_of_their_own() {
    let (training, held_out) = (support::image_set(300, 1), support::image_set(150, 7));
    let (normalization, batches) = (Normalization::of(&training), support::batches(&training, 30));
    let mut supernet = support::supernet(0);
    let counts = supernet.counts();
    let random =
        |step: u64| search::alpha::Alphas::new(&counts).sample_path(&mut generator(9, Purpose::Path, step));
    for step in 0..240 {
        let path = random(step);
        support::WEIGHTS.step(&mut supernet.path(&path), &batches.batch(step).unwrap(), 0.05).unwrap();
    }
    let paths: Vec<_> = (1000..1020).map(random).collect();
    // All running ones first: taking them anew changes them.
    let running: Vec<f64> = paths
        .iter()
        .map(|path| {
            let images = whole_batches(&held_out, &normalization, 50, Device::Cpu);
            accuracy(&supernet.path(path), images, Mode::Evaluate).unwrap()
        })
        .collect();
    let mut oracle = SetOracle {
        supernet: &mut supernet,
        images: &held_out,
        device: Device::Cpu,
        count: held_out.len(),
        normalization: &normalization,
        batch: 50,
        training: &training,
    };
    let own: Vec<f64> = paths.iter().map(|path| oracle.accuracy(path).unwrap()).collect();
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    println!("{:.3} {:.3}", mean(&running), mean(&own));
    assert!(mean(&own) > mean(&running) + 0.01, "{running:?} {own:?}");
    // A path's figure does not depend on which others were looked at before.
    let first = paths[0].clone();
    assert_eq!(oracle.accuracy(&first).unwrap(), own[0]);
}
