//! The test phone, for tests that run inside of `android test-phone --phones 2 -- …`; `./test.sh` does so.

use crate::checkout;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// One of the test phones.
#[derive(Clone, Debug)]
pub struct Phone {
    /// What `adb -s` takes.
    pub serial: String,
}

/// A space whose ops take an emulated processor a millisecond or two.
pub const TINY_SPACE: &str = r#"
format = "tailor-space"
version = 1
name = "tiny"
resolution = 28
input_channels = 1
classes = 10
activation = "relu6"
kernels = [3, 5]
expansions = [1, 3]
skip = true
stem = { channels = 8, kernel = 3, stride = 2 }
first = { channels = 8, kernel = 3 }
head = { channels = 16 }

[[stage]]
channels = 8
blocks = 3
stride = 2
"#;

/// A machine that emulates another is slow; this only bounds how long a failing test hangs.
const LONG: Duration = Duration::from_secs(120);

impl Phone {
    /// The phone of this number, from 0, with nothing in its folder for programs.
    pub fn number(index: usize) -> Self {
        let serials = std::env::var("TAILOR_TEST_PHONES").expect("run inside of `android test-phone`");
        let serial = serials.split(' ').nth(index).expect("run with --phones 2").to_owned();
        let phone = Self { serial };
        phone.wait();
        phone.shell("rm -rf /data/local/tmp/* /data/answers/preload.so");
        phone
    }

    /// Waits until it answers.
    pub fn wait(&self) {
        until("the phone answers", || {
            let _ = adb(&["connect", &self.serial]).output();
            self.shell("echo ready") == "ready"
        });
    }

    /// What a command prints there, without the last line's end.
    pub fn shell(&self, command: &str) -> String {
        let output = adb(&["-s", &self.serial, "shell", command]).output().expect("adb runs");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Tailor's folders on it.
    pub fn folders(&self) -> Vec<String> {
        self.shell("ls -d /data/local/tmp/tailor-* 2>/dev/null").lines().map(str::to_owned).collect()
    }

    /// Whole lines of the journal on it; none before there is one.
    pub fn journal(&self) -> Vec<String> {
        // The end mark shows whether the last line was whole.
        let text = self.shell("cat /data/local/tmp/tailor-*/out/*.journal.jsonl 2>/dev/null; echo end");
        let text = text.strip_suffix("end").unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    }

    /// Profilers at work on it.
    pub fn profilers(&self) -> usize {
        let listed = self.shell("for p in /proc/[0-9]*; do cat $p/cmdline 2>/dev/null; echo; done");
        let is_one = |line: &&str| line.contains("/data/local/tmp/tailor-") && line.contains("/profiler\0");
        listed.lines().filter(is_one).count()
    }

    /// `android COMMAND` with this phone and a profiler that is built, if it is not yet, to load ONNX Runtime's library.
    pub fn android_with_onnxruntime(&self, command: &str, library: &Path) -> Command {
        let mut android = crate::command("android");
        android.arg(command).args(["--serial", &self.serial, "--source"]).arg(checkout());
        android.arg("--onnxruntime").arg(library).env_remove("TAILOR_ARM64_PROFILER");
        android
    }

    /// Ends adbd as Android's out-of-memory killer would; its keeper starts it again.
    pub fn kill_adbd(&self) {
        self.shell("kill -9 $PPID");
    }

    /// Starts adbd anew, so that it and the programs of this computer's kind that it starts load `library`.
    pub fn preload(&self, library: &Path) {
        let there = "/data/answers/preload.so";
        let pushed = adb(&["-s", &self.serial, "push"]).arg(library).arg(there).output().expect("adb runs");
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        self.kill_adbd();
        self.wait();
    }

    /// `android COMMAND` with this phone and the arm64 profiler that is built already.
    pub fn android(&self, command: &str) -> Command {
        let mut android = crate::command("android");
        android.arg(command).args(["--serial", &self.serial, "--program"]).arg(arm64_profiler());
        android
    }
}

/// The profiler for arm64, as `android build` made it.
pub fn arm64_profiler() -> PathBuf {
    std::env::var_os("TAILOR_ARM64_PROFILER").expect("TAILOR_ARM64_PROFILER is set").into()
}

/// ONNX Runtime's library for arm64 and glibc, as `tests/setup/onnxruntime.sh arm64` gets it.
pub fn arm64_onnxruntime() -> PathBuf {
    std::env::var_os("TAILOR_ARM64_ONNXRUNTIME").expect("TAILOR_ARM64_ONNXRUNTIME is set").into()
}

/// Stdout and stderr of what must go well.
pub fn done(command: &mut Command) -> (String, String) {
    let output = command.output().expect("the command starts");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {stderr}");
    (stdout, stderr)
}

/// The adb of the test phone.
pub fn adb(arguments: &[&str]) -> Command {
    let mut adb = Command::new("adb");
    adb.args(arguments).stdin(Stdio::null());
    adb
}

/// Waits for something that takes a while.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < LONG, "waited two minutes, and still not: {what}");
        thread::sleep(Duration::from_millis(100));
    }
}
