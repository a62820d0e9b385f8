//! What LiteRT's profiler notes.
#![allow(unsafe_code, reason = "a C interface")]

use std::ffi::CStr;
use std::ptr::null_mut;

use super::api::{Handle, RawEvent, check, get};
use super::compiled::Compiled;

/// Who ran an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// LiteRT itself: the node of this index in the file.
    LiteRt(usize),
    /// XNNPACK.
    Xnnpack,
}

/// An op's run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// What whoever ran it calls it.
    pub(super) tag: String,
    pub(super) by: By,
    pub(super) ns: f64,
}

impl Compiled {
    fn profiler(&self) -> Result<Handle, String> {
        let profiler = get!(self.model.runtime.api, profiler(self.model.handle) from null_mut())?;
        if profiler.is_null() { Err("it was compiled without a profiler".to_owned()) } else { Ok(profiler) }
    }

    /// Runs once; what the profiler noted of each op, in running order.
    pub(super) fn run_profiled(&mut self) -> Result<Vec<Event>, String> {
        let profiler = self.profiler()?;
        // SAFETY: it lives as long as the compiled model. Whatever was noted before is forgotten.
        check("start_profiler", unsafe { (self.model.runtime.api.start_profiler)(profiler) })?;
        let run = self.run();
        let api = &self.model.runtime.api;
        // SAFETY: as above.
        check("stop_profiler", unsafe { (api.stop_profiler)(profiler) })?;
        run?;
        let count = get!(api, count_events(profiler) from 0)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut raw = vec![RawEvent::NONE; usize::try_from(count).unwrap_or(0)];
        // SAFETY: room for `count` events.
        check("events", unsafe { (api.events)(profiler, count, raw.as_mut_ptr()) })?;
        Ok(raw.iter().filter_map(Event::of).collect())
    }
}

impl Event {
    /// `None` for what is no op, such as phases of a run.
    fn of(raw: &RawEvent) -> Option<Self> {
        const NODE: i32 = 2;
        const DELEGATED: i32 = 8;
        // XNNPACK cuts an op's time off to whole microseconds: half of one is missing on average.
        const CUT_OFF_NS: f64 = 500.0;
        let (by, missing_ns) = match raw.kind {
            NODE => (By::LiteRt(usize::try_from(raw.metadata[0]).ok()?), 0.0),
            DELEGATED => (By::Xnnpack, CUT_OFF_NS),
            _ => return None,
        };
        // SAFETY: a C string of the profiler's, which has not been started again since.
        let tag = unsafe { CStr::from_ptr(raw.tag) }.to_string_lossy().into_owned();
        Some(Self { tag, by, ns: raw.elapsed_us as f64 * 1e3 + missing_ns })
    }
}
