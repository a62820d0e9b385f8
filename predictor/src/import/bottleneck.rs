//! Rows of mobile inverted bottlenecks.

use profiler::spec::{Activation, FeatureMap, MbConv, OpSpec};

use super::{Foreign, Record, Subject};
use crate::{Elementwise, OpFeatures, Primitive};

/// How much narrower a squeeze-and-excitation is than the map it weighs. Source: MobileNetV3, §5.3, arXiv:1905.02244.
const SQUEEZE: u32 = 4;

/// Reads `input_hw`, `in_channels`, `out_channels`, `expansion` or `expanded_channels`, `kernel`, `stride`, `activation` or
/// `hswish` (else ReLU6), and, where they are there, `se` and `residual` (else: added where shapes allow).
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    let side = record.number("input_hw")?;
    let channels = record.number("in_channels")?;
    let out_channels = record.number("out_channels")?;
    let stride = record.number("stride")?;
    let block = MbConv {
        squeeze: None,
        out_channels,
        expansion: expansion(record, channels)?,
        kernel: record.number("kernel")?,
        stride,
        activation: activation(record)?,
        residual: record.flag("residual")?.unwrap_or(stride == 1 && channels == out_channels),
    };
    let input = FeatureMap::new(side, side, channels).map_err(|e| e.to_string())?;
    let plain = OpSpec::new(input, block).map_err(|e| e.to_string())?;
    match record.flag("se")? {
        Some(true) => Ok(Subject::Op(Box::new(with_squeeze(&plain)))),
        _ => Ok(Subject::Op(Box::new(plain.into()))),
    }
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

/// A block with a squeeze-and-excitation behind its depthwise convolution: mean over positions, two fully connected
/// layers, a ReLU between and a sigmoid behind them, and the map scaled by channel.
fn with_squeeze(plain: &OpSpec) -> Foreign {
    let graph = plain.graph();
    let mut layers = Primitive::of_graph(&graph);
    let is_project = |layer: &Primitive| matches!(layer, Primitive::Conv { kernel: 1, groups: 1, .. });
    let project = layers.iter().rposition(is_project).unwrap_or(layers.len());
    let map = match layers.get(project) {
        Some(Primitive::Conv { input, .. }) => *input,
        _ => plain.output(),
    };
    let wide = FeatureMap { height: 1, width: 1, channels: map.channels };
    let narrow = FeatureMap { channels: (map.channels / SQUEEZE).max(1), ..wide };
    let squeeze = [
        Primitive::GlobalPool { input: map },
        Primitive::Linear { input: wide, output: narrow },
        Primitive::Elementwise { function: Elementwise::Relu, map: narrow },
        Primitive::Linear { input: narrow, output: wide },
        Primitive::Elementwise { function: Elementwise::Sigmoid, map: wide },
        Primitive::Elementwise { function: Elementwise::Scale, map },
    ];
    layers.splice(project..project, squeeze);
    let features = OpFeatures::of_layers(plain.input(), plain.output(), &layers);
    let key = match plain.key().strip_suffix("-res") {
        Some(key) => format!("{key}-se{SQUEEZE}-res"),
        None => format!("{}-se{SQUEEZE}", plain.key()),
    };
    let op = key.parse().map_err(|_| "squeeze-and-excitation is no op of this release".to_owned());
    Foreign { key, kind: plain.kind(), features, op }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::import::Columns;

    fn read_line(heads: &str, line: &str) -> Result<Foreign, String> {
        let columns = Columns::new(&heads.split(',').collect::<Vec<_>>(), &[]).unwrap();
        match read(&columns.record(line.split(',').collect()))? {
            Subject::Op(op) => Ok(*op),
            Subject::Cell(_) => Err("a cell".to_owned()),
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
        assert_eq!((found.key.as_str(), found.op.is_ok()), ("mbconv-14x14x24-o24-e6-k5-s1-relu", true));
        let refused = |line: &str| read_line(heads, line).unwrap_err();
        assert!(refused("14,24,24,100,5,1,0,0,0").contains("expanded_channels is 100"));
        assert!(refused("14,24,24,144,4,1,0,0,0").contains("kernel must be odd"));
        assert!(refused("14,24,32,144,5,1,1,0,0").contains("24"));
    }

    #[test]
    fn squeeze_and_excitation_adds_its_work() {
        // 4x4x2 expanded by 3 to 6 channels, stride 2: the map is 2x2x6, squeezed to 1: 6 · 1 + 1 · 6 MACs.
        let heads = "input_hw,in_channels,out_channels,expansion,stride,kernel,se,activation";
        let found = read_line(heads, "4,2,5,3,2,3,1,relu6").unwrap();
        let expected = [
            ("linear_macs", 12e-6),
            ("linear_calls", 2.0),
            ("pooled_elements", 24e-6),
            ("gated_elements", 24e-6),
            ("sigmoid_elements", 6e-6),
            ("relu_elements", 1e-6),
            ("pointwise_macs", 312e-6),
        ];
        for (term, amount) in expected {
            assert!((found.features.amount(term) - amount).abs() < 1e-15, "{term}");
        }
        assert_eq!(found.key, "mbconv-4x4x2-o5-e3-k3-s2-relu6-se4");
    }
}
