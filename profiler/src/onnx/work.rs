//! Which ONNX operators multiply and accumulate.
//!
//! Source: ONNX's Operators.md (operator set 24); ONNX Runtime's ContribOperators.md.

/// What an operator does, as far as multiply-accumulates are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It multiplies and accumulates; `node_macs` counts it.
    Counted,
    /// Nothing worth counting: activations, pooling, sums, changes of layout.
    Nothing,
    /// It may multiply, and nobody here knows how much: most operators outside of ONNX's own, and graphs within graphs.
    Unknown,
}

const COUNTED: [&str; 21] = [
    "Conv",
    "ConvTranspose",
    "ConvInteger",
    "QLinearConv",
    "Gemm",
    "MatMul",
    "MatMulInteger",
    "QLinearMatMul",
    "Einsum",
    "LSTM",
    "GRU",
    "RNN",
    "com.microsoft.FusedConv",
    "com.microsoft.FusedMatMul",
    "com.microsoft.FusedGemm",
    "com.microsoft.QGemm",
    "com.microsoft.QLinearConv",
    "com.microsoft.MatMulNBits",
    "com.microsoft.MatMulIntegerToFloat",
    "com.microsoft.DynamicQuantizeMatMul",
    "com.microsoft.DynamicQuantizeLSTM",
];

/// Of ONNX's own operators.
const UNKNOWN: [&str; 9] =
    ["Attention", "DeformConv", "Det", "DFT", "STFT", "If", "Loop", "Scan", "SequenceMap"];

/// Of ONNX Runtime's.
const NOTHING: [&str; 23] = [
    "BiasAdd",
    "BiasGelu",
    "DequantizeLinear",
    "FastGelu",
    "Gelu",
    "LayerNormalization",
    "NhwcMaxPool",
    "Pad",
    "QLinearAdd",
    "QLinearAveragePool",
    "QLinearConcat",
    "QLinearGlobalAveragePool",
    "QLinearLeakyRelu",
    "QLinearMul",
    "QLinearReduceMean",
    "QLinearSigmoid",
    "QLinearSoftmax",
    "QLinearWhere",
    "QuantizeLinear",
    "QuickGelu",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// Of an operator, with its domain before it where that is not ONNX's own: `com.microsoft.FusedConv`.
pub fn work(operator: &str) -> Work {
    if COUNTED.contains(&operator) {
        return Work::Counted;
    }
    let is_nothing = match operator.rsplit_once('.') {
        None => !UNKNOWN.contains(&operator),
        Some(("com.microsoft", name)) => NOTHING.contains(&name),
        Some(_) => false,
    };
    if is_nothing { Work::Nothing } else { Work::Unknown }
}

/// An operator with its domain, where that is not ONNX's own.
pub(super) fn full_name(domain: &str, operator: String) -> String {
    if domain.is_empty() || domain == "ai.onnx" { operator } else { format!("{domain}.{operator}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_of_an_unknown_domain_is_not_nothing() {
        assert_eq!(work("Conv"), Work::Counted);
        assert_eq!(work("com.microsoft.FusedConv"), Work::Counted);
        assert_eq!([work("Relu"), work("com.microsoft.Gelu")], [Work::Nothing; 2]);
        for unknown in
            ["com.microsoft.Attention", "my.own.Relu", "my.own.Conv", "Loop", "ai.onnx.ml.SVMRegressor"]
        {
            assert_eq!(work(unknown), Work::Unknown, "{unknown}");
        }
        assert_eq!(full_name("ai.onnx", "Conv".to_owned()), "Conv");
        assert_eq!(full_name("my.own", "Conv".to_owned()), "my.own.Conv");
    }
}
