use serde::Serialize;
use std::fmt;

/// The C library that a dynamic program or a shared library is made for. One process holds one of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CLibrary {
    /// Android's own
    Bionic,
    /// That of most Linux distributions
    Glibc,
}

impl CLibrary {
    /// The one among the libraries that a file needs.
    pub(super) fn among(needed: &[String]) -> Option<Self> {
        needed.iter().find_map(|name| match name.as_str() {
            "libc.so" => Some(Self::Bionic),
            "libc.so.6" => Some(Self::Glibc),
            _ => None,
        })
    }
}

impl fmt::Display for CLibrary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bionic => "Android's C library (libc.so)",
            Self::Glibc => "glibc (libc.so.6)",
        })
    }
}
