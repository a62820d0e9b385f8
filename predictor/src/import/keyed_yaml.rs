//! The lookup tables of ProxylessNAS and once-for-all: a key per op, under it `mean`, `var` (or `std`) and `count`.
//!
//! Keys are a name and fields joined by `-`: `Conv-input:224x224x3-output:112x112x32`, `Conv_1-…` and `Conv_2-…` (1×1),
//! `Logits-input:7x7x1280-output:1000`, and `expanded_conv-…-expand:6-kernel:3-stride:1-idskip:1`, in once-for-all also
//! `-se:1-hs:1`. `idskip:1` says that the input is added. `expand` is a ratio in the former and the width after expansion in
//! the latter: a number of at most [`LARGEST_RATIO`] is read as a ratio. A classifier stands for the linear layer alone,
//! though these tables time the pooling before it, too.

use profiler::{record::read_text, spec::FeatureMap};

use super::csv_file::{flag, number};
use super::csv_kinds::{SQUEEZE, expansion};
use super::op_key::op_of;
use super::{Extra, Format, Imported, ImportedRow, Source, Subject};
use crate::error::PredictorError;

/// Expansion ratios are below, widths after expansion above.
const LARGEST_RATIO: u32 = 10;

pub(super) const PROXYLESSNAS: Format = Format { name: "proxylessnas-yaml", takes: &[Extra::Unit], read };
pub(super) const ONCE_FOR_ALL: Format = Format { name: "once-for-all-yaml", ..PROXYLESSNAS };

/// A key with its line and the numbers under it.
type Entry = (u64, String, Vec<(String, f64)>);

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let mut imported = Imported::of("mean");
    let mut entries: Vec<Entry> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let bare = text.trim_end();
        if bare.is_empty() || bare.trim_start().starts_with('#') || bare == "---" {
            continue;
        }
        if !text.starts_with(' ') && bare.ends_with(':') {
            let key = bare.trim_end_matches(':').trim_matches(['\'', '"']);
            entries.push((line, key.to_owned(), Vec::new()));
            continue;
        }
        let field =
            bare.split_once(':').and_then(|(name, value)| Some((name.trim(), value.trim().parse().ok()?)));
        match (field, entries.last_mut()) {
            (Some((name, value)), Some((.., fields))) => fields.push((name.to_owned(), value)),
            _ => imported.take(line, Err(format!("`{}` is neither a key nor a number", bare.trim()))),
        }
    }
    if entries.is_empty() {
        return Err(source.wrong("no keys; expected a YAML lookup table (`Conv-input:…-output:…:`)").into());
    }
    for (line, key, fields) in entries {
        imported.take(line, row(&key, &fields, source.unit_ms.unwrap_or(1.0)));
    }
    Ok(imported)
}

fn row(key: &str, fields: &[(String, f64)], unit_ms: f64) -> Result<ImportedRow, String> {
    let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
    let mean = get("mean").ok_or_else(|| format!("`{key}` has no mean"))?;
    if !(mean.is_finite() && mean > 0.0) {
        return Err(format!("the mean of `{key}` is {mean}, expected a number above 0"));
    }
    let std = get("std").or(get("var").map(f64::sqrt)).filter(|std| std.is_finite() && *std >= 0.0);
    let subject = op(key).map_err(|reason| format!("`{key}`: {reason}"))?;
    let runs = get("count").map(|count| count.max(1.0) as u64);
    Ok(ImportedRow {
        std_ms: std.map(|std| std * unit_ms),
        runs,
        ..ImportedRow::new(subject, mean * unit_ms)
    })
}

fn op(key: &str) -> Result<Subject, String> {
    let mut words = key.split('-');
    let name = words.next().unwrap_or_default();
    let fields: Vec<(&str, &str)> = words.filter_map(|word| word.split_once(':')).collect();
    let optional = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    let get = |name: &str| optional(name).ok_or_else(|| format!("it has no {name}"));
    let map = |text: &str| text.parse::<FeatureMap>().map_err(|error| error.to_string());
    let (input, output) = (map(get("input")?)?, get("output")?);
    // What is given has its sides by one stride in both directions: other ops no key has.
    let strided = |stride: u32| {
        let output = map(output)?;
        let by_stride = [input.height, input.width].map(|side| side.div_ceil(stride.max(1)));
        let is_so = by_stride == [output.height, output.width];
        is_so
            .then_some(output.channels)
            .ok_or_else(|| format!("no stride of {stride} makes {input} to {output}"))
    };
    let conv = |kernel: u32| {
        let stride = input.height.div_ceil(map(output)?.height);
        op_of(&format!("conv-{input}-o{}-k{kernel}-s{stride}-relu6", strided(stride)?))
    };
    match name {
        "Conv" => conv(3),
        "Conv_1" | "Conv_2" => conv(1),
        "Logits" => op_of(&format!("linear-1x1x{}-o{}", input.channels, number("output", output)?)),
        "expanded_conv" => {
            let of = |name: &str| number(name, get(name)?);
            let word = |word, flag| if flag == Some(true) { word } else { "" };
            let (expand, kernel, stride) = (of("expand")?, of("kernel")?, of("stride")?);
            let ratio = if expand <= LARGEST_RATIO { expand } else { expansion(expand, input.channels)? };
            let residual = word("-res", flag("idskip", Some(get("idskip")?))?);
            let squeeze = word(SQUEEZE, flag("se", optional("se"))?);
            // ProxylessNAS has ReLU6 throughout; once-for-all says what it has.
            let activation = match flag("hs", optional("hs"))? {
                None => "relu6",
                Some(true) => "hswish",
                Some(false) => "relu",
            };
            let out = strided(stride)?;
            op_of(&format!(
                "mbconv-{input}-o{out}-e{ratio}-k{kernel}-s{stride}{squeeze}-{activation}{residual}"
            ))
        }
        other => Err(format!("`{other}` is no op of a lookup table that this release knows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::import;

    #[test]
    fn keys_of_both_projects_are_ops() {
        let found = |key: &str| op(key).map(|op| op.key());
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
        // Maps need not be square, but strides are the same both ways.
        let key = "expanded_conv-input:96x128x32-output:48x64x24-expand:6-kernel:3-stride:2-idskip:0";
        assert_eq!(found(key).as_deref(), Ok("mbconv-96x128x32-o24-e6-k3-s2-relu6"));
        let key = "Conv-input:96x128x3-output:48x64x32";
        assert_eq!(found(key).as_deref(), Ok("conv-96x128x3-o32-k3-s2-relu6"));
        for output in ["48x128", "96x64", "47x64", "96x128"] {
            let key = format!(
                "expanded_conv-input:96x128x32-output:{output}x24-expand:6-kernel:3-stride:2-idskip:0"
            );
            let error = found(&key).unwrap_err();
            assert!(error.contains(&format!("no stride of 2 makes 96x128x32 to {output}x24")), "{error}");
        }
        assert!(found("Conv-input:96x128x3-output:48x128x32").unwrap_err().contains("no stride of 2"));
        assert!(found("Pool-input:7x7x8-output:1x1x8").unwrap_err().contains("`Pool`"));
        assert!(found("Conv-output:7x7x8").unwrap_err().contains("has no input"));
    }

    #[test]
    fn a_table_is_read_and_what_is_broken_listed() {
        let text = "Conv-input:8x8x3-output:4x4x8:\n  count: 4\n  mean: 2.0\n  var: 0.25\n\
                    Nothing-input:8x8x3-output:4x4x8:\n  mean: 2.0\nConv_1-input:8x8x3-output:8x8x8:\n  mean: -1\n  x\n";
        let found = import("proxylessnas-yaml", text, |_| ()).unwrap();
        let [row] = &found.rows[..] else { panic!("{found:?}") };
        assert_eq!((row.latency_ms, row.std_ms, row.runs, row.line), (2.0, Some(0.5), Some(4), 1));
        assert_eq!(found.refused_lines(), [9, 5, 7]);
    }
}
