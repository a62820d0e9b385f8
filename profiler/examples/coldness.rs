//! How cold an op's first run is after all others, after an eviction, and after few others: what
//! `Protocol::min_round_size` rests on.
//!
//! `cargo run --release --workspace --example coldness -- tract`, or `-- onnxruntime LIBRARY`. The ops of the mobile space
//! have turns in an order shuffled every round: all of them, of five runs; all with the caches evicted before each turn, of one
//! run; and twelve at a time, of one run, as subjects have whose hot time is known already. Printed is the first run's median
//! over 30 turns as a ratio to that after all others, over the ops.

use std::{env, time::Instant};

use profiler::backend::{Backend, BackendOptions, Runnable, open};
use profiler::device::largest_cache_bytes;
use profiler::measure::{CacheEvictor, Subject, SubjectFailure, median, quantile};
use profiler::spec::SpaceFile;
use profiler::sweep::plan_ops;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

const TURNS: usize = 30;
const RUNS: usize = 5;
const FEW: usize = 12;

/// First runs in nanoseconds, by op.
type Firsts = Vec<Vec<f64>>;

/// A round of some ops: a turn of so many runs each, after `prepare`.
fn round(
    ops: &mut [Box<dyn Runnable>],
    order: &[usize],
    runs: usize,
    prepare: &mut dyn FnMut() -> Result<(), SubjectFailure>,
    firsts: &mut Firsts,
) -> Result<(), SubjectFailure> {
    for &op in order {
        prepare()?;
        let started = Instant::now();
        ops[op].run()?;
        firsts[op].push(started.elapsed().as_nanos() as f64);
        for _ in 1..runs {
            ops[op].run()?;
        }
    }
    Ok(())
}

fn load(backend: &dyn Backend) -> Result<Vec<Box<dyn Runnable>>, SubjectFailure> {
    let planned = plan_ops(&SpaceFile::built_in("proxylessnas-mobile")?.resolve()?)?;
    let load = |one: &profiler::sweep::Planned| backend.prepare(one.model(), 1);
    Ok(planned.iter().map(load).collect::<Result<_, _>>()?)
}

fn print(name: &str, firsts: &Firsts, all: &Firsts) {
    let ratio = |(a, b): (&Vec<f64>, &Vec<f64>)| Some(median(a)? / median(b)?);
    let ratios: Vec<f64> = firsts.iter().zip(all).filter_map(ratio).collect();
    let at = |q| quantile(&ratios, q).unwrap_or(f64::NAN);
    println!("{name:<24} {:.3} {:.3} {:.3} {:.3} {:.3}", at(0.0), at(0.05), at(0.5), at(0.95), at(1.0));
}

fn main() -> Result<(), SubjectFailure> {
    let name = env::args().nth(1).ok_or("name a backend: tract, or onnxruntime and its library")?;
    let libraries = env::args().nth(2).map(|path| (name.clone(), path.into())).into_iter().collect();
    let backend = open(&name, BackendOptions { libraries, mock: None })?;
    let mut ops = load(&*backend)?;
    let mut evictor = CacheEvictor::new(largest_cache_bytes());
    let mut random = Pcg64::seed_from_u64(0);
    let mut order: Vec<usize> = (0..ops.len()).collect();
    let [mut all, mut evicted, mut few] = [(); 3].map(|()| vec![Vec::new(); ops.len()]);
    // The three take turns, as the machine is not always as fast.
    for _ in 0..TURNS {
        order.shuffle(&mut random);
        round(&mut ops, &order, RUNS, &mut || Ok(()), &mut all)?;
        round(&mut ops, &order, 1, &mut || evictor.run(), &mut evicted)?;
        for group in order.chunks(FEW) {
            // The first round comes after others.
            let mut unused = vec![Vec::new(); ops.len()];
            round(&mut ops, group, 1, &mut || Ok(()), &mut unused)?;
            round(&mut ops, group, 1, &mut || Ok(()), &mut few)?;
        }
    }
    println!("first run / after all others: least, 5 %, median, 95 %, most of {} ops", ops.len());
    print("all, evicted before each", &evicted, &all);
    print("twelve at a time", &few, &all);
    Ok(())
}
