//! The profiler at work on a phone: what is put there, how it runs, how a lost phone is taken up again, and what comes
//! back.

mod arguments;
mod event;
mod folder;
mod live;
mod result;
mod run;
mod show;

pub(crate) use arguments::{Arguments, Word};
pub(crate) use event::{Event, Phase};
pub(crate) use folder::Folder;
pub(crate) use folder::free_kib;
pub(crate) use result::read_result;
pub(crate) use run::{Job, Report};
pub(crate) use show::{Rows, Show};
