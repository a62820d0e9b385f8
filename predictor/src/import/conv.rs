//! Rows of single convolutions.

use profiler::spec::{ConvOp, FeatureMap, OpSpec};

use super::{Record, Subject};

/// Reads `input_hw`, `in_channels`, `out_channels`, `kernel`, `stride`, and, where they are there, `groups`, `dilation`
/// and `activation` (as in keys).
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    let side = record.number("input_hw")?;
    let input = FeatureMap::new(side, side, record.number("in_channels")?).map_err(|e| e.to_string())?;
    let activation = match record.get("activation") {
        None | Some("none" | "linear") => None,
        Some("hard_swish" | "h_swish" | "h-swish") => Some(profiler::spec::Activation::Hswish),
        Some(name) => Some(name.parse().map_err(|e| format!("activation: {e}"))?),
    };
    let number_or_one = |column| if record.get(column).is_some() { record.number(column) } else { Ok(1) };
    let conv = ConvOp {
        out_channels: record.number("out_channels")?,
        kernel: record.number("kernel")?,
        stride: record.number("stride")?,
        groups: number_or_one("groups")?,
        dilation: number_or_one("dilation")?,
        activation,
    };
    let op = OpSpec::new(input, conv).map_err(|e| e.to_string())?;
    Ok(Subject::Op(Box::new(op.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Columns;

    #[test]
    fn a_row_gives_its_key() {
        let heads = ["input_hw", "in_channels", "out_channels", "kernel", "stride", "groups", "activation"];
        let columns = Columns::new(&heads, &[]).unwrap();
        let key = |line: &str| read(&columns.record(line.split(',').collect())).map(|subject| subject.key());
        assert_eq!(key("28,8,16,3,2,,relu"), Ok("conv-28x28x8-o16-k3-s2-relu".to_owned()));
        assert_eq!(key("28,8,8,3,1,8,"), Ok("conv-28x28x8-o8-k3-s1-g8".to_owned()));
        assert!(key("28,8,8,3,1,3,").unwrap_err().contains("groups"));
        assert!(key("28,8,8,3,1,,gelu").unwrap_err().contains("`gelu`"));
    }
}
