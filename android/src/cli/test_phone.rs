use crate::{error::AndroidError, test_phone};
use clap::Args;
use std::process::ExitCode;

/// Runs a command against an emulated phone: a real adbd and an emulated arm64 processor, in namespaces.
///
/// The phone is made of Debian's packages once, without root, and kept in the cache folder. The command finds adb in
/// its PATH and in TAILOR_ADB, and the serials in TAILOR_TEST_PHONES. It has no network but the phones: in a
/// checkout of Tailor, crates and the toolchain for arm64 are fetched before, and for its quickstart.sh all else it needs.
/// Timings on it mean nothing: its sessions say `emulated`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  android test-phone -- android profile --space proxylessnas-small -o table.csv\n  android test-phone -- bash\n\nExit code: the command's; 1 if there can be no test phone on this computer."
)]
pub(super) struct TestPhone {
    /// How many phones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    phones: u8,
    /// Command and arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl TestPhone {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        test_phone::run(self.phones, &self.command).map(ExitCode::from)
    }
}
