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
