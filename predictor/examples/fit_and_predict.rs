//! Fits a latency model to a measured table, and predicts an op and a network that are not in it.

use std::{env, error::Error, path::Path};

use predictor::{Emulation, FitOptions, LatencyModel, Measurements, Mixing};
use profiler::spec::SpaceFile;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let table = arguments.next().unwrap_or_else(|| "table.csv".to_owned());
    let file = arguments.next().unwrap_or_else(|| "model.json".to_owned());
    let measurements = Measurements::read(&[table.into()], Mixing::Refuse, Emulation::Refuse)?;
    let model = LatencyModel::fit(&measurements, &FitOptions::default())?;
    model.write(Path::new(&file))?;
    let op = model.predict(&"mbconv-14x14x16-o32-e5-k5-s2-relu6".parse()?)?;
    println!("the op: {} ({} to {})", op.latency, op.low, op.high);
    let network = SpaceFile::built_in("proxylessnas-small")?.resolve()?.baseline()?;
    let network = model.predict_architecture(&network)?;
    println!("the network: {} ({} to {})", network.latency, network.low, network.high);
    network.flags.iter().for_each(|flag| println!("note: {flag}"));
    Ok(())
}
