//! What models are fitted on.

mod hold_out;
mod import_session;
mod measurements;
mod repeat;
mod sample;

pub(crate) use hold_out::{Subjects, draw_hold_out};
pub(crate) use import_session::ImportSession;
pub(crate) use measurements::TableFacts;
pub use measurements::{Emulation, Measurements, Mixing};
pub(crate) use repeat::{OpRepeats, Repeat, Repeats};
pub(crate) use sample::{Sample, op_samples};
pub(crate) use sample::{combine, merge, noisy};
