//! The tables of nn-Meter: kernels that its builder profiled, and lookup tables of blocks.
//!
//! Kernels (`profiled_*.json` with details): per type of kernel and id a `config` (`HW`, `CIN`, `COUT`, `KERNEL_SIZE`,
//! `STRIDES`, …) and a `latency`, `mean +- std` in milliseconds. Blocks: a number of milliseconds per key, the fields of which
//! are joined by `_`: `conv_HW_CIN_COUT_EXPANSION_STRIDE_ACTIVATION_KERNEL[_se|_nose]`, `firstconv_HW_CIN_COUT_STRIDE_KERNEL`,
//! or `NAME_HW_CIN_COUT_KERNEL_EXPANSION_STRIDE_ACTIVATION` with the names of its quantized blocks.

use profiler::record::read_text;
use serde_json::Value;

use super::json_lines::{Entries, lines_at};
use super::{Extra, Format, Imported, ImportedRow, Source, Subject, nn_meter_block, op_key};
use crate::error::PredictorError;

pub(super) const FORMAT: Format = Format { name: "nn-meter-json", takes: &[Extra::Unit], read };

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let text = read_text(&source.file)?;
    let wrong = |error: serde_json::Error| source.wrong(error.to_string());
    let Entries(entries) = serde_json::from_str::<Entries>(&text).map_err(wrong)?;
    let unit_ms = source.unit_ms.unwrap_or(1.0);
    let mut imported = Imported::of("latency");
    if entries.iter().all(|(_, value)| value.is_object()) {
        let Entries(kernels) = serde_json::from_str::<Entries<Entries>>(&text).map_err(wrong)?;
        let mut lines = lines_at(&text, 2).into_iter();
        for (kernel, Entries(measured)) in kernels {
            for (id, fields) in measured {
                imported.take(lines.next().unwrap_or(0), kernel_row(&kernel, &id, &fields, unit_ms));
            }
        }
    } else {
        for ((key, value), line) in entries.iter().zip(lines_at(&text, 1)) {
            imported.take(line, block_row(key, value, unit_ms));
        }
        let silent = entries.iter().filter(|(key, _)| nn_meter_block::has_silent_activation(key)).count();
        if silent > 0 {
            imported.notes.push(format!(
                "{silent} firstconv keys name no activation: read as hard swish, as in the networks that nn-Meter \
                 looks them up for; write it behind the key (`_relu`) where it is another"
            ));
        }
    }
    Ok(imported)
}

fn block_row(key: &str, value: &Value, unit_ms: f64) -> Result<ImportedRow, String> {
    let latency = latency(value).map_err(|e| format!("`{key}`: {e}"))?;
    Ok(row(nn_meter_block::op(key)?, latency, unit_ms))
}

fn row(subject: Subject, (mean, std): (f64, Option<f64>), unit_ms: f64) -> ImportedRow {
    ImportedRow { std_ms: std.map(|std| std * unit_ms), ..ImportedRow::new(subject, mean * unit_ms) }
}

fn kernel_row(kernel: &str, id: &str, fields: &Value, unit_ms: f64) -> Result<ImportedRow, String> {
    let latency_field = fields.get("latency").ok_or_else(|| format!("`{id}` has no latency"))?;
    let latency = latency(latency_field).map_err(|e| format!("`{id}`: {e}"))?;
    let config = fields.get("config").ok_or(
        "no `config`; profile with DETAIL: TRUE, or put the configurations and the latencies into one file",
    )?;
    Ok(row(op_key::op(&kernel_key(kernel, config)?)?, latency, unit_ms))
}

/// `mean +- std`, or the mean alone, as text or number; the mean above 0.
fn latency(value: &Value) -> Result<(f64, Option<f64>), String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => return Err(format!("its latency is {other}, expected `mean +- std`")),
    };
    let (mean, std) = text.split_once("+-").map_or((text.as_str(), None), |(mean, std)| (mean, Some(std)));
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let wrong = || format!("its latency is `{text}`, expected `mean +- std` with a mean above 0");
    let mean = number(mean).filter(|mean| *mean > 0.0).ok_or_else(wrong)?;
    let std = std.map(|std| number(std).filter(|std| *std >= 0.0).ok_or_else(wrong)).transpose()?;
    Ok((mean, std))
}

/// The key of a kernel.
fn kernel_key(kernel: &str, config: &Value) -> Result<String, String> {
    let number = |name: &str| {
        let value = config.get(name).ok_or_else(|| format!("a {kernel} without {name}"))?;
        let whole = value.as_u64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as u64));
        whole.ok_or_else(|| format!("{name} of a {kernel} is {value}, expected a whole number"))
    };
    let map = || Ok::<String, String>(format!("{hw}x{hw}x{}", number("CIN")?, hw = number("HW")?));
    let stride =
        || if config.get("POOL_STRIDES").is_some() { number("POOL_STRIDES") } else { number("STRIDES") };
    let (first, rest) = kernel.split_once('-').unwrap_or((kernel, ""));
    match (first, kernel) {
        ("conv" | "dwconv", _) => {
            let activation = op_key::activation(rest.trim_start_matches("bn").trim_start_matches('-'))
                .map_err(|_| format!("kernel type `{kernel}`: which activation it has is not known"))?;
            let (kernel, stride) = (number("KERNEL_SIZE")?, number("STRIDES")?);
            let channels = number("CIN")?;
            let depthwise = first == "dwconv" && channels > 1;
            let out = if first == "dwconv" { channels } else { number("COUT")? };
            let groups = if depthwise { format!("-g{channels}") } else { String::new() };
            Ok(format!("conv-{}-o{out}-k{kernel}-s{stride}{groups}{activation}", map()?))
        }
        ("maxpool" | "avgpool", _) => {
            Ok(format!("{first}-{}-k{}-s{}", map()?, number("KERNEL_SIZE")?, stride()?))
        }
        ("fc", _) => Ok(format!("linear-1x1x{}-o{}", number("CIN")?, number("COUT")?)),
        (_, "global-avgpool" | "gap") => Ok(format!("gpool-{}", map()?)),
        (_, "relu" | "hswish") => Ok(format!("act-{}-{kernel}", map()?)),
        (_, "add") => Ok(format!("add-{}", map()?)),
        (_, "addrelu") => Ok(format!("add-{}+act-relu", map()?)),
        (_, "concat") => {
            // A map that is not there has no channels, or none are said.
            let more = |name| config.get(name).and_then(Value::as_u64).unwrap_or(0);
            if more("CIN3") > 0 || more("CIN4") > 0 {
                return Err("a concat of more than two maps, which no op here is".to_owned());
            }
            let hw = number("HW")?;
            Ok(format!("concat-{hw}x{hw}x{}-c{}", number("CIN1")?, number("CIN2")?))
        }
        _ => Err(format!("kernel type `{kernel}`, which no op here is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Result<Imported, String> {
        crate::import::import("nn-meter-json", text, |_| ())
    }

    #[test]
    fn kernels_are_read_with_their_spread_and_others_are_listed_by_line() {
        let text = r#"{
            "conv-bn-relu": {
                "a": {"config": {"HW": 28, "CIN": 8, "COUT": 16, "KERNEL_SIZE": 3, "STRIDES": 2}, "latency": "0.5 +- 0.02"},
                "b": {"latency": "0.5 +- 0.02"}
            },
            "dwconv-bn-relu6": {"c": {"config": {"HW": 28, "CIN": 8, "KERNEL_SIZE": 3, "STRIDES": 1}, "latency": 0.25}},
            "channelshuffle": {"d": {"config": {"HW": 28, "CIN": 8}, "latency": "1 +- 0"}},
            "addrelu": {"e": {"config": {"HW": 7, "CIN": 8}, "latency": "nan +- 0"},
                        "f": {"config": {"HW": 7, "CIN": 8}, "latency": "0.1 +- 0"}}
        }"#;
        let found = import(text).unwrap();
        let expected = [
            (3, "conv-28x28x8-o16-k3-s2-relu".to_owned(), 0.5),
            (6, "conv-28x28x8-o8-k3-s1-g8-relu6".to_owned(), 0.25),
            (9, "add-7x7x8+act-relu".to_owned(), 0.1),
        ];
        assert_eq!(found.figures(), expected);
        let deviations: Vec<_> = found.rows.iter().map(|row| row.std_ms).collect();
        assert_eq!(deviations, [Some(0.02), None, Some(0.0)]);
        assert_eq!(found.refused_lines(), [4, 7, 8]);
    }

    #[test]
    fn an_activation_that_is_not_named_is_noted() {
        let found = import("{\"firstconv_64_3_16_2_3\": 1, \"firstconv_64_3_16_2_3_relu\": 1}").unwrap();
        assert_eq!(found.keys(), ["conv-64x64x3-o16-k3-s2-hswish", "conv-64x64x3-o16-k3-s2-relu"]);
        assert_eq!(found.notes.len(), 1);
        assert!(found.notes[0].starts_with("1 firstconv keys name no activation"), "{:?}", found.notes);
        assert!(import("{\"firstconv_64_3_16_2_3_relu\": 1}").unwrap().notes.is_empty());
    }

    #[test]
    fn blocks_are_read_by_their_key() {
        let text = "{\n\"conv_64_16_16_2_1_hard_swish_5_nose\": 1.5,\n\"conv_64_16_16_2_1_hard_swish_5_se\": 2,\n\
                    \"ResNetBlock_7_8_8_3_0.5_1_relu\": 1,\n\"conv_64\": 1,\n\"firstconv_64_3_16_2_3\": -1\n}";
        let found = import(text).unwrap();
        let expected =
            ["mbconv-64x64x16-o16-e2-k5-s1-hswish-res", "mbconv-64x64x16-o16-e2-k5-s1-se4-hswish-res"];
        assert_eq!(found.keys(), expected);
        assert_eq!(found.refused_lines(), [4, 5, 6]);
        assert!(import("[1]").is_err() && import("{\"a\": ").is_err());
    }
}
