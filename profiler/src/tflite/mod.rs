//! TensorFlow Lite's files.

#![allow(dead_code, reason = "until the reader and the writer are there")]

mod builtin;
mod schema;
