//! Keys of nn-Meter's lookup tables of blocks.

use super::{Subject, op_key};

/// Whether it is the key of a first convolution that says nothing of its activation.
pub(super) fn has_silent_activation(key: &str) -> bool {
    key.strip_prefix("firstconv_").is_some_and(|fields| fields.split('_').count() <= 5)
}

/// The op of a block's key.
pub(super) fn op(key: &str) -> Result<Subject, String> {
    let parts: Vec<&str> = key.split('_').collect();
    let (name, fields) = parts.split_first().map_or(("", &parts[..]), |(name, fields)| (*name, fields));
    let wrong = || format!("`{key}` has not the fields of a {name}");
    let place = |index: usize| fields.get(index).and_then(|text| text.parse::<u32>().ok()).ok_or_else(wrong);
    let key = match name {
        "firstconv" => {
            let activation = fields.get(5..).map_or(Ok(""), |words| op_key::activation(&words.join("_")))?;
            conv(
                [place(0)?, place(1)?, place(2)?, place(4)?, place(3)?],
                if activation.is_empty() { "-hswish" } else { activation },
            )
        }
        "conv" => {
            // An activation may be of several words, and what follows the kernel says whether it has squeeze-excite.
            let (words, se) = match fields.last() {
                Some(&"se") => (&fields[..fields.len() - 1], "-se4"),
                Some(&"nose") => (&fields[..fields.len() - 1], ""),
                _ => (fields, ""),
            };
            let kernel = words.last().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
            let activation = op_key::activation(&words.get(5..words.len() - 1).ok_or_else(wrong)?.join("_"))?;
            let sizes = [place(0)?, place(1)?, place(2)?, kernel, place(4)?];
            bottleneck(sizes, place(3)?, se, activation)
        }
        "MobileNetV2ResBlock" | "MobileNetV3ResBlock" | "MobileNetV2Block" | "MobileNetV3Block" => {
            let sizes = [place(0)?, place(1)?, place(2)?, place(3)?, place(5)?];
            let se = if name.contains("V3") { "-se4" } else { "" };
            bottleneck(sizes, place(4)?, se, op_key::activation(fields.get(6).copied().unwrap_or_default())?)
        }
        "FirstConvBlock" | "FinalExpandBlock" => {
            let activation = op_key::activation(fields.get(6).copied().unwrap_or_default())?;
            conv([place(0)?, place(1)?, place(2)?, place(3)?, place(5)?], activation)
        }
        _ => return Err(format!("block `{name}`, which no op here is")),
    };
    op_key::op(&key)
}

/// Side, channels in, channels out, kernel, stride.
fn conv([side, channels, out, kernel, stride]: [u32; 5], activation: &str) -> String {
    format!("conv-{side}x{side}x{channels}-o{out}-k{kernel}-s{stride}{activation}")
}

/// The input is added where shapes allow.
fn bottleneck(
    [side, channels, out, kernel, stride]: [u32; 5],
    expansion: u32,
    se: &str,
    activation: &str,
) -> String {
    let residual = if stride == 1 && channels == out { "-res" } else { "" };
    format!(
        "mbconv-{side}x{side}x{channels}-o{out}-e{expansion}-k{kernel}-s{stride}{se}{activation}{residual}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_generations_are_read() {
        let key = |text: &str| op(text).map(|subject| subject.key());
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(key("conv_88_16_24_6_2_hard_swish_5"), ok("mbconv-88x88x16-o24-e6-k5-s2-hswish"));
        assert_eq!(key("firstconv_128_3_16_2_3"), ok("conv-128x128x3-o16-k3-s2-hswish"));
        assert_eq!(key("FirstConvBlock_224_3_16_3_None_2_relu"), ok("conv-224x224x3-o16-k3-s2-relu"));
        let found = key("MobileNetV3ResBlock_56_24_24_5_4_1_hswish");
        assert_eq!(found, ok("mbconv-56x56x24-o24-e4-k5-s1-se4-hswish-res"));
        for wrong in ["", "conv", "conv_se", "conv_1_2_3_4", "MobileNetV2ResBlock_x_1", "transds_8_1_2"] {
            assert!(op(wrong).is_err(), "{wrong}");
        }
    }
}
