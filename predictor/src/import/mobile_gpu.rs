//! Ops as a mobile GPU delegate ran them inside networks: a row per op, with a column per phone for its latency and one for the
//! kernel that was chosen. Source of the format: github.com/qed-usc/mobile-ml-benchmark.
//!
//! `model, operation, feature, PHONE_us, PHONE_kernel, …`, where `feature` is a Python dictionary as text. A second table
//! (the totals: `model, PHONE_mean_us, PHONE_std_us, …`) has the latencies of the networks.

use std::collections::BTreeMap;

use profiler::record::ReadError;
use profiler::spec::{Conv, FeatureMap, Layer, PlacedLayer, Pool, TracedLayer, TracedOp};

use super::csv_file::CsvFile;
use super::csv_table::{LatencyColumn, device_of, latency_column};
use super::{Extra, Format, Imported, ImportedRow, Record, Source, Subject};
use crate::{error::PredictorError, work::OpEntry};

pub(super) const FORMAT: Format =
    Format { name: "mobile-gpu-csv", takes: &[Extra::LatencyColumn, Extra::Unit, Extra::Totals], read };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let (table, latency) = table_of(source)?;
    let phone = device_of(&latency.name).to_owned();
    let mut imported = Imported::of(&phone);
    // Keys of the ops of each network; nothing for one of which an op could not be read, for it is not the sum of the others.
    let mut networks: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    for (line, record) in table.records() {
        let network = record.get("model").unwrap_or_default().to_owned();
        let ops = networks.entry(network).or_insert_with(|| Some(Vec::new()));
        let row = op(&record, &phone, &latency);
        match &row {
            Ok(row) => ops.iter_mut().for_each(|ops| ops.push(row.subject.key())),
            Err(_) => *ops = None,
        }
        imported.take(line, row);
    }
    if let Some(totals) = &source.totals {
        let of_phone = Source {
            file: totals.clone(),
            latency_column: Some(phone.clone()),
            renamed: Vec::new(),
            ..source.clone()
        };
        let rows = read_totals(&of_phone, &networks, &mut imported.notes)?;
        imported.rows.extend(rows);
    }
    Ok(imported)
}

fn table_of(source: &Source) -> Result<(CsvFile, LatencyColumn), ReadError> {
    let table = CsvFile::read(&source.file, &source.renamed)?;
    let latency = latency_column(source, &table.names).map_err(|reason| source.wrong(reason))?;
    Ok((table, latency))
}

/// Whether a table's columns are those of this format.
pub(super) fn is_meant(names: &[String]) -> bool {
    ["operation", "feature"].iter().all(|name| names.iter().any(|n| n == name))
        && names.iter().any(|name| name.ends_with("_kernel"))
}

/// The networks whose ops are known; a row of no name may be of any network, so that none is whole then.
fn read_totals(
    source: &Source,
    networks: &BTreeMap<String, Option<Vec<String>>>,
    notes: &mut Vec<String>,
) -> Result<Vec<ImportedRow>, PredictorError> {
    let (table, latency) = table_of(source)?;
    let mut rows = Vec::new();
    let mut without = 0;
    for (line, record) in table.records() {
        let network = || Ok((record.text("model")?.to_owned(), latency.ms(&record)?));
        let in_line = |reason| ReadError::Line { path: source.file.clone(), line, reason };
        let (name, latency_ms) = network().map_err(in_line)?;
        let whole = networks.get(&name).filter(|_| !networks.contains_key(""));
        let Some(ops) = whole.cloned().flatten() else {
            without += 1;
            continue;
        };
        let std_ms = latency.std_ms(&record);
        rows.push(ImportedRow {
            line,
            std_ms,
            ..ImportedRow::new(Subject::Traced { name, ops }, latency_ms)
        });
    }
    if without > 0 {
        let why = "not all of their ops are known";
        notes.push(format!("{without} networks of {} are left out: {why}", source.file.display()));
    }
    Ok(rows)
}

fn op(record: &Record<'_>, phone: &str, latency: &LatencyColumn) -> Result<ImportedRow, String> {
    let feature = dictionary(record.text("feature")?);
    let (kernel, fused) = kernel(record.text(&format!("{phone}_kernel"))?);
    let layer = layer(record.text("operation")?, &feature)?;
    let traced = TracedOp::new(&kernel, TracedLayer::Placed(layer), fused).map_err(|e| e.to_string())?;
    let subject = Subject::Op(Box::new(OpEntry::from(&traced)));
    let group = Some(record.text("model")?.to_owned());
    Ok(ImportedRow { group, ..ImportedRow::new(subject, latency.ms(record)?) })
}

/// `{'Input_shape': '224', 'Input_channel': 3}` as names and numbers; what is no number is left out.
fn dictionary(text: &str) -> BTreeMap<String, u32> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        let bare = |text: &str| text.trim().trim_matches('\'').to_owned();
        Some((bare(name), bare(value).parse().ok()?))
    };
    text.trim_matches(['{', '}']).split(", ").filter_map(pair).collect()
}

/// `base_12_linked_:_relu_13_linked_:_add_14` as the base and the ops fused behind it.
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

fn layer(operation: &str, feature: &BTreeMap<String, u32>) -> Result<PlacedLayer, String> {
    let get = |name: &str| feature.get(name).copied();
    let map = |side: Option<u32>, channels: Option<u32>| {
        let (side, channels) = (side.unwrap_or(1), channels.ok_or("`feature` has no channels")?);
        FeatureMap::new(side, side, channels).map_err(|e| e.to_string())
    };
    let channels = get("Input_channel");
    let input = map(get("Input_shape"), channels)?;
    let [kernel, stride, groups] = ["Kernel", "Stride", "Group"].map(|name| get(name).unwrap_or(1).max(1));
    let conv = |output: FeatureMap, groups| {
        let filters = Conv::pointwise(output.channels);
        (Layer::Conv(Conv { kernel: [kernel; 2], stride: [stride; 2], groups, ..filters }), output)
    };
    let (layer, output) = match operation {
        "CONV_2D" => conv(map(get("Output_shape"), get("Filter"))?, 1),
        "CONV_2D_GROUP" => conv(map(get("Output_shape"), get("Filter"))?, groups),
        "DEPTHWISE_CONV_2D" => {
            let times = get("Filter").unwrap_or(1);
            let output = channels.map(|channels| channels.saturating_mul(times));
            conv(map(get("Output_shape"), output)?, input.channels)
        }
        "MEAN" => (Layer::GlobalAveragePool, FeatureMap { height: 1, width: 1, ..input }),
        "FULLY_CONNECTED" => {
            let output = map(None, get("Filter"))?;
            (Layer::Linear { out_features: output.channels }, output)
        }
        "MAX_POOL_2D" | "AVERAGE_POOL_2D" => {
            let output = map(get("Output_shape"), channels)?;
            let pool = Pool::between(kernel, input, output);
            (if operation == "MAX_POOL_2D" { Layer::MaxPool(pool) } else { Layer::AveragePool(pool) }, output)
        }
        "CONCATENATION" => {
            let output = map(get("Output_shape"), get("Filter").or(channels))?;
            let more_channels = output.channels.saturating_sub(input.channels);
            // The number of maps stands where others have their kernel.
            (Layer::Concat { parts: kernel, more_channels }, output)
        }
        other => return Err(format!("operation `{other}` is not known")),
    };
    Ok(PlacedLayer { layer, input, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_and_dictionaries_are_taken_apart() {
        let (base, fused) = kernel("convolution_2d_3_linked_:_relu_4_linked_:_add_5");
        assert_eq!((base.as_str(), fused.join(" ").as_str()), ("convolution_2d", "relu add"));
        assert_eq!(kernel("convolution_winograd_4x4_6x6_1").0, "convolution_winograd_4x4_6x6");
        let feature = dictionary("{'Input_shape': '14', 'Input_channel': 3, 'Stride': '-'}");
        let expected = [("Input_channel".to_owned(), 3), ("Input_shape".to_owned(), 14)];
        assert_eq!(feature, expected.into());
    }

    const OPS: &str = "model,operation,feature,p_us,p_kernel\n\
        a,CONV_2D,\"{'Input_shape': '8', 'Input_channel': 4, 'Output_shape': '6', 'Stride': '1', 'Kernel': '3', 'Filter': '8'}\",500,conv_2d_0_linked_:_relu_1\n\
        a,MEAN,\"{'Input_shape': '6', 'Input_channel': 8}\",20,mean_1\n\
        b,MEAN,\"{'Input_shape': '6', 'Input_channel': 8}\",24,mean_0\n";

    fn import(ops: &str, totals: &str) -> Result<Imported, String> {
        crate::import::import("mobile-gpu-csv", ops, |source| {
            let file = source.file.with_file_name("networks.csv");
            std::fs::write(&file, totals).unwrap();
            source.totals = Some(file);
        })
    }

    #[test]
    fn ops_come_with_their_networks_and_networks_with_their_ops() {
        let found = import(OPS, "model,flops,p_mean_us,p_std_us\na,1,700,3\nb,1,50,1\nc,1,9,1\n").unwrap();
        assert!(found.refused.is_empty(), "{:?}", found.refused);
        let rows: Vec<_> =
            found.rows.iter().map(|r| (r.subject.key(), r.latency_ms, r.group.clone())).collect();
        let of = |name: &str| Some(name.to_owned());
        assert_eq!(rows[0], ("conv_2d@conv-8x8x4-6x6x8-k3-s1-g1+relu".to_owned(), 0.5, of("a")));
        assert_eq!(rows[2], ("mean@gpool-6x6x8".to_owned(), 0.024, of("b")));
        assert_eq!((rows.len(), found.rows[3].std_ms), (5, Some(0.003)));
        assert!((rows[3].1 - 0.7).abs() < 1e-12);
        let Subject::Traced { ops, .. } = &found.rows[3].subject else { panic!("{:?}", found.rows[3]) };
        assert_eq!(ops.join(" "), "conv_2d@conv-8x8x4-6x6x8-k3-s1-g1+relu mean@gpool-6x6x8");
        assert!(found.notes[0].contains("1 networks"), "{:?}", found.notes);
    }

    #[test]
    fn what_cannot_be_read_is_listed_and_networks_lack_no_op_silently() {
        let broken = OPS.replace("b,MEAN", "b,WARP");
        let found = import(&broken, "model,p_mean_us\na,700\nb,50\n").unwrap();
        // The two ops of a, and a itself, which is whole; of b nothing is left.
        assert_eq!((found.rows.len(), found.refused[0].line), (3, 4));
        assert_eq!(found.rows[2].subject.key(), "a");
        assert!(found.notes[0].starts_with("1 networks of "), "{:?}", found.notes);
        // An op of no network may be missing in any.
        let found = import(&OPS.replace("b,MEAN", ",MEAN"), "model,p_mean_us\na,700\n").unwrap();
        assert_eq!((found.rows.len(), found.refused.len()), (2, 1));
        assert!(import(OPS, "model,q_mean_us\na,700\n").unwrap_err().contains("no latency column `p`"));
        assert!(import(OPS, "model,p_mean_us\na,-1\n").unwrap_err().contains("p_mean_us is -1"));
        let no_kernel = OPS.replace("p_kernel", "q_kernel");
        assert!(import(&no_kernel, "model,p_mean_us\n").unwrap().refused[0].reason.contains("no `p_kernel`"));
    }
}
