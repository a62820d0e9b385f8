#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

#[test]
fn a_missing_library_is_a_plain_error() {
    let error = OnnxRuntime::load(Some("/nowhere/libonnxruntime.so".into())).err().unwrap().to_string();
    assert!(
        error.starts_with("cannot load ONNX Runtime from `/nowhere/libonnxruntime.so`: No such file"),
        "{error}"
    );
    let error = OnnxRuntime::load(None).err().unwrap().to_string();
    assert!(error.starts_with("backend `onnxruntime` needs the path of its shared library"), "{error}");
}

#[test]
fn a_file_that_is_no_library_is_a_plain_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "text").unwrap();
    let error = OnnxRuntime::load(Some(file.path().to_owned())).err().unwrap().to_string();
    assert!(error.starts_with("cannot load ONNX Runtime from `"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

fn library() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH names ONNX Runtime's shared library").into()
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn the_library_is_loaded_once_and_knows_its_version() {
    let runtime = OnnxRuntime::load(Some(library())).unwrap();
    let version = runtime.version();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>());
    assert_eq!(numbers.next(), Some(Ok(1)), "{version}");
    assert!(matches!(numbers.next(), Some(Ok(24..))), "{version}");
    assert_eq!(OnnxRuntime::load(Some(library())).unwrap().version(), version);
    let other = tempfile::NamedTempFile::new().unwrap();
    let error = OnnxRuntime::load(Some(other.path().to_owned())).err().unwrap().to_string();
    assert!(error.contains("is loaded already"), "{error}");
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn broken_models_and_no_threads_are_refused_by_name() {
    let runtime = OnnxRuntime::load(Some(library())).unwrap();
    let model = Model { key: "broken", onnx: b"this is no protobuf" };
    let error = runtime.prepare(model, 1).err().unwrap().to_string();
    assert!(error.starts_with("onnxruntime does not take `broken`: "), "{error}");
    assert!(!error.contains('\n'), "{error}");
    let error = runtime.prepare(model, 0).err().unwrap().to_string();
    assert_eq!(error, "backend `onnxruntime` runs on one thread or more, not on 0 threads");
}

/// Largest difference between two outputs, relative to the larger of their magnitudes and 1.
#[cfg(feature = "tract")]
fn difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(l, r)| (l - r).abs() / l.abs().max(r.abs()).max(1.0)).fold(0.0, f32::max)
}

#[cfg(feature = "tract")]
#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn outputs_agree_with_tracts() {
    let runtime = OnnxRuntime::load(Some(library())).unwrap();
    let space = crate::spec::SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    for op in space.distinct_ops().into_iter().step_by(5) {
        let key = op.key();
        let onnx = crate::onnx::op_model(&op, 7).unwrap();
        let model = Model { key: &key, onnx: &onnx };
        let mut ours = super::super::Tract.prepare(model, 1).unwrap();
        let mut theirs = runtime.prepare(model, 1).unwrap();
        assert_eq!(ours.input_len(), theirs.input_len());
        let input = seeded_input(ours.input_len());
        let (ours, theirs) = (ours.outputs(&input).unwrap(), theirs.outputs(&input).unwrap());
        assert!(ours.iter().any(|value| *value != 0.0), "{key} gives zeros only");
        let difference = difference(&ours, &theirs);
        assert!(difference < 1e-4, "{key}: {difference}");
    }
}

/// The operators that ONNX Runtime really runs for a model.
fn optimized_operators(runtime: &OnnxRuntime, onnx: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optimized.onnx");
    let builder = Session::builder(&runtime.environment).unwrap();
    builder.with_optimized_model_path(&path).unwrap().commit_from_memory(onnx).unwrap();
    crate::onnx::operators(&std::fs::read(&path).unwrap()).unwrap()
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn int8_ops_run_integer_kernels() {
    use crate::spec::{Activation, Layer, Op, OpSpec, Precision, sample};
    let runtime = OnnxRuntime::load(Some(library())).unwrap();
    let in_floats = [
        "Add",
        "AveragePool",
        "Clip",
        "Concat",
        "Conv",
        "Gemm",
        "GlobalAveragePool",
        "Relu",
        "Sigmoid",
        "Softmax",
    ];
    let edges = ["conv-8x8x8-o8-k3-s1-g8-d2-swish-int8", "linear-1x1x8-o8+concat-c4-int8"];
    let edges = edges.iter().map(|key| key.parse::<OpSpec>().unwrap());
    let sampled = sample("all", 4 * (Op::KINDS.len() + 10), 3, Precision::Int8).unwrap();
    for op in edges.chain(sampled) {
        let ran = optimized_operators(&runtime, &crate::onnx::op_model(&op, 7).unwrap());
        // What has no integer form, ReLUs aside, is converted to floats and back; nothing else is.
        let relu = |layer: &Layer| matches!(layer, Layer::Activation(Activation::Relu | Activation::Relu6));
        let converted = |layer: &Layer| !layer.has_integer_form() && !relu(layer) && layer.arity() > 0;
        let conversions = ran.iter().filter(|name| *name == "DequantizeLinear").count();
        let expected = op.graph().nodes().iter().filter(|node| converted(&node.layer)).count();
        assert_eq!(conversions, expected, "{op}: {ran:?}");
        assert!(!ran.iter().any(|name| in_floats.contains(&name.as_str())), "{op}: {ran:?}");
    }
}
