//! The profiler at work on a phone: what is put there, how it runs, how a lost phone is taken up again, and what comes
//! back.

mod arguments;
mod event;
mod folder;
mod live;
mod result;
mod run;
mod show;

pub use arguments::{Arguments, Word};
pub use event::{Event, Phase};
pub(crate) use folder::free_kib;
pub use folder::{Folder, PLACE};
pub use result::read_result;
pub use run::{Job, Report};
pub use show::{Rows, Show};
