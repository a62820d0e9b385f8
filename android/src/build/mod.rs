//! The profiler as a program for arm64 phones, by the first route that works on this computer.
//!
//! | route | result | needs |
//! |---|---|---|
//! | `ndk` | dynamic, Android's own libc | Android's NDK, rustup target `aarch64-linux-android` |
//! | `musl` | static | `cargo-zigbuild` and zig, rustup target `aarch64-unknown-linux-musl` |
//! | `debian` | static | Debian's packages only; fetched without root into the user's cache folder |
//!
//! A static program runs on any arm64 phone, and has tract only: it can load no library. The NDK's is dynamic and loads
//! ONNX Runtime's when it is given.

mod built;
mod debian;
mod musl;
mod ndk;
mod plan;
mod program;
mod route;
mod source;

pub use built::{Built, build};
pub use plan::{Plan, Toolchain};
pub use program::{Linking, Program};
pub use route::{Refusal, Route};
pub use source::Source;
