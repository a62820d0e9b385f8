//! Kinds of row of CSV tables: the columns that are read, and the op or network that they are.

use super::csv_file::number;
use super::op_key::{self, activation, op_of};
use super::{Record, Subject, fbnet};
use crate::nasbench201::Cell;

/// A reader of a kind of row.
pub type CsvKind = fn(&Record<'_>) -> Result<Subject, String>;

/// Kinds of row by name.
pub const CSV_KINDS: &[(&str, CsvKind)] = &[
    ("mbconv", mbconv),
    ("conv", conv),
    ("nasbench201", |row| {
        let cell = row.text("arch")?.parse::<Cell>().map_err(|error| error.to_string());
        cell.map(Subject::Cell)
    }),
    ("fbnet", fbnet::read),
    ("key", |row| op_key::op(row.text("key")?)),
    ("maxpool", |row| op_of(&format!("maxpool-{}-{}", map(row)?, window(row)?))),
    ("avgpool", |row| op_of(&format!("avgpool-{}-{}", map(row)?, window(row)?))),
    ("gpool", |row| op_of(&format!("gpool-{}", map(row)?))),
    ("linear", |row| {
        let (inside, out) = (row.number("in_channels")?, row.number("out_channels")?);
        op_of(&format!("linear-1x1x{inside}-o{out}"))
    }),
    ("add", |row| op_of(&format!("add-{}", map(row)?))),
    ("mul", |row| {
        let gate = if row.flag("gate")?.unwrap_or(false) { "-gate" } else { "" };
        op_of(&format!("mul-{}{gate}", map(row)?))
    }),
    ("concat", |row| op_of(&format!("concat-{}-c{}", map(row)?, row.number("more_channels")?))),
    ("act", |row| op_of(&format!("act-{}{}", map(row)?, activation(row.text("activation")?)?))),
    ("upsample", |row| {
        let (factor, interpolation) = (row.number("factor")?, row.text("interpolation")?);
        op_of(&format!("upsample-{}-f{factor}-{interpolation}", map(row)?))
    }),
    ("softmax", |row| op_of(&format!("softmax-1x1x{}", row.number("in_channels")?))),
];

/// The words of squeeze-and-excitation, whose ratio tables do not say. Source: MobileNetV3, §5.3, arXiv:1905.02244.
pub(super) const SQUEEZE: &str = "-se4";

/// `input_hw`, a side or both as in 96x128, and `in_channels` as a key has them.
fn map(row: &Record<'_>) -> Result<String, String> {
    let (sides, channels) = (row.text("input_hw")?, row.number("in_channels")?);
    let (height, width) = sides.split_once('x').unwrap_or((sides, sides));
    Ok(format!("{}x{}x{channels}", number("input_hw", height)?, number("input_hw", width)?))
}

/// `kernel` and `stride` as a key has them.
fn window(row: &Record<'_>) -> Result<String, String> {
    Ok(format!("k{}-s{}", row.number("kernel")?, row.number("stride")?))
}

/// Also reads `groups` and `dilation`, each 1 where it is not there, and `activation`, without which there is none.
fn conv(row: &Record<'_>) -> Result<Subject, String> {
    let unless_one = |column: &str| -> Result<String, String> {
        let number = if row.get(column).is_some() { row.number(column)? } else { 1 };
        Ok(if number == 1 { String::new() } else { format!("-{}{number}", &column[..1]) })
    };
    let activation = activation(row.get("activation").unwrap_or_default())?;
    let (out, groups, dilation) =
        (row.number("out_channels")?, unless_one("groups")?, unless_one("dilation")?);
    op_of(&format!("conv-{}-o{out}-{}{groups}{dilation}{activation}", map(row)?, window(row)?))
}

/// Also reads `expansion` or `expanded_channels`, `activation` or `hswish` (else ReLU6), and, where they are there, `se` and
/// `residual` (else: the input is added where shapes allow).
fn mbconv(row: &Record<'_>) -> Result<Subject, String> {
    let channels = row.number("in_channels")?;
    let (out, stride) = (row.number("out_channels")?, row.number("stride")?);
    let expansion = if row.get("expansion").is_some() {
        row.number("expansion")?
    } else {
        let expanded = row.number("expanded_channels").map_err(|e| format!("{e} and no `expansion`"))?;
        expansion(expanded, channels)?
    };
    let activation = match (row.get("activation"), row.flag("hswish")?) {
        (Some(name), _) => activation(name)?,
        (None, Some(true)) => "-hswish",
        (None, Some(false)) => "-relu",
        (None, None) => "-relu6",
    };
    let squeeze = if row.flag("se")?.unwrap_or(false) { SQUEEZE } else { "" };
    let is_added = row.flag("residual")?.unwrap_or(stride == 1 && channels == out);
    let residual = if is_added { "-res" } else { "" };
    op_of(&format!(
        "mbconv-{}-o{out}-e{expansion}-{}{squeeze}{activation}{residual}",
        map(row)?,
        window(row)?
    ))
}

/// Channels inside over channels in.
pub(super) fn expansion(expanded: u32, channels: u32) -> Result<u32, String> {
    if channels > 0 && expanded.is_multiple_of(channels) {
        Ok(expanded / channels)
    } else {
        Err(format!("expanded_channels is {expanded}, expected a multiple of in_channels, {channels}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBCONV: &str = "input_hw,in_channels,out_channels,expansion,stride,kernel,se,activation";
    const EXPANDED: &str =
        "input_hw,in_channels,out_channels,expanded_channels,kernel,stride,residual,se,hswish";
    const CONV: &str = "input_hw,in_channels,out_channels,kernel,stride,groups,activation";
    const ALL: &str = "key,input_hw,in_channels,out_channels,kernel,stride,gate,more_channels,activation,factor,interpolation";

    fn key(kind: &str, heads: &str, line: &str) -> Result<String, String> {
        let names: Vec<String> = heads.split(',').map(str::to_owned).collect();
        let (_, read) = CSV_KINDS.iter().find(|(name, _)| *name == kind).unwrap();
        let record = Record { names: &names, fields: line.split(',').collect() };
        read(&record).map(|subject| subject.key())
    }

    #[test]
    fn every_kind_reads_its_columns() {
        let line = "gpool-4x4x8,14,8,24,3,2,1,16,hard_swish,2,nearest";
        for (kind, heads, line, expected) in [
            ("key", ALL, line, "gpool-4x4x8"),
            ("maxpool", ALL, line, "maxpool-14x14x8-k3-s2"),
            ("avgpool", ALL, line, "avgpool-14x14x8-k3-s2"),
            ("gpool", ALL, line, "gpool-14x14x8"),
            ("softmax", ALL, line, "softmax-1x1x8"),
            ("add", ALL, line, "add-14x14x8"),
            ("mul", ALL, line, "mul-14x14x8-gate"),
            ("concat", ALL, line, "concat-14x14x8-c16"),
            ("linear", ALL, line, "linear-1x1x8-o24"),
            ("act", ALL, line, "act-14x14x8-hswish"),
            ("upsample", ALL, line, "upsample-14x14x8-f2-nearest"),
            ("conv", CONV, "28,8,16,3,2,,relu", "conv-28x28x8-o16-k3-s2-relu"),
            ("conv", CONV, "28,8,8,3,1,8,", "conv-28x28x8-o8-k3-s1-g8"),
            ("conv", CONV, "48x320,8,16,3,2,,", "conv-48x320x8-o16-k3-s2"),
            ("mbconv", MBCONV, "14,24,24,6,1,5,0,hard_swish", "mbconv-14x14x24-o24-e6-k5-s1-hswish-res"),
            ("mbconv", MBCONV, "4,8,5,4,2,3,1,relu6", "mbconv-4x4x8-o5-e4-k3-s2-se4-relu6"),
            ("mbconv", EXPANDED, "14,24,24,144,5,1,0,0,0", "mbconv-14x14x24-o24-e6-k5-s1-relu"),
        ] {
            assert_eq!(key(kind, heads, line).as_deref(), Ok(expected));
        }
        for (kind, heads, line, reason) in [
            ("conv", CONV, "28,8,8,3,1,3,", "groups"),
            ("conv", CONV, "28,8,8,3,1,,gelu", "`gelu`"),
            ("mbconv", EXPANDED, "14,24,24,100,5,1,0,0,0", "expanded_channels is 100"),
            ("mbconv", EXPANDED, "14,24,24,144,4,1,0,0,0", "kernel must be odd"),
            ("mbconv", EXPANDED, "14,24,32,144,5,1,1,0,0", "24"),
        ] {
            let error = key(kind, heads, line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
