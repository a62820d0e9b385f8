//! glibc for phones, which have none: it lies beside the program.

/// The loader that a program names, which the system looks for in the folder that it is started in.
pub(super) const LOADER_OF_PROGRAMS: &str = "./ld-linux-aarch64.so.1";

/// glibc's loader and libraries, and those of C++ that ONNX Runtime needs as well.
pub(super) const FILES: [&str; 8] = [
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
];
