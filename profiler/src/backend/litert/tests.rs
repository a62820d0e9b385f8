use super::*;
use crate::onnx::{chain_model, op_model};
use crate::spec::OpSpec;

#[test]
fn what_is_no_library_is_a_plain_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "text").unwrap();
    for (library, expected) in [
        (
            Some("/nowhere/libLiteRt.so".into()),
            "cannot load LiteRT from `/nowhere/libLiteRt.so`: No such file",
        ),
        (None, "backend `litert` needs the path of its shared library"),
        (Some(file.path().to_owned()), "cannot load LiteRT from `"),
    ] {
        let error = LiteRt::load(library).err().unwrap().to_string();
        assert!(error.starts_with(expected) && !error.contains('\n'), "{error}");
    }
}

fn litert() -> LiteRt {
    let library = std::env::var_os("LITERT_LIBRARY").expect("LITERT_LIBRARY names LiteRT's shared library");
    LiteRt::load(Some(library.into())).unwrap()
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn another_library_is_refused_as_too_old() {
    let other = std::env::var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH names the shared library");
    let error = LiteRt::load(Some(other.into())).err().unwrap().to_string();
    assert!(
        error.contains("`LiteRtCreateModelFromFd`; expected its shared library, 2.1.6 or newer"),
        "{error}"
    );
}

#[test]
#[ignore = "needs LITERT_LIBRARY"]
fn the_library_is_known_by_its_hash() {
    let runtime = litert();
    assert_eq!(runtime.version().len(), "sha256:".len() + 12);
    assert_eq!(litert().version(), runtime.version());
    assert_eq!(runtime.details()[1].1, "XNNPACK");
}

#[test]
#[ignore = "needs LITERT_LIBRARY"]
fn broken_and_foreign_models_and_no_threads_are_refused_by_name() {
    let runtime = litert();
    let error = |onnx: &[u8], threads| {
        let error = runtime.prepare(Model::whole("m", onnx), threads).err().unwrap().to_string();
        assert!(!error.contains('\n'), "{error}");
        error
    };
    assert!(error(b"this is no protobuf", 1).starts_with("litert does not take `m`: not an ONNX model"));
    assert!(error(&chain_model(2), 1).contains("only models that Tailor exported"));
    let cut = Model { tflite: Some(b"\x08\0\0\0TFL3 and no more"), ..Model::whole("m", b"") };
    assert!(runtime.prepare(cut, 1).err().unwrap().to_string().contains("cut off"));
    assert_eq!(error(b"", 0), "backend `litert` runs on one thread or more, not on 0 threads");
}

#[test]
#[ignore = "needs LITERT_LIBRARY"]
fn outputs_follow_the_input_and_wrong_lengths_are_refused() {
    // A 1×1 convolution without activation is linear up to its bias: f(2x) − f(x) = f(x) − f(0).
    let op: OpSpec = "conv-6x6x8-o5-k1-s1".parse().unwrap();
    let (key, onnx) = (op.key(), op_model(&op, 7).unwrap());
    let mut runnable = litert().prepare(Model::whole(&key, &onnx), 1).unwrap();
    let x = seeded_input(runnable.input_len());
    let mut at = |factor: f32| {
        let input: Vec<f32> = x.iter().map(|value| value * factor).collect();
        runnable.outputs(&input).unwrap()
    };
    let (zero, one, two) = (at(0.0), at(1.0), at(2.0));
    assert!(one.iter().zip(&zero).any(|(a, b)| (a - b).abs() > 1e-3), "the input changes nothing");
    for ((zero, one), two) in zero.iter().zip(&one).zip(&two) {
        assert!((two - one - (one - zero)).abs() < 1e-4, "{zero} {one} {two}");
    }
    let error = runnable.outputs(&x[1..]).unwrap_err().to_string();
    assert_eq!(error, format!("`{key}` takes {} input values, not {}", x.len(), x.len() - 1));
}

#[test]
#[ignore = "needs LITERT_LIBRARY"]
fn every_profiled_run_is_found_node_by_node() {
    const RUNS: usize = 30;
    let space = crate::spec::SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let network = crate::onnx::network_model(&space.baseline().unwrap(), 0).unwrap();
    let squeezed = op_model(&"mbconv-14x14x8-o12-e3-k5-s2-se4-hswish".parse().unwrap(), 0).unwrap();
    // Runs on LiteRT's own kernels between others.
    let mixed = op_model(&"conv-8x8x4-o4-k3-s1-relu+upsample-f2-nearest".parse().unwrap(), 0).unwrap();
    for (onnx, kernels) in [(&network, Kernels::Xnnpack), (&network, Kernels::Own)]
        .into_iter()
        .chain([&squeezed, &mixed].map(|onnx| (onnx, Kernels::Xnnpack)))
    {
        let mut traced = litert().with(kernels).prepare_traced(Model::whole("net", onnx), 1).unwrap();
        let clock = std::time::Instant::now();
        for _ in 0..RUNS {
            traced.run_plain().unwrap();
            traced.run_traced(super::super::NodeClock::Wall).unwrap();
        }
        let both_ns = clock.elapsed().as_nanos() as f64;
        let trace = traced.finish().unwrap();
        assert!(trace.nodes.iter().all(|node| node.run_ns.len() == RUNS), "{kernels:?}");
        let all_ns: f64 = trace.nodes.iter().flat_map(|node| &node.run_ns).sum();
        assert!(all_ns > 0.0 && all_ns < both_ns, "{all_ns} of {both_ns}");
        // Every layer with weights has its time under the name of what it gives.
        let nodes = Written::of(onnx).unwrap().nodes;
        let weighted = nodes.iter().filter(|node| node.builtin.name().contains("CONV_2D"));
        for node in weighted {
            assert!(trace.nodes.iter().any(|traced| traced.name == node.name), "{kernels:?}: {}", node.name);
        }
    }
}
