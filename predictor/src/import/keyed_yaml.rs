//! The lookup tables of ProxylessNAS and once-for-all: a key per op, under it `mean`, `var` (or `std`) and `count`.
//!
//! Keys are a name and fields joined by `-`: `Conv-input:224x224x3-output:112x112x32`, `Conv_1-…` and `Conv_2-…` (1×1),
//! `Logits-input:7x7x1280-output:1000`, and `expanded_conv-…-expand:6-kernel:3-stride:1-idskip:1`, in once-for-all also
//! `-se:1-hs:1`. `idskip:1` says that the input is added. `expand` is a ratio in the former and the width after expansion in
//! the latter: a number of at most [`LARGEST_RATIO`] is read as a ratio. A classifier stands for the linear layer alone,
//! though these tables time the pooling before it, too.

use profiler::{
    record::{ReadError, read_text},
    spec::{Activation, ConvOp, FeatureMap, Linear, OpSpec},
};

use super::{Columns, Extra, Format, Imported, ImportedRow, Refused, Source, Subject, bottleneck};
use crate::{error::PredictorError, work::OpEntry};

/// Expansion ratios are below, widths after expansion above.
const LARGEST_RATIO: u32 = 10;

pub(super) const PROXYLESSNAS: Format = Format { name: "proxylessnas-yaml", takes: &[Extra::Unit], read };
pub(super) const ONCE_FOR_ALL: Format = Format { name: "once-for-all-yaml", ..PROXYLESSNAS };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let unit_ms = source.unit_ms.unwrap_or(1.0);
    let mut imported = Imported { measured: "mean".to_owned(), ..Imported::default() };
    let mut entries: Vec<Entry> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        let bare = line.trim_end();
        if bare.is_empty() || bare.trim_start().starts_with('#') || bare == "---" {
            continue;
        }
        if !line.starts_with(' ') && bare.ends_with(':') {
            entries.push((
                number,
                bare.trim_end_matches(':').trim_matches(['\'', '"']).to_owned(),
                Vec::new(),
            ));
            continue;
        }
        let field =
            bare.split_once(':').and_then(|(name, value)| Some((name.trim(), value.trim().parse().ok()?)));
        match (field, entries.last_mut()) {
            (Some((name, value)), Some((.., fields))) => fields.push((name.to_owned(), value)),
            _ => {
                let reason = format!("`{}` is neither a key nor a number", bare.trim());
                imported.refused.push(Refused { line: number, reason });
            }
        }
    }
    if entries.is_empty() {
        let reason = "no keys; expected a YAML lookup table (`Conv-input:…-output:…:`)".to_owned();
        return Err(ReadError::Content { path: source.file.clone(), reason }.into());
    }
    for (line, key, fields) in entries {
        match row(&key, &fields, unit_ms) {
            Ok(row) => imported.rows.push(ImportedRow { line, ..row }),
            Err(reason) => imported.refused.push(Refused { line, reason }),
        }
    }
    Ok(imported)
}

/// A key with its line and the numbers under it.
type Entry = (u64, String, Vec<(String, f64)>);

fn row(key: &str, fields: &[(String, f64)], unit_ms: f64) -> Result<ImportedRow, String> {
    let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
    let mean = get("mean").ok_or_else(|| format!("`{key}` has no mean"))?;
    if !(mean.is_finite() && mean > 0.0) {
        return Err(format!("the mean of `{key}` is {mean}, expected a number above 0"));
    }
    let std = get("std").or(get("var").map(f64::sqrt)).filter(|std| std.is_finite() && *std >= 0.0);
    Ok(ImportedRow {
        line: 0,
        subject: Subject::Op(Box::new(op(key)?)),
        latency_ms: mean * unit_ms,
        std_ms: std.map(|std| std * unit_ms),
        runs: get("count").map(|count| count.max(1.0) as u64),
        group: None,
    })
}

fn op(key: &str) -> Result<OpEntry, String> {
    let mut words = key.split('-');
    let name = words.next().unwrap_or_default();
    let fields: Vec<(&str, &str)> = words.filter_map(|word| word.split_once(':')).collect();
    let get = |name: &str| {
        let found = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
        found.ok_or_else(|| format!("`{key}` has no {name}"))
    };
    let input: FeatureMap = get("input")?.parse().map_err(|e| format!("`{key}`: {e}"))?;
    let output = get("output")?;
    let conv = |kernel: u32| {
        let output: FeatureMap = output.parse().map_err(|e| format!("`{key}`: {e}"))?;
        let stride = input.height.div_ceil(output.height.max(1));
        let (out_channels, activation) = (output.channels, Some(Activation::Relu6));
        let op = ConvOp { out_channels, kernel, stride, groups: 1, dilation: 1, activation };
        OpSpec::new(input, op).map(OpEntry::from).map_err(|e| format!("`{key}`: {e}"))
    };
    match name {
        "Conv" => conv(3),
        "Conv_1" | "Conv_2" => conv(1),
        "Logits" => {
            let out_features = output.parse().map_err(|_| format!("`{key}`: output is `{output}`"))?;
            let input = FeatureMap { height: 1, width: 1, ..input };
            OpSpec::new(input, Linear { out_features })
                .map(OpEntry::from)
                .map_err(|e| format!("`{key}`: {e}"))
        }
        "expanded_conv" => {
            let expand: u32 = get("expand")?.parse().map_err(|_| format!("`{key}`: expand is no number"))?;
            let width = if expand <= LARGEST_RATIO { "expansion" } else { "expanded_channels" };
            let heads = [
                "input_hw",
                "in_channels",
                "out_channels",
                width,
                "kernel",
                "stride",
                "residual",
                "se",
                "hswish",
                "activation",
            ];
            let columns = Columns::new(&heads, &[])?;
            let (side, channels) = (input.height.to_string(), input.channels.to_string());
            let out_channels = output.rsplit('x').next().unwrap_or_default();
            let expand = expand.to_string();
            let optional = |name: &str| get(name).unwrap_or_default();
            // ProxylessNAS has ReLU6 throughout; once-for-all says what it has.
            let activation = if optional("hs").is_empty() { "relu6" } else { "" };
            let (kernel, stride, skip) = (get("kernel")?, get("stride")?, get("idskip")?);
            let (se, hs) = (optional("se"), optional("hs"));
            let record = columns.record(vec![
                &side,
                &channels,
                out_channels,
                &expand,
                kernel,
                stride,
                skip,
                se,
                hs,
                activation,
            ]);
            match bottleneck::read(&record).map_err(|e| format!("`{key}`: {e}"))? {
                Subject::Op(op) => Ok(*op),
                Subject::Cell(_) | Subject::Network(_) | Subject::Traced { .. } => {
                    Err(format!("`{key}` is no op"))
                }
            }
        }
        other => Err(format!("`{other}` is no op of a lookup table that this release knows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_projects_are_ops() {
        let found = |key: &str| op(key).map(|op| op.key);
        for (key, expected) in [
            ("Conv-input:224x224x3-output:112x112x32", "conv-224x224x3-o32-k3-s2-relu6"),
            ("Conv_1-input:7x7x320-output:7x7x1280", "conv-7x7x320-o1280-k1-s1-relu6"),
            ("Logits-input:7x7x1280-output:1000", "linear-1x1x1280-o1000"),
            (
                "expanded_conv-input:14x14x80-output:14x14x80-expand:6-kernel:5-stride:1-idskip:1",
                "mbconv-14x14x80-o80-e6-k5-s1-relu6-res",
            ),
            (
                "expanded_conv-input:14x14x80-output:7x7x96-expand:240-kernel:3-stride:2-idskip:0-se:1-hs:1",
                "mbconv-14x14x80-o96-e3-k3-s2-se4-hswish",
            ),
        ] {
            assert_eq!(found(key).as_deref(), Ok(expected));
        }
        assert!(found("Pool-input:7x7x8-output:1x1x8").unwrap_err().contains("`Pool`"));
        assert!(found("Conv-output:7x7x8").unwrap_err().contains("has no input"));
    }

    #[test]
    fn a_table_is_read_and_what_is_broken_listed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.yaml");
        let text = "Conv-input:8x8x3-output:4x4x8:\n  count: 4\n  mean: 2.0\n  var: 0.25\n\
                    Nothing-input:8x8x3-output:4x4x8:\n  mean: 2.0\nConv_1-input:8x8x3-output:8x8x8:\n  mean: -1\n  x\n";
        std::fs::write(&file, text).unwrap();
        let found = Source { file, ..Source::default() }.read("proxylessnas-yaml").unwrap();
        let [row] = &found.rows[..] else { panic!("{found:?}") };
        assert_eq!((row.latency_ms, row.std_ms, row.runs, row.line), (2.0, Some(0.5), Some(4), 1));
        let lines: Vec<u64> = found.refused.iter().map(|refused| refused.line).collect();
        assert_eq!(lines, [9, 5, 7]);
    }
}
