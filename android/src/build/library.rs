use super::CLibrary;
use profiler::backend::{KNOWN_BACKENDS, KnownBackend};
use std::path::PathBuf;

/// The shared library of a runtime, for phones.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) runtime: &'static KnownBackend,
    pub(crate) path: PathBuf,
    pub(crate) made_for: CLibrary,
}

impl Library {
    /// Its name beside the profiler on a phone.
    pub(crate) fn name_on_phone(&self) -> String {
        format!("lib{}.so", self.runtime.name)
    }
}

/// The profiler's features for the runtimes that need no library, and for those that may have theirs.
pub(super) fn features(may_load: impl Fn(&KnownBackend) -> bool) -> String {
    let has = |known: &&KnownBackend| !known.is_emulated && (known.library.is_none() || may_load(known));
    let runtimes = KNOWN_BACKENDS.iter().filter(has).map(|known| known.name);
    std::iter::once("cli").chain(runtimes).collect::<Vec<_>>().join(",")
}

/// Whether programs on this C library can load the libraries.
pub(super) fn check_made_for(own: CLibrary, libraries: &[Library]) -> Result<(), String> {
    match libraries.iter().find(|library| library.made_for != own) {
        Some(Library { runtime, made_for, .. }) => Err(format!(
            "its programs run on {own}, and this library of {} is made for {made_for}",
            runtime.title
        )),
        None => Ok(()),
    }
}
