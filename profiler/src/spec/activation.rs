//! Element-wise activation functions.

use std::{fmt, str::FromStr};

/// An element-wise activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6). Source: MobileNetV2, arXiv:1801.04381.
    Relu6,
    /// x · relu6(x + 3) / 6. Source: MobileNetV3, §5.2, arXiv:1905.02244.
    Hswish,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// relu6(x + 3) / 6. Source: MobileNetV3, §5.2, arXiv:1905.02244.
    Hsigmoid,
    /// x / (1 + e⁻ˣ). Source: Ramachandran et al., arXiv:1710.05941.
    Swish,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Relu, Self::Relu6, Self::Hswish, Self::Sigmoid, Self::Hsigmoid, Self::Swish];

    /// Its name in keys and space files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Hswish => "hswish",
            Self::Sigmoid => "sigmoid",
            Self::Hsigmoid => "hsigmoid",
            Self::Swish => "swish",
        }
    }

    /// Its value at `x`.
    pub fn at(self, x: f64) -> f64 {
        let hsigmoid = (x + 3.0).clamp(0.0, 6.0) / 6.0;
        let sigmoid = 1.0 / (1.0 + (-x).exp());
        match self {
            Self::Relu => x.max(0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Hswish => x * hsigmoid,
            Self::Sigmoid => sigmoid,
            Self::Hsigmoid => hsigmoid,
            Self::Swish => x * sigmoid,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| format!("`{text}` is no activation"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_hand_computed_ones() {
        // hsigmoid(1) = 4/6; sigmoid(ln 3) = 1 / (1 + 1/3) = 3/4.
        let ln3 = 3.0_f64.ln();
        for (activation, x, expected) in [
            (Activation::Relu, -2.0, 0.0),
            (Activation::Relu6, 7.0, 6.0),
            (Activation::Hswish, 1.0, 4.0 / 6.0),
            (Activation::Hswish, -3.5, 0.0),
            (Activation::Sigmoid, ln3, 0.75),
            (Activation::Hsigmoid, 1.0, 4.0 / 6.0),
            (Activation::Hsigmoid, 5.0, 1.0),
            (Activation::Swish, ln3, 0.75 * ln3),
        ] {
            assert!((activation.at(x) - expected).abs() < 1e-12, "{activation} at {x}");
        }
    }
}
