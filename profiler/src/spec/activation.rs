//! Element-wise activation functions.

use super::named;

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

named!(
    Activation,
    "activation",
    Relu = "relu",
    Relu6 = "relu6",
    Hswish = "hswish",
    Sigmoid = "sigmoid",
    Hsigmoid = "hsigmoid",
    Swish = "swish",
);

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
