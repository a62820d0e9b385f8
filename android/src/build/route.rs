use super::{Library, Plan, debian, musl, ndk};
use clap::ValueEnum;
use serde::Serialize;
use std::fmt;

/// A way to build for arm64, in the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    /// Android's native development kit
    Ndk,
    /// Static, with musl: rustup's target and cargo-zigbuild
    Musl,
    /// The cross toolchain of Debian's packages: static, with glibc; for ONNX Runtime glibc comes beside it
    Debian,
}

/// Why a route does not work here, and what would make it work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{route}: {reason}")]
pub(crate) struct Refusal {
    pub(crate) route: Route,
    pub(crate) reason: String,
}

impl Route {
    pub(crate) const ALL: [Self; 3] = [Self::Ndk, Self::Musl, Self::Debian];

    /// What this route would do, for a profiler that can load these libraries. Looks around on this computer, and changes
    /// nothing.
    pub(crate) fn plan(self, libraries: &[Library]) -> Result<Plan, Refusal> {
        let planned = match self {
            Self::Ndk => ndk::plan(libraries),
            Self::Musl => musl::plan(libraries),
            Self::Debian => debian::plan(libraries),
        };
        planned.map_err(|reason| self.refuse(reason))
    }

    pub(crate) fn refuse(self, reason: String) -> Refusal {
        Refusal { route: self, reason }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ndk => "ndk",
            Self::Musl => "musl",
            Self::Debian => "debian",
        })
    }
}
