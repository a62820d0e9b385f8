//! The tables of a GPU delegate's ops and of the networks they are of.

use std::collections::BTreeMap;

use profiler::{record::ReadError, spec::FeatureMap};

use super::Bench;
use crate::{Elementwise, OpFeatures, PredictorError, Primitive, Window, import::Columns};

/// Name of the table of ops.
pub(super) const TABLE: &str = "mobile_gpu_ops";
/// Name of the table of networks.
pub(super) const NETWORKS: &str = "mobile_gpu_networks";

/// An op of a network as one phone ran it.
pub(super) struct GpuOp {
    pub(super) network: String,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) features: OpFeatures,
    pub(super) latency_ms: f64,
}

fn table(bench: &Bench<'_>, name: &str) -> Result<(Columns, Vec<csv::StringRecord>), PredictorError> {
    let path = bench.folder.join(format!("{name}.csv"));
    let content = |e: csv::Error| ReadError::Content { path: path.clone(), reason: e.to_string() };
    let mut reader = csv::Reader::from_path(&path).map_err(content)?;
    let heads = reader.headers().map_err(content)?.clone();
    let columns = Columns::new(&heads.iter().collect::<Vec<_>>(), &[]).map_err(PredictorError::CannotFit)?;
    Ok((columns, reader.records().collect::<Result<_, _>>().map_err(content)?))
}

/// Mean latency of each network, milliseconds.
pub(super) fn read_networks(bench: &Bench<'_>, phone: &str) -> Result<BTreeMap<String, f64>, PredictorError> {
    let (columns, records) = table(bench, NETWORKS)?;
    let network = |record: &csv::StringRecord| {
        let record = columns.record(record.iter().collect());
        Ok((record.text("model")?.to_owned(), record.above_zero(&format!("{phone}_mean_us"))? * 1e-3))
    };
    records.iter().map(network).collect::<Result<_, String>>().map_err(PredictorError::CannotFit)
}

/// Ops of all networks as a phone ran them.
pub(super) fn read_ops(bench: &Bench<'_>, phone: &str) -> Result<Vec<GpuOp>, PredictorError> {
    let (columns, records) = table(bench, TABLE)?;
    let op = |record: &csv::StringRecord| {
        let record = columns.record(record.iter().collect());
        let feature = dictionary(record.text("feature")?);
        let (kernel, linked) = kernel(record.text(&format!("{phone}_kernel"))?);
        let layers = layers(record.text("operation")?, &feature, &linked)?;
        let input = layers.0;
        let output = layers.1.last().map_or(input, Primitive::output);
        Ok(GpuOp {
            network: record.text("model")?.to_owned(),
            key: format!("{} {kernel} {feature:?} {linked:?}", record.text("operation")?),
            kind: kernel,
            features: OpFeatures::of_layers(input, output, &layers.1),
            latency_ms: record.above_zero(&format!("{phone}_us"))? * 1e-3,
        })
    };
    records.iter().map(op).collect::<Result<_, String>>().map_err(PredictorError::CannotFit)
}

/// `{'Input_shape': '224', 'Input_channel': 3}` as names and numbers; what is no number is left out.
fn dictionary(text: &str) -> BTreeMap<String, u32> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        let bare = |text: &str| text.trim().trim_matches('\'').to_owned();
        let name = bare(name);
        // What it computes follows from the others.
        (name != "FLOPS").then_some(())?;
        Some((name, bare(value).parse().ok()?))
    };
    text.trim_matches(['{', '}']).split(", ").filter_map(pair).collect()
}

/// `base_12_linked_:_relu_13_linked_:_add_14` as the base and the ops linked behind it.
fn kernel(text: &str) -> (String, Vec<String>) {
    let name = |part: &str| {
        let bare = part.trim_matches('_');
        match bare.rsplit_once('_') {
            Some((name, index)) if index.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => bare.to_owned(),
        }
    };
    let mut parts = text.split("linked_:_");
    let base = name(parts.next().unwrap_or_default());
    (base, parts.map(name).collect())
}

/// The map read and the layers: the op and what is linked behind it.
fn layers(
    operation: &str,
    feature: &BTreeMap<String, u32>,
    linked: &[String],
) -> Result<(FeatureMap, Vec<Primitive>), String> {
    let get = |name: &str| feature.get(name).copied();
    let map = |side: Option<u32>, channels: Option<u32>| {
        let (side, channels) = (side.unwrap_or(1), channels.ok_or("no channels")?);
        FeatureMap::new(side, side, channels).map_err(|e| e.to_string())
    };
    let channels = get("Input_channel");
    let input = map(get("Input_shape"), channels)?;
    let (kernel, stride) = (get("Kernel").unwrap_or(1).max(1), get("Stride").unwrap_or(1).max(1));
    let conv = |output, groups| Primitive::Conv { input, output, kernel, stride, groups, dilation: 1 };
    let first = match operation {
        "CONV_2D" => conv(map(get("Output_shape"), get("Filter"))?, 1),
        "CONV_2D_GROUP" => conv(map(get("Output_shape"), get("Filter"))?, get("Group").unwrap_or(1).max(1)),
        "DEPTHWISE_CONV_2D" => {
            let output = map(get("Output_shape"), channels.map(|c| c * get("Filter").unwrap_or(1)))?;
            conv(output, input.channels)
        }
        "MEAN" => Primitive::GlobalPool { input },
        "FULLY_CONNECTED" => Primitive::Linear { input, output: map(None, get("Filter"))? },
        "MAX_POOL_2D" | "AVERAGE_POOL_2D" => {
            let window = if operation == "MAX_POOL_2D" { Window::Largest } else { Window::Mean };
            let output = map(get("Output_shape"), channels)?;
            // Padding is not told: as if there were none.
            let taps = output.elements() * u64::from(kernel).pow(2);
            Primitive::Pool { input, output, kernel, window, taps }
        }
        "CONCATENATION" => {
            // The number of maps stands where others have their kernel.
            Primitive::Join { parts: kernel, output: map(get("Output_shape"), get("Filter").or(channels))? }
        }
        other => return Err(format!("operation `{other}` is not known")),
    };
    let mut layers = vec![first];
    for name in linked {
        let function = match name.as_str() {
            "relu" => Elementwise::Relu,
            "add" => Elementwise::Add,
            "hard_swish" => Elementwise::Hswish,
            "sigmoid" => Elementwise::Sigmoid,
            "mul" => Elementwise::Scale,
            _ => Elementwise::Other,
        };
        layers.push(Primitive::Elementwise { function, map: first.output() });
    }
    Ok((input, layers))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kernels_and_dictionaries_are_taken_apart() {
        let (base, linked) = kernel("convolution_2d_3_linked_:_relu_4_linked_:_add_5");
        assert_eq!((base.as_str(), linked.join(" ").as_str()), ("convolution_2d", "relu add"));
        assert_eq!(kernel("convolution_winograd_4x4_6x6_1").0, "convolution_winograd_4x4_6x6");
        let feature = dictionary("{'Input_shape': '14', 'Input_channel': 3, 'Stride': '-', 'FLOPS': '7'}");
        let expected = [("Input_channel".to_owned(), 3), ("Input_shape".to_owned(), 14)];
        assert_eq!(feature, expected.into());
    }
}
