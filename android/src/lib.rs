//! The way to a phone: which phones are there, and a profiler that runs on them.
//!
//! Phones are reached through the `adb` program, never a re-implementation of it, and always with argument vectors: no
//! text from a phone or a file is read by this computer's shell. What the phone's own shell must read is quoted for it.

mod adb;
mod build;
mod cache;
#[doc(hidden)]
pub mod cli;
mod connection;
mod doctor;
mod error;
mod inside;
mod job;
mod shell;
mod test_phone;
