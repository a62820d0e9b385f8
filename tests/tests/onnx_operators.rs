//! Every operator test of the `onnx` Python package: a model that holds one operator, or what it expands to, with the
//! shapes of what it gives.

#![allow(clippy::unwrap_used)]

use predictor::OnnxNetwork;
use profiler::onnx::{Declared, InputShapes, ModelGraph, Side};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Models of which all outputs' shapes are told from their inputs' alone; it only grows.
const ANSWERED: usize = 1468;

/// Models that are there at least.
const MODELS: usize = 1884;

/// Whether the shapes of all outputs are told, and where they differ from those that the file declares.
fn told(onnx: &[u8]) -> (bool, Vec<String>) {
    // Three of them are of set 1, which is not read.
    let Ok(mut graph) = ModelGraph::read(onnx) else { return (false, Vec::new()) };
    // What the file declares is the answer, and no help.
    let declared = std::mem::take(&mut graph.declared);
    let Ok((shapes, _)) = graph.known_shapes(&InputShapes::new()) else { return (false, Vec::new()) };
    // Whatever they are, they are no reason to stop.
    drop(graph.macs(&shapes));
    let outputs: Vec<&Declared> =
        declared.iter().filter(|value| graph.outputs.contains(&value.name)).collect();
    let differs = |value: &&&Declared| {
        let (Some(found), Some(sides)) = (shapes.get(&value.name), &value.sides) else { return false };
        let is_other = |(side, found): (&Side, &u64)| matches!(side, Side::Fixed(size) if size != found);
        found.dims.len() != sides.len() || sides.iter().zip(&found.dims).any(is_other)
    };
    let wrong = |value: &&Declared| format!("{:?} and not {:?}", shapes[&value.name].dims, value.sides);
    let wrong = outputs.iter().filter(differs).map(wrong).collect();
    (outputs.iter().all(|value| shapes.contains_key(&value.name)), wrong)
}

fn models(folder: &Path) -> Vec<PathBuf> {
    let mut models: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.sort();
    models
}

#[test]
#[ignore = "needs ONNX's operator tests in the folder TAILOR_ONNX_OPERATORS; ./test.sh sets it up"]
fn operator_tests_get_no_wrong_shape() {
    let folder = std::env::var_os("TAILOR_ONNX_OPERATORS").unwrap();
    let models = models(Path::new(&folder));
    let (mut answered, mut wrong, mut unanswered) = (0, Vec::new(), Vec::new());
    for path in &models {
        let name = path.file_stem().unwrap().to_string_lossy();
        let onnx = fs::read(path).unwrap();
        let (is_answered, differences) = told(&onnx);
        answered += usize::from(is_answered);
        if !is_answered {
            unanswered.push(name.to_string());
        }
        wrong.extend(differences.iter().map(|difference| format!("{name}: {difference}")));
        // It may refuse the model, with a reason.
        drop(OnnxNetwork::read(&name, &onnx, &InputShapes::new()).map_err(|error| error.to_string()));
    }
    println!("not answered: {}", unanswered.join(" "));
    println!("shapes of all outputs are told of {answered} of {} models", models.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(models.len() >= MODELS, "{} holds {} models", folder.display(), models.len());
    assert!(answered >= ANSWERED, "{answered} of {}, not {ANSWERED}", models.len());
}
