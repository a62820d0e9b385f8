//! Weights in TensorFlow Lite's order, and their biases.

use super::file::{Integers, Tensor};
use super::{ExportError, Place, Writer};
use crate::onnx::{OnnxError, checked_weights};
use crate::tflite::schema::tensor_type;

/// In which order weights stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A filter after the other: `[out, h, w, in / groups]`.
    Ohwi,
    /// `[1, h, w, out]` of depthwise convolutions, each of whose filters reads one channel.
    Hwc,
    /// `[out, in]`.
    Matrix,
}

impl Writer<'_> {
    /// Tensors of a layer's weights and biases.
    pub(super) fn weights(&mut self, place: &Place, order: Order) -> Result<[i32; 2], ExportError> {
        let Place { index, node, .. } = *place;
        let filters = node.layer.filters().unwrap_or_else(|| crate::spec::Conv::pointwise(0));
        let [high, wide] = filters.kernel;
        let (outputs, inputs) = (filters.out_channels, node.input.channels / filters.groups);
        let (shape, dimension) = match order {
            Order::Ohwi => (vec![outputs, high, wide, inputs], 0),
            Order::Hwc => (vec![1, high, wide, outputs], 3),
            Order::Matrix => (vec![outputs, inputs], 0),
        };
        let shape: Vec<i32> = shape.into_iter().map(|side| side as i32).collect();
        let taps = filters.taps() as usize;
        let (weight, bias) = (format!("weight{index}"), format!("bias{index}"));
        if !self.is_int8() {
            let tensors = checked_weights(&mut &*self.exported, index, node)?;
            let weights = reorder(&tensors.weights, outputs as usize, taps, order);
            return Ok([
                self.floats(&weight, &shape, &weights),
                self.floats(&bias, &[outputs as i32], &tensors.biases),
            ]);
        }
        let wrong = |reason: String| OnnxError::Weights { index, layer: node.layer.to_string(), reason };
        let integers = self.exported.integer_weights(index).map_err(|error| wrong(error.to_string()))?;
        let counts = [integers.weights.len(), integers.biases.len(), integers.units.len()];
        if counts != [node.weights() as usize, outputs as usize, outputs as usize] {
            return Err(wrong(format!("{counts:?} weights, biases and units do not fit it")).into());
        }
        // Nodes that read nothing have no weights.
        let input_unit = place.inputs.first().and_then(|input| {
            let integers = self.file.tensors[*input as usize].integers.as_ref()?;
            integers.units.first().copied()
        });
        let bias_units = integers.units.iter().map(|unit| unit * input_unit.unwrap_or(1.0)).collect();
        let weights = reorder(&integers.weights, outputs as usize, taps, order);
        let weights = self.file.push(Tensor {
            name: weight,
            shape,
            element: tensor_type::INT8,
            bytes: Some(weights.iter().map(|weight| *weight as u8).collect()),
            integers: Some(Integers { units: integers.units, zero: 0, dimension }),
        });
        let biases = self.int32s(&bias, &[outputs as i32], &integers.biases);
        self.file.tensors[biases as usize].integers =
            Some(Integers { units: bias_units, zero: 0, dimension: 0 });
        Ok([weights, biases])
    }
}

/// From `[out, in, h, w]`.
fn reorder<T: Copy>(values: &[T], outputs: usize, taps: usize, order: Order) -> Vec<T> {
    let inputs = values.len() / (outputs * taps).max(1);
    let at = |output: usize, input: usize, tap: usize| values[(output * inputs + input) * taps + tap];
    let mut reordered = Vec::with_capacity(values.len());
    match order {
        Order::Ohwi | Order::Matrix => {
            for output in 0..outputs {
                for tap in 0..taps {
                    reordered.extend((0..inputs).map(|input| at(output, input, tap)));
                }
            }
        }
        Order::Hwc => {
            for tap in 0..taps {
                reordered.extend((0..outputs).map(|output| at(output, 0, tap)));
            }
        }
    }
    reordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_reordered() {
        // Two filters on two channels, two taps: output, input, tap in decimal places.
        let oihw = [0, 1, 10, 11, 100, 101, 110, 111];
        assert_eq!(reorder(&oihw, 2, 2, Order::Ohwi), [0, 10, 1, 11, 100, 110, 101, 111]);
        assert_eq!(reorder(&oihw[..4], 2, 1, Order::Matrix), oihw[..4]);
        // Two filters of one channel, three taps.
        assert_eq!(reorder(&[0, 1, 2, 10, 11, 12], 2, 3, Order::Hwc), [0, 10, 1, 11, 2, 12]);
    }
}
