//! Tells the library what it is built for: the session's record names the build.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for (name, from) in [("TAILOR_TARGET", "TARGET"), ("TAILOR_TARGET_FEATURES", "CARGO_CFG_TARGET_FEATURE")]
    {
        println!("cargo::rustc-env={name}={}", std::env::var(from).unwrap_or_default());
    }
}
