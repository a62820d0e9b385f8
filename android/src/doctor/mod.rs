//! What phones say of themselves, and what of it would spoil measurements.
//!
//! One call of the phone's shell prints everything ([`Answers`]); files of `/proc` and `/sys` among it are read by the
//! profiler's own eyes, as if they were this computer's. [`examine`] turns the [`Condition`] into findings.

mod answers;
mod condition;
mod examine;

pub(crate) use answers::Answers;
pub(crate) use condition::Condition;
pub(crate) use examine::examine;
