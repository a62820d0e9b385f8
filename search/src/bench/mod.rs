//! What a supernet's steps cost beside those of a plain network, in time and memory, as ratios with goals.
//!
//! Times are taken in turns in one process; memory in a process per kind of step, because a process keeps what it once
//! had. The [`Report`] is written after every part, so that a stopped bench resumes.

mod kept;
mod memory;
mod report;
mod steps;

pub(crate) use memory::{Kind, Memory, measure_memory};
pub(crate) use report::{Ratio, Report, Settings};
pub(crate) use steps::{StepTimes, time_steps};
