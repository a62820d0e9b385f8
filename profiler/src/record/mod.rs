//! The files that stages hand to each other: measurement table (CSV), session, architecture (JSON).
//!
//! Each carries its format and version and is refused when they are unknown. All are written to a temporary file that
//! is then renamed, so that a reader never sees half of one.

mod anchors;
mod apart;
mod architecture_file;
mod atomic;
mod document;
mod error;
mod given_inputs;
mod known_speed;
mod machine_change;
mod model_inputs;
mod numpy;
mod output_check;
mod repeat;
mod row;
mod session;
mod speed_levels;
mod table;

#[cfg(test)]
pub(crate) use anchors::tests::anchors_of;
pub use anchors::{Anchor, Anchors};
pub use apart::check_apart;
pub use architecture_file::{read_architecture, write_architecture};
pub use atomic::{TEMPORARY_PREFIX, write_atomic};
pub use document::{read_bytes, read_document, read_text, write_document};
pub use error::{ReadError, WriteError};
pub use given_inputs::GivenInputs;
pub use known_speed::{
    KNOWN_SPEED_VARIABLE, KnownSpeed, KnownSpeedError, copy_known_speeds, known_speed_folder,
};
pub use machine_change::{AnchorFigure, Change, MachineChange};
pub use model_inputs::ModelInputs;
pub use output_check::{NotCompared, OutputCheck};
pub use repeat::{OpRepeats, Repeat};
pub use row::{Cache, Level, Row, RowError, Status, TABLE_VERSION};
pub use session::{
    Conditions, Difference, EMULATED_BY, Reference, Runtime, Session, SpeedReport, read_session,
    session_path, write_session,
};
pub use speed_levels::Shortfall;
pub use table::{read_table, write_table};
