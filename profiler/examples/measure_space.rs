//! Measures the ops of a search space and 20 of its networks into a table.

use std::{env, error::Error, ops::ControlFlow, path::Path, time::Duration};

use profiler::Profiler;
use profiler::backend::Tract;
use profiler::measure::Progress;
use profiler::spec::SpaceFile;
use profiler::sweep::{plan_networks, plan_ops};

fn main() -> Result<(), Box<dyn Error>> {
    let table = env::args().nth(1).unwrap_or_else(|| "table.csv".to_owned());
    let space = SpaceFile::built_in("proxylessnas-small")?.resolve()?;
    let mut subjects = plan_ops(&space)?;
    subjects.extend(plan_networks(&space, 20, 0)?);
    // If it breaks, or is killed, the same call resumes.
    let progress = |now: &Progress| {
        eprint!("\rround {}: {} of {} are known", now.round + 1, now.finished, now.subjects);
        ControlFlow::Continue(())
    };
    let profiler = Profiler::on(Tract).pinned()?.within(Duration::from_secs(20));
    let measured = profiler.measure_all(subjects, Path::new(&table), progress)?;
    println!("\n{table}: {} rows of {} runs", measured.rows.len(), measured.runs);
    measured.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    Ok(())
}
