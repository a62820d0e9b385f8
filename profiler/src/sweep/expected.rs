//! What a session may expect of its machine's speed, and what is kept of what it found.

use std::path::Path;

use super::references::reference_names;
use crate::device::Device;
use crate::record::{Anchors, Conditions, KnownSpeed, Session};

/// What earlier sessions say of the machine.
pub(super) struct Expected {
    known: Option<KnownSpeed>,
    /// What a reader should know: a cache is no reason to fail.
    warning: Option<String>,
}

impl Expected {
    /// Looks into the folder of known speeds, if there is one.
    pub(super) fn read(folder: Option<&Path>, conditions: &Conditions, device: &Device) -> Self {
        match folder.map_or(Ok(None), |folder| KnownSpeed::read(folder, conditions, device)) {
            Ok(known) => Self { known, warning: None },
            Err(error) => {
                let warning = format!(
                    "this machine's known speed cannot be told: {error}; delete that file to start anew"
                );
                Self { known: None, warning: Some(warning) }
            }
        }
    }

    /// What each reference takes at the known speed, in nanoseconds; of those that have none, what it took when the anchors were
    /// measured.
    pub(super) fn references_ns(&self, anchors: Option<&Anchors>) -> Vec<Option<f64>> {
        let of_anchors = |name: &str| {
            let references = anchors.map_or(&[][..], |anchors| &anchors.references);
            Some(references.iter().find(|reference| reference.name == name)?.fast.hot_ns)
        };
        let known = |name| self.known.as_ref().and_then(|known| known.level_ns(name));
        reference_names().map(|name| known(name).or_else(|| of_anchors(name))).collect()
    }

    /// Keeps a session's levels. Returns what a reader of its table should know.
    pub(super) fn keep(self, session: &Session) -> Vec<String> {
        let references = session.speed.references.iter();
        let levels_ns = references.map(|known| (known.name.clone(), known.fast.hot_ns)).collect();
        let (mut slower, mut not_kept) = (None, None);
        if let Some(mut known) = self.known {
            slower = known.judge(&levels_ns).map(|shortfall| shortfall.warning());
            slower = slower.or_else(|| slowed_warning(&known.slowed(&levels_ns)));
            let added = known.add(&session.id, &session.finished, &levels_ns);
            not_kept = added.err().map(|error| format!("this session's speed could not be kept: {error}"));
        }
        self.warning.into_iter().chain(slower).chain(not_kept).collect()
    }
}

/// What a reader should know of references that others slowed, when the whole machine was not slower.
fn slowed_warning(slowed: &[(String, f64)]) -> Option<String> {
    let named = |(name, ratio): &(String, f64)| format!("{name} (by {:.0} %)", 100.0 * (ratio - 1.0));
    let named: Vec<String> = slowed.iter().map(named).collect();
    (!named.is_empty()).then(|| {
        format!(
            "the machine was slower than it is known to be at some kinds of work: {}; figures of such work may be \
             as much too slow",
            named.join(", ")
        )
    })
}
