//! The profiler as a program for arm64 phones, by the first route that works on this computer.
//!
//! | route | result | needs |
//! |---|---|---|
//! | `ndk` | dynamic, Android's own libc | Android's NDK, rustup target `aarch64-linux-android` |
//! | `musl` | static | `cargo-zigbuild` and zig, rustup target `aarch64-unknown-linux-musl` |
//! | `debian` | static, or dynamic with glibc beside it | Debian's packages only; fetched without root into the user's cache folder |
//!
//! A static program runs on any arm64 phone, and has tract only: it can load no library. ONNX Runtime's library decides
//! by the C library it is made for: the NDK's programs load that of its Android archive, Debian's dynamic ones that of its
//! Linux wheel, and bring the glibc along that phones lack.

mod built;
mod c_library;
mod debian;
mod elf;
mod glibc;
mod library;
mod musl;
mod ndk;
mod plan;
mod program;
mod route;
mod source;

pub(crate) use built::{Built, build, first};
pub(crate) use c_library::CLibrary;
pub(crate) use library::Library;
pub(crate) use plan::Plan;
pub(crate) use program::Program;
pub(crate) use route::{Refusal, Route};
pub(crate) use source::Source;
