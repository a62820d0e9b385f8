//! What models are fitted on.

mod believable;
mod hold_out;
mod import_session;
mod measurements;
mod sample;

pub(crate) use believable::believable;
pub(crate) use hold_out::{Subjects, draw_hold_out};
pub(crate) use import_session::ImportSession;
pub(crate) use measurements::TableFacts;
pub use measurements::{Emulation, Measurements, Mixing};
pub(crate) use sample::{OpRepeats, Repeat, Repeats, Sample, merge, noisy, op_samples};
