//! Whether this program's instructions are run by an emulator: figures are no timings of any device then.

use std::path::Path;

use super::{android_property, root::Root};

/// What emulates the processor that this program runs on; `None` on a real one.
///
/// A user-mode emulator (qemu-user) gives this program's own path for `/proc/self/exe`, which it knows programs to ask
/// for, while the kernel names the emulator for the thread. Android's emulator says so in a property; its figures are no
/// phone's, virtualised or emulated.
pub fn emulator() -> Option<String> {
    let by_property = || {
        let set = |name| android_property(name).is_some_and(|value| value == "1");
        (set("ro.kernel.qemu") || set("ro.boot.qemu")).then(|| "Android's emulator".to_owned())
    };
    interpreter(Path::new("/")).or_else(by_property)
}

/// The program that the kernel runs in this one's place.
fn interpreter(root: &Path) -> Option<String> {
    let root = Root::new(root);
    let (claimed, run) = (root.link("proc/self/exe")?, root.link("proc/thread-self/exe")?);
    let name = || run.file_name().map_or_else(|| run.display().to_string(), |n| n.to_string_lossy().into());
    (claimed != run).then(name)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn another_program_in_this_ones_place_is_named() {
        let root = tempfile::tempdir().unwrap();
        let link = |name: &str, to: &str| {
            let path = root.path().join("proc").join(name).join("exe");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(to, path).unwrap();
        };
        assert_eq!(interpreter(root.path()), None, "what cannot be read is no evidence");
        link("self", "/data/local/tmp/profiler");
        link("thread-self", "/usr/bin/qemu-aarch64-static");
        assert_eq!(interpreter(root.path()).as_deref(), Some("qemu-aarch64-static"));
    }

    #[test]
    fn this_test_runs_on_a_real_processor_or_its_emulator_is_named() {
        // Tests are built for the machine they run on, save where someone emulates on purpose.
        assert_eq!(interpreter(Path::new("/")), None);
    }
}
