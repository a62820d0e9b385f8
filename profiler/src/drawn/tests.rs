//! Every style, small.

use std::collections::{BTreeMap, BTreeSet};

use super::network::{Extent, Structure};
use super::style::{STYLES, Start, Style};
use super::*;
use crate::backend::{Backend, Model, seeded_input};
use crate::onnx::{
    InputShapes, ModelGraph, Weights,
    steps::{Steps, fuse, in_place, step_key, translate},
};
use crate::spec::TracedOp;

mod kinds;

/// Each style once.
fn every_style() -> impl Iterator<Item = &'static Style> {
    let of_name: BTreeMap<&str, &Style> = STYLES.iter().map(|style| (style.name, *style)).collect();
    of_name.into_values()
}

fn model(style: &'static Style, extent: Extent, seed: u64) -> (Vec<u8>, u64) {
    let (sketch, output) = Structure { style, extent, seed }.build(8.0, Weights::Seeded(seed));
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
    let networks: Vec<DrawnNetwork> = draw_networks(STYLES.len(), 3, &[]).collect();
    assert_eq!(networks[5], draw_network(3, 5));
    let different: BTreeSet<&[u8]> = networks.iter().map(|network| network.onnx.as_slice()).collect();
    assert_eq!(different.len(), networks.len());
    assert_ne!(networks[0].onnx, draw_network(4, 0).onnx);
    assert_eq!(networks[0].name, "drawn_3_000_mb");
    let [some, none] = [["fire", "text"], ["text", "none"]].map(|names| names.map(str::to_owned));
    let of_some = draw_networks(3, 3, &some).map(|network| network.style);
    assert!(of_some.collect::<BTreeSet<_>>() == BTreeSet::from(["fire", "text"]));
    assert_eq!((draw_networks(3, 3, &none[1..]).count(), draw_networks(2, 3, &none).count()), (0, 2));
    assert!((0..6).all(|index| drawn_place(&networks[index].name) == Some((3, index))));
    for none in ["drawn_3_000_vit", "drawn_3_mb", "drawn_x_000_mb", "mb"] {
        assert_eq!(drawn_place(none), None, "{none}");
    }
    for DrawnNetwork { name, macs, .. } in &networks {
        // Half as much or twice as much as the ends of the range are still of it.
        assert!((SMALLEST_DRAWN.0 / 2..=LARGEST_DRAWN.0 * 2).contains(&macs.0), "{name}: {macs:?}");
    }
    let tiny = networks.iter().filter(|network| network.macs.0 < 5_000_000).count();
    assert!(tiny > 0 && tiny * 3 < networks.len(), "{tiny} of {} are tiny", networks.len());
    let large = networks.iter().filter(|network| network.macs.0 > 2_000_000_000).count();
    assert!(large > 0 && large * 8 < networks.len(), "{large} of {} are large", networks.len());
}

#[test]
fn most_networks_are_convolutional() {
    let is_convolutional = |style: &&&Style| {
        let others = ["window", "levit", "mobilevit", "xcit", "attention"];
        matches!(style.start, Start::Stem | Start::Integers | Start::Dynamic) && !others.contains(&style.name)
    };
    let share = STYLES.iter().filter(is_convolutional).count() as f64 / STYLES.len() as f64;
    assert!((0.65..0.85).contains(&share), "{share}");
}

#[test]
fn what_is_drawn_does_not_depend_on_the_width() {
    for style in every_style() {
        let nodes = |width: f64| {
            let structure = Structure { style, extent: Extent::Usual, seed: 7 };
            let (sketch, output) = structure.build(width, Weights::Seeded(0));
            let graph = ModelGraph::read(&sketch.finish("x", &output)).unwrap();
            graph.nodes.into_iter().filter(|node| node.operator == "Conv").count()
        };
        // A wider network may need a convolution more or less for a shortcut, no other structure.
        let (narrow, wide) = (nodes(8.0), nodes(40.0));
        assert!(narrow.abs_diff(wide) * 4 <= narrow.max(wide), "{}: {narrow} and {wide}", style.name);
    }
}

/// Runs a style, and says what is wrong with what it gives.
fn run(backend: &dyn Backend, style: &'static Style, extent: Extent) -> Result<(), String> {
    let (onnx, _) = model(style, extent, 5);
    let mut runnable = backend.prepare(Model::whole(style.name, &onnx), 1).map_err(|e| e.to_string())?;
    let input = seeded_input(runnable.input_len());
    let outputs = runnable.outputs(&input).map_err(|e| e.to_string())?;
    match outputs.iter().all(|value| value.is_finite()) && outputs.iter().any(|v| *v != outputs[0]) {
        true => Ok(()),
        false => Err(format!("{}, {extent:?}: {outputs:?}", style.name)),
    }
}

fn run_all(backend: &dyn Backend) {
    let all = every_style()
        .flat_map(|style| [Extent::Tiny, Extent::Usual, Extent::Large].map(|extent| (style, extent)));
    let wrong: Vec<String> = all.filter_map(|(style, extent)| run(backend, style, extent).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(feature = "tract")]
#[test]
fn tract_runs_every_style_and_gives_finite_numbers() {
    run_all(&crate::backend::Tract);
}

#[cfg(feature = "onnxruntime")]
#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn onnx_runtime_runs_every_style_and_gives_finite_numbers() {
    let library =
        std::env::var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH names ONNX Runtime's shared library");
    run_all(&crate::backend::OnnxRuntime::load(Some(library.into())).unwrap());
}
