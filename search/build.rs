//! Lets this package's programs and tests find libtorch where it was linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB")
        && os != "windows"
    {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if os == "linux" {
        // Nothing calls libtorch_cuda by name, so the linker would drop it where it is present.
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo:rustc-link-arg=-ltorch");
    }
}
