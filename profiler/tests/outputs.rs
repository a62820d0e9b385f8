//! The models that are timed compute what their ops say: outputs of all runtimes against an independent interpreter.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod interpreter;

use std::collections::BTreeSet;

use interpreter::interpret;
use profiler::backend::{Backend, Kernels, LiteRt, Model, OnnxRuntime, Tract, seeded_input};
use profiler::onnx::{SeededWeights, op_model, read_output_integers};
use profiler::spec::{Activation, Layer, Op, OpSpec, Precision, sample};
use profiler::tflite::from_onnx;

const SEED: u64 = 7;

/// What sampling would meet too seldom: odd sides, groups, dilation, padding all around, flat values read as maps.
const EDGES: &str = "\
    conv-9x7x6-o4-k3-s2-g2-hswish conv-9x7x6-o6-k5-s1-g6-d2-swish conv-5x5x3-o8-k3-s1-d4 \
    conv-6x6x4-o8-k7-s3-sigmoid mbconv-7x5x8-o12-e3-k5-s2-se4-hswish \
    mbconv-6x6x8-o8-e1-k3-s1-se2-relu-res maxpool-7x5x3-k2-s2 maxpool-3x3x2-k7-s1 \
    avgpool-7x5x3-k3-s2 avgpool-8x8x3-k2-s2 avgpool-3x2x2-k5-s1 mul-5x4x6-gate concat-5x4x6-c3 \
    upsample-5x3x2-f3-nearest upsample-5x3x2-f4-bilinear upsample-1x1x2-f2-bilinear softmax-3x2x5 \
    linear-1x1x16-o10+softmax linear-1x1x16-o8+act-hsigmoid linear-1x1x16-o8+conv-o4-k1-s1 \
    linear-1x1x16-o8+concat-c4 linear-1x1x16-o8+linear-o3 conv-5x4x3-o6-k3-s1-relu+add \
    upsample-3x3x4-f2-nearest+concat-c3";

/// Every kind and usual pair several times, small enough for plain loops, and the edges.
fn ops(precision: Precision) -> Vec<OpSpec> {
    let mut ops: Vec<OpSpec> = EDGES.split(' ').map(|key| key.parse().unwrap()).collect();
    if precision == Precision::Int8 {
        ops = ops.into_iter().filter_map(|op| op.in_precision(precision).ok()).collect();
    }
    let sampled = sample("all", 1_500, SEED, precision).unwrap();
    let elements = |op: &OpSpec| op.graph().nodes().iter().map(|node| node.output.elements()).sum::<u64>();
    let small = |op: &&OpSpec| op.macs().0 < 2_000_000 && elements(op) < 100_000;
    let mut left: std::collections::BTreeMap<String, usize> = Default::default();
    ops.extend(sampled.iter().filter(small).filter(|op| {
        let count = left.entry(op.kind()).or_default();
        *count += 1;
        *count <= 5
    }));
    let kinds: BTreeSet<&str> = ops.iter().map(|op| op.op().kind()).collect();
    assert_eq!(kinds.len(), Op::KINDS.len(), "a kind is missing: {kinds:?}");
    ops
}

/// Output of a runtime for the seeded input, that input, and the interpreter's output.
fn both(backend: &dyn Backend, op: &OpSpec) -> (Vec<f32>, Vec<f64>) {
    let key = op.key();
    let onnx = op_model(op, SEED).unwrap();
    let mut runnable = backend.prepare(Model::whole(&key, &onnx), 1).unwrap();
    let input = seeded_input(runnable.input_len());
    let mut found = runnable.outputs(&input).unwrap();
    if let Some(integers) = read_output_integers(&onnx).unwrap() {
        found.iter_mut().for_each(|value| *value = integers.real(*value as u8));
    }
    let expected = interpret(&op.graph(), &mut SeededWeights { seed: SEED }, &input).values;
    assert_eq!(found.len(), expected.len(), "{key}");
    assert!(expected.iter().any(|value| value.abs() > 1e-3), "{key} gives zeros only");
    (found, expected)
}

fn check_f32(backend: &dyn Backend) {
    for op in ops(Precision::F32) {
        let (found, expected) = both(backend, &op);
        for (found, expected) in found.into_iter().zip(expected) {
            let difference = (f64::from(found) - expected).abs() / expected.abs().max(1.0);
            assert!(difference < 1e-4, "{op} on {}: {found}, expected {expected}", backend.name());
        }
    }
}

fn litert(kernels: Kernels) -> LiteRt {
    let library = std::env::var_os("LITERT_LIBRARY").expect("LITERT_LIBRARY names the shared library");
    LiteRt::load(Some(library.into())).unwrap().with(kernels)
}

/// Average pooling whose padding `.tflite` cannot say.
fn is_said(op: &OpSpec) -> bool {
    from_onnx(&op_model(op, SEED).unwrap())
        .map_err(|error| assert!(error.to_string().contains("average pool")))
        .is_ok()
}

#[test]
#[ignore = "needs LITERT_LIBRARY"]
fn litert_computes_what_the_interpreter_does() {
    let ops: Vec<OpSpec> = ops(Precision::F32).into_iter().filter(is_said).collect();
    let kinds: BTreeSet<&str> = ops.iter().map(|op| op.op().kind()).collect();
    assert_eq!(kinds.len(), Op::KINDS.len(), "a kind is missing: {kinds:?}");
    for kernels in [Kernels::Xnnpack, Kernels::Own] {
        let backend = litert(kernels);
        let mut worst = (0.0, String::new());
        for op in &ops {
            let (found, expected) = both(&backend, op);
            let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            let apart = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs());
            let difference = apart.fold(0.0, f64::max) / largest;
            assert!(difference < 1e-4, "{op} with {kernels:?}: {difference}");
            if difference > worst.0 {
                worst = (difference, op.key());
            }
        }
        println!(
            "{} ops, {kernels:?}: largest difference {:.1e} of the largest output, {}",
            ops.len(),
            worst.0,
            worst.1
        );
    }
}

/// Two steps of the coarser integers: softmax and sigmoid have steps of 1/256 in LiteRT, whatever the model's are.
#[test]
#[ignore = "needs LITERT_LIBRARY and ORT_DYLIB_PATH"]
fn litert_rounds_int8_as_onnxruntime_does() {
    let (litert, onnxruntime) = (litert(Kernels::Xnnpack), onnxruntime());
    for op in ops(Precision::Int8).into_iter().filter(is_said) {
        let (key, onnx) = (op.key(), op_model(&op, SEED).unwrap());
        let unit = read_output_integers(&onnx).unwrap().unwrap().unit;
        let step = match op.graph().nodes().last().unwrap().layer {
            Layer::Softmax | Layer::Activation(Activation::Sigmoid) => unit.max(1.0 / 256.0),
            _ => unit,
        };
        let outputs = |backend: &dyn Backend| {
            let mut runnable = backend.prepare(Model::whole(&key, &onnx), 1).unwrap();
            runnable.outputs(&seeded_input(runnable.input_len())).unwrap()
        };
        let (ours, theirs) = (outputs(&litert), outputs(&onnxruntime));
        assert_eq!(ours.len(), theirs.len(), "{key}");
        let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) * unit;
        assert!(apart <= 2.001 * step, "{key}: {apart}, steps of {step}");
    }
}

fn onnxruntime() -> OnnxRuntime {
    let library = std::env::var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH names the shared library");
    OnnxRuntime::load(Some(library.into())).unwrap()
}

#[test]
fn tracts_outputs_are_the_interpreters() {
    check_f32(&Tract);
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn onnxruntimes_outputs_are_the_interpreters() {
    check_f32(&onnxruntime());
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn int8_outputs_are_the_interpreters_up_to_quantization() {
    let backend = onnxruntime();
    for op in ops(Precision::Int8) {
        backend.supports(&op).unwrap();
        let (found, expected) = both(&backend, &op);
        let error = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).powi(2)).sum::<f64>();
        let total = expected.iter().map(|e| e * e).sum::<f64>();
        let share = (error / total).sqrt();
        // A layer's output is rounded to 1/255 of about 12 standard deviations, so by 12 / 255 / √12 = 1.4 % of one; behind
        // global pooling, whose range allows for neighbours that are alike, by 4 %, and softmax doubles what it is given.
        // Saturated sums, wrong units or zero points give 15 % and more.
        assert!(share < 0.13, "{op}: {share}");
    }
}
