//! The exported ONNX model computes what libtorch does.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use profiler::backend::{Backend, Model, Tract};
use profiler::onnx::read_ops;
use profiler::spec::{Architecture, SpaceFile};
use search::RunFolder;
use search::data::{Normalization, whole_batches};
use search::export::{load_trained, onnx_model};
use search::module::{GraphModule, Mode};
use search::watch::Unwatched;
use tch::{Device, Kind, Tensor};

/// Largest difference between the logits of tract and of libtorch, over images `[n, c, h, w]`.
fn difference(network: &Architecture, module: &GraphModule, images: &Tensor) -> f64 {
    let onnx = onnx_model(network, module).unwrap();
    assert_eq!(read_ops(&onnx).unwrap().unwrap(), network.ops());
    let key = network.key();
    let mut runnable = Tract.prepare(Model::whole(&key, &onnx), 1).unwrap();
    let expected = tch::no_grad(|| module.forward(images, Mode::Evaluate)).unwrap();
    let mut largest = 0.0_f64;
    for index in 0..images.size()[0] {
        let pixels: Vec<f32> = Vec::try_from(&images.get(index).contiguous().view([-1])).unwrap();
        let logits = Tensor::from_slice(&runnable.outputs(&pixels).unwrap());
        let gap = (logits - expected.get(index)).abs().max();
        largest = largest.max(f64::try_from(gap).unwrap());
    }
    let spread = f64::try_from(expected.std(false)).unwrap();
    assert!(spread > 0.01, "logits that hardly differ show nothing: {spread}");
    largest
}

#[test]
fn a_trained_network_gives_the_same_logits_in_tract() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let (network, settings) = support::network(&[2, 4, 1, 0]);
    let run = RunFolder::new(folder.path());
    support::run_training(&network, &settings, &images, &run, &mut Unwatched).unwrap();
    let (loaded, module) = load_trained(&run).unwrap();
    assert_eq!(loaded, network);
    let normalization = Normalization::of(&images.train);
    let batch = whole_batches(&images.test, &normalization, 30, Device::Cpu).next().unwrap().unwrap();
    let largest = difference(&network, &module, &batch.images);
    assert!(largest < 1e-4, "{largest}");
}

/// Every kernel and expansion at the real size.
#[test]
fn the_small_spaces_baseline_and_random_networks_give_the_same_logits_in_tract() {
    same_logits_in_tract(&SpaceFile::built_in("proxylessnas-small").unwrap());
}

#[test]
fn networks_with_squeeze_excite_and_other_activations_give_the_same_logits_in_tract() {
    for activation in ["hswish", "swish", "relu"] {
        let text = support::SPACE.replace("skip = true", "skip = true\nsqueeze_excite = [4]");
        let mut file = SpaceFile::parse(&text).unwrap();
        file.activation = activation.parse().unwrap();
        same_logits_in_tract(&file);
    }
}

/// The baseline and random networks, with statistics and scales far from 0 and 1.
fn same_logits_in_tract(file: &SpaceFile) {
    use rand::SeedableRng;
    let space = file.resolve().unwrap();
    let mut networks = vec![space.baseline().unwrap()];
    let mut rng = rand_pcg::Pcg64::seed_from_u64(5);
    for _ in 0..3 {
        networks.push(space.network("random", &space.random_choices(&mut rng)).unwrap());
    }
    let (side, channels) = (i64::from(file.resolution), i64::from(file.input_channels));
    for network in networks {
        let module = GraphModule::new(network.graph().clone(), &mut rng, Device::Cpu).unwrap();
        tch::manual_seed(1);
        let options = (Kind::Float, Device::Cpu);
        let images = Tensor::randn([32, channels, side, side], options);
        for (name, parameter) in module.parameters() {
            if name.ends_with("scale") || name.ends_with("shift") {
                let noise = Tensor::randn(parameter.value.size(), options) * 0.2;
                let _ = tch::no_grad(|| parameter.value.shallow_clone().g_add_(&noise));
            }
        }
        for _ in 0..20 {
            // Running statistics as they come about in training.
            let _ = tch::no_grad(|| module.forward(&images, Mode::Train)).unwrap();
        }
        let largest = difference(&network, &module, &images.narrow(0, 0, 4));
        assert!(largest < 1e-4, "{}: {largest}", network.key());
    }
}
