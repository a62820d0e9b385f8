//! Rows of mobile inverted bottlenecks.

use profiler::spec::{Activation, FeatureMap, MbConv, OpSpec};

use super::{Record, Subject};

/// Ratio of squeeze-and-excitation, which tables do not tell. Source: MobileNetV3, §5.3, arXiv:1905.02244.
const SQUEEZE: u32 = 4;

/// Reads `input_hw`, `in_channels`, `out_channels`, `expansion` or `expanded_channels`, `kernel`, `stride`, `activation` or
/// `hswish` (else ReLU6), and, where they are there, `se` and `residual` (else: added where shapes allow).
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    let side = record.number("input_hw")?;
    let channels = record.number("in_channels")?;
    let out_channels = record.number("out_channels")?;
    let stride = record.number("stride")?;
    let block = MbConv {
        out_channels,
        expansion: expansion(record, channels)?,
        kernel: record.number("kernel")?,
        stride,
        squeeze: record.flag("se")?.unwrap_or(false).then_some(SQUEEZE),
        activation: activation(record)?,
        residual: record.flag("residual")?.unwrap_or(stride == 1 && channels == out_channels),
    };
    let input = FeatureMap::new(side, side, channels).map_err(|e| e.to_string())?;
    let op = OpSpec::new(input, block).map_err(|e| e.to_string())?;
    Ok(Subject::Op(Box::new(op.into())))
}

fn expansion(record: &Record<'_>, channels: u32) -> Result<u32, String> {
    if record.get("expansion").is_some() {
        return record.number("expansion");
    }
    let expanded = record.number("expanded_channels").map_err(|e| format!("{e} and no `expansion`"))?;
    if channels > 0 && expanded.is_multiple_of(channels) {
        Ok(expanded / channels)
    } else {
        Err(format!("expanded_channels is {expanded}, expected a multiple of in_channels, {channels}"))
    }
}

fn activation(record: &Record<'_>) -> Result<Activation, String> {
    match (record.get("activation"), record.flag("hswish")?) {
        (Some("relu"), _) => Ok(Activation::Relu),
        (Some("relu6"), _) => Ok(Activation::Relu6),
        (Some("hswish" | "hard_swish" | "h_swish" | "h-swish"), _) => Ok(Activation::Hswish),
        (Some(other), _) => Err(format!("activation is `{other}`, expected relu, relu6 or hswish")),
        (None, Some(true)) => Ok(Activation::Hswish),
        (None, Some(false)) => Ok(Activation::Relu),
        (None, None) => Ok(Activation::Relu6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        import::Columns,
        work::{Amount, Class, OpEntry},
    };

    fn read_line(heads: &str, line: &str) -> Result<OpEntry, String> {
        let columns = Columns::new(&heads.split(',').collect::<Vec<_>>(), &[]).unwrap();
        match read(&columns.record(line.split(',').collect()))? {
            Subject::Op(op) => Ok(*op),
            other => Err(other.key()),
        }
    }

    #[test]
    fn both_ways_to_write_a_block_give_its_key() {
        let heads = "input_hw,in_channels,out_channels,expansion,stride,kernel,se,activation";
        assert_eq!(
            read_line(heads, "14,24,24,6,1,5,0,hard_swish").unwrap().key,
            "mbconv-14x14x24-o24-e6-k5-s1-hswish-res"
        );
        let heads = "input_hw,in_channels,out_channels,expanded_channels,kernel,stride,residual,se,hswish";
        let found = read_line(heads, "14,24,24,144,5,1,0,0,0").unwrap();
        assert_eq!(found.key, "mbconv-14x14x24-o24-e6-k5-s1-relu");
        let refused = |line: &str| read_line(heads, line).unwrap_err();
        assert!(refused("14,24,24,100,5,1,0,0,0").contains("expanded_channels is 100"));
        assert!(refused("14,24,24,144,4,1,0,0,0").contains("kernel must be odd"));
        assert!(refused("14,24,32,144,5,1,1,0,0").contains("24"));
    }

    #[test]
    fn squeeze_and_excitation_adds_its_work() {
        // 4x4x8 expanded by 4 to 32 channels, stride 2: the map is 2x2x32, squeezed to 8: 32 · 8 + 8 · 32 MACs. ReLU of the
        // squeezed 8, ReLU6 of 512 and of 128.
        let heads = "input_hw,in_channels,out_channels,expansion,stride,kernel,se,activation";
        let found = read_line(heads, "4,8,5,4,2,3,1,relu6").unwrap();
        let expected = [
            (Class::Linear, Amount::Macs, 512e-6),
            (Class::Linear, Amount::Calls, 2.0),
            (Class::Pooled, Amount::Pooled, 128e-6),
            (Class::Gated, Amount::Elements, 128e-6),
            (Class::Hsigmoid, Amount::Elements, 32e-6),
            (Class::Relu, Amount::Elements, 648e-6),
        ];
        for (class, amount, expected) in expected {
            assert!((found.features.amount(class, amount) - expected).abs() < 1e-15, "{class:?} {amount:?}");
        }
        assert_eq!(found.key, "mbconv-4x4x8-o5-e4-k3-s2-se4-relu6");
    }
}
