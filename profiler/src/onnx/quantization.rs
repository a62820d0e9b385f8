//! How real numbers become 8-bit integers: activations unsigned, weights signed, as runtimes on every processor take them.

/// What 8-bit integers stand for: `real = unit · (integer − zero)`. Source: Jacob et al., §2.1, arXiv:1712.05877.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The real number between two neighbouring integers.
    pub unit: f32,
    /// The integer that stands for 0.
    pub zero: u8,
}

/// What model inputs have: −1 to 1 as 1 to 255.
pub(super) const INPUT: Quantization = Quantization { unit: 1.0 / 127.0, zero: 128 };

impl Quantization {
    /// What an integer stands for.
    #[must_use]
    pub fn real(self, integer: u8) -> f32 {
        self.unit * (f32::from(integer) - f32::from(self.zero))
    }

    /// From its text in a model's metadata: unit and zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (unit, zero) = text.split_once(' ')?;
        Some(Self { unit: unit.parse().ok()?, zero: zero.parse().ok()? })
    }

    /// The finest one that covers `low` to `high`, and 0.
    pub(super) fn covering(low: f64, high: f64) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        if high - low < f64::from(f32::MIN_POSITIVE) * 255.0 {
            return INPUT;
        }
        let unit = (high - low) / 255.0;
        Self { unit: unit as f32, zero: (-low / unit).round() as u8 }
    }
}

/// Largest integer of a weight. Two products of an activation (to 255) and a weight stay within 16 bits, in which x86
/// processors without VNNI add them, saturating.
const LARGEST_WEIGHT: f32 = 63.0;

/// Weights with one unit per output channel and zero at 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct QuantizedWeights {
    pub(super) weights: Vec<i8>,
    pub(super) units: Vec<f32>,
    /// In units of the input's times the channel's.
    pub(super) biases: Vec<i32>,
    pub(super) bias_units: Vec<f32>,
}

/// Quantizes the weights and biases of a layer whose input has this unit.
pub(super) fn quantize_weights(weights: &[f32], biases: &[f32], input_unit: f32) -> QuantizedWeights {
    let per_channel = weights.len() / biases.len().max(1);
    let mut quantized = QuantizedWeights {
        weights: Vec::with_capacity(weights.len()),
        units: Vec::with_capacity(biases.len()),
        biases: Vec::with_capacity(biases.len()),
        bias_units: Vec::with_capacity(biases.len()),
    };
    for (channel, bias) in weights.chunks(per_channel.max(1)).zip(biases) {
        let largest = channel.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
        let unit = if largest > 0.0 { largest / LARGEST_WEIGHT } else { 1.0 };
        // Float to integer conversions saturate.
        quantized.weights.extend(channel.iter().map(|w| (w / unit).round() as i8));
        quantized.units.push(unit);
        quantized.biases.push((bias / (unit * input_unit)).round() as i32);
        quantized.bias_units.push(unit * input_unit);
    }
    quantized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_covered_and_zero_is_exact() {
        // 0 to 6 takes all 255 steps: zero is the lowest integer.
        let relu6 = Quantization::covering(0.5, 6.0);
        assert_eq!((relu6.unit, relu6.zero), ((6.0_f64 / 255.0) as f32, 0));
        // −1 to 4 in steps of 5/255 = 1/51: −1 is 51 steps below 0.
        let both = Quantization::covering(-1.0, 4.0);
        assert_eq!((both.unit, both.zero), ((1.0_f64 / 51.0) as f32, 51));
        assert_eq!(Quantization::covering(0.0, 0.0), INPUT);
    }

    #[test]
    fn weights_have_a_unit_per_channel() {
        let q = quantize_weights(&[0.63, -0.01, 0.0, 0.0, 0.5, -1.26], &[0.5, 0.1, -1.0], 0.1);
        assert_eq!(q.weights, [63, -1, 0, 0, 25, -63]);
        // Channels of 2: largest 0.63, 0 and 1.26; biases in 0.1 · 0.01, 0.1 · 1, 0.1 · 0.02.
        assert_eq!(q.biases, [500, 1, -500]);
    }
}
