//! How many runs an op needs after others have run until its time falls no more: what `Protocol::settle_runs` rests on.
//!
//! `cargo run --release --workspace --example settling -- tract`, or `-- onnxruntime LIBRARY`. Each op runs 64 times after four
//! other ops of a mobile space have; printed is each run's median over 40 turns, as a ratio to the last sixteen.

use std::{env, error::Error, time::Instant};

use profiler::backend::{Backend, BackendOptions, Runnable, open};
use profiler::measure::median;
use profiler::sweep::plan_op;

const OPS: [&str; 6] = [
    "linear-1x1x1280-o1000",
    "conv-7x7x320-o1280-k1-s1-relu6",
    "mbconv-7x7x192-o320-e6-k5-s1-relu6",
    "mbconv-7x7x192-o192-e6-k5-s1-relu6-res",
    "mbconv-56x56x24-o24-e6-k5-s1-relu6-res",
    "mbconv-14x14x80-o80-e3-k3-s1-relu6-res",
];
const OTHERS: [&str; 4] = [
    "mbconv-112x112x16-o24-e3-k3-s2-relu6",
    "mbconv-28x28x40-o40-e6-k3-s1-relu6-res",
    "mbconv-56x56x24-o40-e6-k5-s2-relu6",
    "mbconv-14x14x96-o96-e6-k7-s1-relu6-res",
];
const TURNS: usize = 40;
const RUNS: usize = 64;
const LAST: usize = 48;
const SHOWN: [usize; 9] = [1, 2, 3, 4, 6, 10, 16, 24, 32];

fn load(backend: &dyn Backend, key: &str) -> Result<Box<dyn Runnable>, Box<dyn Error>> {
    let planned = plan_op(key.parse()?)?;
    Ok(backend.prepare(planned.model(), 1)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).ok_or("name a backend: tract, or onnxruntime and its library")?;
    let libraries = env::args().nth(2).map(|path| (name.clone(), path.into())).into_iter().collect();
    let backend = open(&name, BackendOptions { libraries, mock: None })?;
    let mut others = OTHERS.iter().map(|key| load(&*backend, key)).collect::<Result<Vec<_>, _>>()?;
    let mut ops = OPS.iter().map(|key| load(&*backend, key)).collect::<Result<Vec<_>, _>>()?;
    // By op and run, one time per turn.
    let mut times_ns = vec![vec![Vec::new(); RUNS]; OPS.len()];
    for _ in 0..TURNS {
        for (op, times_ns) in ops.iter_mut().zip(&mut times_ns) {
            for other in &mut others {
                other.run()?;
            }
            for run in times_ns {
                let started = Instant::now();
                op.run()?;
                run.push(started.elapsed().as_nanos() as f64);
            }
        }
    }
    println!("{:<41} {:>9}  run 1, 2, …", "op", "µs");
    for (key, times_ns) in OPS.iter().zip(&times_ns) {
        let steady = median(&times_ns[LAST..].concat()).ok_or("no run")?;
        let ratio = |run: usize| median(&times_ns[run - 1]).map(|ns| format!("{run}: {:.3}", ns / steady));
        let ratios: Vec<String> = SHOWN.into_iter().filter_map(ratio).collect();
        println!("{key:<41} {:>9.1}  {}", steady / 1e3, ratios.join("  "));
    }
    Ok(())
}
