//! E[latency] of a search space whose blocks choose by chance, and its gradient: what a search adds to its loss.

use std::{env, error::Error, path::Path};

use predictor::{ExpectedLatency, LatencyModel};
use profiler::spec::SpaceFile;

fn main() -> Result<(), Box<dyn Error>> {
    let model = env::args().nth(1).unwrap_or_else(|| "model.json".to_owned());
    let model = LatencyModel::read(Path::new(&model))?;
    let space = SpaceFile::built_in("proxylessnas-small")?.resolve()?;
    let expected = ExpectedLatency::of_space(&model.additive(), &space)?;
    // Architecture parameters: equal ones make every candidate of a block as likely.
    let mut alphas: Vec<Vec<f64>> = expected.blocks_ms.iter().map(|block| vec![0.0; block.len()]).collect();
    for step in 0..5 {
        let (ms, gradient) = expected.by_parameters(&alphas)?;
        println!("step {step}: E[latency] = {ms:.4} ms");
        for (alpha, slope) in alphas.iter_mut().flatten().zip(gradient.iter().flatten()) {
            *alpha -= 10.0 * slope;
        }
    }
    Ok(())
}
