//! Every style, small.

use std::collections::BTreeSet;

use super::network::build;
use super::style::{STYLES, Style};
use super::*;
use crate::onnx::{
    InputShapes, ModelGraph, Weights,
    steps::{Steps, fuse, in_place, step_key, translate},
};
use crate::spec::TracedOp;

fn model(style: &Style, seed: u64) -> (Vec<u8>, u64) {
    let (sketch, output) = build(style, seed, 8.0, Weights::Seeded(seed));
    let macs = sketch.macs();
    (sketch.finish("small", &output), macs)
}

fn steps(onnx: &[u8]) -> Steps {
    let graph = ModelGraph::read(onnx).unwrap();
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    let (mut steps, _) = translate(&graph, &shapes).unwrap();
    fuse(&mut steps);
    in_place(&steps)
}

#[test]
fn networks_are_seeded_different_and_of_the_work_that_was_drawn() {
    let networks: Vec<DrawnNetwork> = draw_networks(6, 3).collect();
    assert_eq!(networks[5], draw_network(3, 5));
    let different: BTreeSet<&[u8]> = networks.iter().map(|network| network.onnx.as_slice()).collect();
    assert_eq!(different.len(), 6);
    assert_ne!(networks[0].onnx, draw_network(4, 0).onnx);
    assert_eq!(networks[0].name, "drawn_3_000_mb");
    assert!((0..6).all(|index| drawn_place(&networks[index].name) == Some((3, index))));
    for none in ["drawn_3_000_vit", "drawn_3_mb", "drawn_x_000_mb", "mb"] {
        assert_eq!(drawn_place(none), None, "{none}");
    }
    for DrawnNetwork { name, macs, .. } in &networks {
        // Half as much or twice as much as the ends of the range are still of it.
        assert!((SMALLEST_DRAWN.0 / 2..=LARGEST_DRAWN.0 * 2).contains(&macs.0), "{name}: {macs:?}");
    }
}

#[test]
fn what_is_drawn_does_not_depend_on_the_width() {
    for style in STYLES {
        let nodes = |width: f64| {
            let (sketch, output) = build(style, 7, width, Weights::Seeded(0));
            let graph = ModelGraph::read(&sketch.finish("x", &output)).unwrap();
            graph.nodes.into_iter().filter(|node| node.operator == "Conv").count()
        };
        // A wider network may need a convolution more or less for a shortcut, no other structure.
        let (narrow, wide) = (nodes(8.0), nodes(40.0));
        assert!(narrow.abs_diff(wide) * 4 <= narrow.max(wide), "{}: {narrow} and {wide}", style.name);
    }
}

#[test]
fn every_style_has_known_shapes_work_as_counted_and_keys_that_read_back() {
    assert_eq!(styles().into_iter().collect::<BTreeSet<_>>().len(), STYLES.len());
    let mut kinds = BTreeSet::new();
    for style in STYLES {
        for seed in [1, 2] {
            let (onnx, macs) = model(style, seed);
            let steps = steps(&onnx);
            let told: u64 = steps.iter().filter_map(|(_, step)| step.macs).sum();
            assert_eq!(told, macs, "{} {seed}", style.name);
            for (_, step) in steps.iter() {
                let key = step_key(step);
                assert_eq!(key.to_string().parse::<TracedOp>().unwrap(), key);
                kinds.insert(key.kernel().to_owned());
            }
        }
    }
    for kind in [
        "stem",
        "conv",
        "pointwise",
        "pointwise_vector",
        "depthwise",
        "grouped",
        "linear",
        "matmul",
        "batch_matmul",
        "act",
        "add",
        "scale",
        "concat",
        "maxpool",
        "avgpool",
        "gpool",
        "softmax",
        "batchnorm",
        "layernormalization",
        "gelu",
        "transpose",
        "split",
        "mul_constant",
    ] {
        assert!(kinds.contains(kind), "{kind} is in none: {kinds:?}");
    }
}

#[cfg(feature = "tract")]
#[test]
fn tract_runs_every_style_and_gives_finite_numbers() {
    use crate::backend::{Backend, Model, Tract, seeded_input};
    for style in STYLES {
        let (onnx, _) = model(style, 5);
        let mut runnable = Tract.prepare(Model::whole(style.name, &onnx), 1).unwrap();
        let input = seeded_input(runnable.input_len());
        let outputs = runnable.outputs(&input).unwrap();
        assert!(outputs.iter().all(|value| value.is_finite()), "{}: {outputs:?}", style.name);
        assert!(outputs.iter().any(|value| *value != outputs[0]), "{}", style.name);
    }
}
