use super::*;

#[test]
fn what_is_no_library_is_a_plain_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "text").unwrap();
    for (library, expected) in [
        (
            Some("/nowhere/libonnxruntime.so".into()),
            "cannot load ONNX Runtime from `/nowhere/libonnxruntime.so`: No such file",
        ),
        (None, "backend `onnxruntime` needs the path of its shared library"),
        (Some(file.path().to_owned()), "cannot load ONNX Runtime from `"),
    ] {
        let error = OnnxRuntime::load(library).err().unwrap().to_string();
        assert!(error.starts_with(expected) && !error.contains('\n'), "{error}");
    }
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
    let model = Model::whole("broken", b"this is no protobuf");
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
        let model = Model::whole(&key, &onnx);
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
    let in_floats = "Add AveragePool Clip Concat Conv Gemm GlobalAveragePool Relu Sigmoid Softmax";
    let in_floats: Vec<&str> = in_floats.split(' ').collect();
    let edges = ["conv-8x8x8-o8-k3-s1-g8-d2-swish-int8", "linear-1x1x8-o8+concat-c4-int8"];
    let edges = edges.iter().map(|key| key.parse::<OpSpec>().unwrap());
    let sampled = sample("all", 4 * (Op::KINDS.len() + 10), 3, Precision::Int8).unwrap();
    for op in edges.chain(sampled) {
        let ran = optimized_operators(&runtime, &crate::onnx::op_model(&op, 7).unwrap());
        // What has no integer form, ReLUs aside, is converted to floats and back; nothing else is.
        let relu = |layer: &Layer| matches!(layer, Layer::Activation(Activation::Relu | Activation::Relu6));
        let converted = |layer: &Layer| !layer.has_integer_form() && !relu(layer);
        let conversions = ran.iter().filter(|name| *name == "DequantizeLinear").count();
        let expected = op.graph().layers().filter(|placed| converted(&placed.layer)).count();
        assert_eq!(conversions, expected, "{op}: {ran:?}");
        assert!(!ran.iter().any(|name| in_floats.contains(&name.as_str())), "{op}: {ran:?}");
    }
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn every_profiled_run_is_found_node_by_node() {
    const RUNS: usize = 30;
    let runtime = OnnxRuntime::load(Some(library())).unwrap();
    let space = crate::spec::SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let network = space.baseline().unwrap();
    let onnx = crate::onnx::network_model(&network, 0).unwrap();
    let mut traced = runtime.prepare_traced(Model::whole("net", &onnx), 1).unwrap();
    assert!(traced.most_runs() >= RUNS);
    let clock = std::time::Instant::now();
    for _ in 0..RUNS {
        traced.run_plain().unwrap();
        traced.run_traced(super::super::NodeClock::Wall).unwrap();
    }
    let both_ns = clock.elapsed().as_nanos() as f64;
    let trace = traced.finish().unwrap();
    let names: Vec<&str> = trace.nodes.iter().map(|node| node.name.as_str()).collect();
    assert!(
        trace.nodes.iter().all(|node| node.run_ns.len() == RUNS && !node.operator.is_empty()),
        "{names:?}"
    );
    // A node's cost is at least a clock reading, and the nodes of all runs cannot take longer than all runs.
    assert!(trace.node_cost_ns > 0.0);
    let all_ns: f64 = trace.nodes.iter().flat_map(|node| &node.run_ns).sum();
    assert!(all_ns > 0.0 && all_ns < both_ns, "{all_ns} of {both_ns}");
    // Every layer with weights has a time: all multiply-accumulates are found.
    let outline = crate::onnx::Outline::read(&onnx).unwrap();
    assert!(names.len() >= outline.ops.len(), "{names:?}");
}

/// The cores each thread of this process may use, by thread.
#[cfg(target_os = "linux")]
fn allowed_by_thread() -> std::collections::BTreeMap<String, String> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let allowed = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim().to_owned();
        Some((path.file_name()?.to_str()?.to_owned(), list))
    };
    threads.filter_map(allowed).collect()
}

/// Nanoseconds a thread had a processor.
#[cfg(target_os = "linux")]
fn ran_ns(thread: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn worker_threads_stay_on_the_cores_they_were_pinned_to_and_work() {
    // In a thread of its own: other tests keep their cores. Run alone, so that the new threads are the runtime's.
    std::thread::spawn(|| {
        let Ok(cpus) = crate::device::pin(None, 2) else { return };
        let list = match cpus[1] - cpus[0] {
            1 => format!("{}-{}", cpus[0], cpus[1]),
            _ => format!("{},{}", cpus[0], cpus[1]),
        };
        let runtime = OnnxRuntime::load(Some(library())).unwrap();
        let op: crate::spec::OpSpec = "conv-56x56x64-o64-k3-s1-relu6".parse().unwrap();
        let onnx = crate::onnx::op_model(&op, 7).unwrap();
        let before = allowed_by_thread();
        let mut runnable = runtime.prepare(Model::whole("conv", &onnx), 2).unwrap();
        let workers: Vec<(String, String)> =
            allowed_by_thread().into_iter().filter(|(thread, _)| !before.contains_key(thread)).collect();
        assert!(!workers.is_empty(), "two threads, but no worker was started");
        for _ in 0..50 {
            runnable.run().unwrap();
        }
        let pinned: Vec<_> = workers.iter().filter(|(_, allowed)| *allowed == list).collect();
        assert!(!pinned.is_empty(), "pinned to {list}, but the workers to {workers:?}");
        assert!(pinned.iter().any(|(thread, _)| ran_ns(thread) > 1_000_000), "no worker worked");
    })
    .join()
    .unwrap();
}
