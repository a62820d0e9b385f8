//! The way to a phone: which phones are there, and a profiler that runs on them.
//!
//! Phones are reached through the `adb` program, never a re-implementation of it, and always with argument vectors: no
//! text from a phone or a file is read by this computer's shell. What the phone's own shell must read is quoted by
//! [`quote_for_phone`].

pub mod adb;
pub mod build;
mod cache;
#[doc(hidden)]
pub mod cli;
mod connection;
pub mod doctor;
mod error;
mod inside;
pub mod job;
mod shell;
pub mod test_phone;

pub use error::AndroidError;
pub use shell::quote_for_phone;
