use serde::Serialize;
use std::fmt;

/// How far `adb` gets with a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Connection {
    /// Commands run.
    Ready,
    /// The phone does not trust this computer yet.
    Unauthorized,
    /// adb knows it but gets no answer.
    Offline,
    /// The system does not let this user open it.
    NoPermission,
    /// Anything else: `recovery`, `sideload`, `bootloader`, `connecting`…, in adb's own word.
    Other(String),
}

impl Connection {
    /// What to do about it; nothing for a phone that is ready.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Ready => None,
            Self::Unauthorized => Some("unlock the phone and answer `Allow USB debugging?` with yes"),
            Self::Offline => Some("pull the cable out and in again, or `adb reconnect`"),
            Self::NoPermission => {
                Some("let your user open USB devices (Debian: android-sdk-platform-tools-common)")
            }
            Self::Other(_) => Some("wait for it, or start Android on it"),
        }
    }
}

impl From<&str> for Connection {
    fn from(word: &str) -> Self {
        match word {
            "device" => Self::Ready,
            "unauthorized" => Self::Unauthorized,
            "offline" => Self::Offline,
            word if word.starts_with("no permissions") => Self::NoPermission,
            word => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ready => "ready",
            Self::Unauthorized => "unauthorized",
            Self::Offline => "offline",
            Self::NoPermission => "no permission",
            Self::Other(word) => word,
        })
    }
}
