//! What memory a table of the whole space needs.

use super::run::{Found, Job};
use super::{BenchError, Goal, Ratio, Unit};

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let table = job.table_of_another_process()?;
    let (part, backend) = (job.part, job.backend.name().to_owned());
    let no_figure = |name: &str| BenchError::NoFigure {
        part,
        backend,
        name: name.to_owned(),
        base: "the system does not say (VmHWM in /proc/self/status)".to_owned(),
    };
    let name = "peak resident memory";
    let kib = table.session.peak_memory_kib.ok_or_else(|| no_figure(name))?;
    let ops = table.rows.len() / 2;
    Ok(Found {
        ratios: vec![Ratio::with_goal(
            name,
            kib as f64 / 1024.0,
            Unit::Mebibytes,
            // 300 MB in bytes of 10⁶.
            Goal::AtMost(300e6 / 1_048_576.0),
            format!("of `profiler run` in a process of its own, {ops} ops; goal 300 MB"),
        )],
        ..Found::default()
    })
}
