//! Predicts an ONNX network layer by layer; ops of which nothing was measured are guessed at, with a wide interval.

use std::{env, error::Error, fs, path::Path};

use predictor::{LatencyModel, OnnxNetwork, Unknown};
use profiler::onnx::InputShapes;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let model = arguments.next().unwrap_or_else(|| "model.json".to_owned());
    let file = arguments.next().unwrap_or_else(|| "network.onnx".to_owned());
    let model = LatencyModel::read(Path::new(&model))?;
    let network = OnnxNetwork::read(&file, &fs::read(&file)?, &InputShapes::new())?;
    let report = model.predict_onnx(&network, Unknown::Guess)?;
    for layer in &report.layers {
        println!("{:8.4} ms  {}", layer.in_network_ms, layer.op);
    }
    println!("{:8.4} ms  for every network", report.constant_ms);
    let whole = report.prediction;
    println!("{file}: {} ({} to {})", whole.latency, whole.low, whole.high);
    Ok(())
}
