//! Which operators a layer is.

use super::file::{Operator, Options, Set};
use super::padding::{Padding, Window};
use super::values::{SHARE, Unit};
use super::weights::Order;
use super::{ExportError, Place, Writer, versions};
use crate::spec::{Activation, Conv, FeatureMap, Interpolation, Layer, Pool};
use crate::tflite::builtin::Builtin;
use crate::tflite::schema::{
    activation, add, concatenation, conv_2d, depthwise_conv_2d, fully_connected, mul, padding, pool_2d,
    reducer, resize_bilinear, resize_nearest_neighbor, softmax,
};

impl Writer<'_> {
    /// Writes all operators of a layer.
    ///
    /// # Errors
    /// [`ExportError::Layer`] for one that cannot be said, and for weights that do not fit.
    pub(super) fn operators(&mut self, place: &Place) -> Result<(), ExportError> {
        match place.node.layer {
            // It stands among the model's inputs.
            Layer::Input(_) => {}
            Layer::Conv(conv) => self.convolution(place, conv)?,
            Layer::Linear { .. } => self.linear(place)?,
            Layer::Activation(activation) => self.activation(place, activation),
            Layer::Add => self.push(place, Builtin::ADD, fused_add(place.activation), &place.inputs),
            Layer::Mul | Layer::Scale => {
                self.push(place, Builtin::MUL, fused_mul(place.activation), &place.inputs);
            }
            Layer::Concat { .. } => self.concatenation(place),
            Layer::MaxPool(pool) | Layer::AveragePool(pool) => self.pool(place, pool)?,
            Layer::GlobalAveragePool => {
                let axes = self.int32s(&format!("{}_axes", place.name), &[2], &[1, 2]);
                let options = Options::of(reducer::TAG, vec![Set::Flag(reducer::KEEP_DIMS, true)]);
                self.push(place, Builtin::MEAN, options, &[place.inputs[0], axes]);
            }
            Layer::Upsample { interpolation, .. } => self.upsample(place, interpolation),
            Layer::Softmax => {
                let options = Options::of(softmax::TAG, vec![Set::Real(softmax::BETA, 1.0)]);
                self.push(place, Builtin::SOFTMAX, options, &place.inputs);
            }
        }
        Ok(())
    }

    fn convolution(&mut self, place: &Place, conv: Conv) -> Result<(), ExportError> {
        let map = place.node.input;
        let reach = [0, 1].map(|axis| conv.dilation[axis] * (conv.kernel[axis] - 1) + 1);
        let window = Window { reach, stride: conv.stride, before: conv.padding() };
        let (input, padding) = self.padded(place, map, window);
        // Each filter reads one channel; there may be several for one.
        let is_depthwise = conv.groups > 1 && conv.groups == map.channels;
        let [weights, biases] = self.weights(place, if is_depthwise { Order::Hwc } else { Order::Ohwi })?;
        let [[down, right], [rows, columns]] =
            [conv.stride, conv.dilation].map(|both| both.map(|steps| steps as i32));
        let (builtin, options) = if is_depthwise {
            use depthwise_conv_2d::{
                ACTIVATION, DEPTH_MULTIPLIER, DILATION_H, DILATION_W, PADDING, STRIDE_H, STRIDE_W, TAG,
            };
            let multiplier = (conv.out_channels / conv.groups) as i32;
            let fields = vec![
                Set::Byte(PADDING, padding),
                Set::Int(STRIDE_W, right),
                Set::Int(STRIDE_H, down),
                Set::Int(DEPTH_MULTIPLIER, multiplier),
                Set::Byte(ACTIVATION, place.activation),
                Set::Int(DILATION_W, columns),
                Set::Int(DILATION_H, rows),
            ];
            let since = if conv.dilation == [1; 2] { 1 } else { versions::DILATED_DEPTHWISE };
            (Builtin::DEPTHWISE_CONV_2D, Options { since, ..Options::of(TAG, fields) })
        } else {
            use conv_2d::{ACTIVATION, DILATION_H, DILATION_W, PADDING, STRIDE_H, STRIDE_W, TAG};
            let fields = vec![
                Set::Byte(PADDING, padding),
                Set::Int(STRIDE_W, right),
                Set::Int(STRIDE_H, down),
                Set::Byte(ACTIVATION, place.activation),
                Set::Int(DILATION_W, columns),
                Set::Int(DILATION_H, rows),
            ];
            let since = if conv.groups == 1 { 1 } else { versions::GROUPED_CONVOLUTION };
            (Builtin::CONV_2D, Options { since, ..Options::of(TAG, fields) })
        };
        self.push(place, builtin, options, &[input, weights, biases]);
        Ok(())
    }

    fn linear(&mut self, place: &Place) -> Result<(), ExportError> {
        use fully_connected::{ACTIVATION, KEEP_NUM_DIMS, TAG};
        let [weights, biases] = self.weights(place, Order::Matrix)?;
        // A map stays a map, so that no runtime has to reshape it.
        let fields = vec![Set::Byte(ACTIVATION, place.activation), Set::Flag(KEEP_NUM_DIMS, true)];
        let options = Options { since: versions::KEEPS_DIMENSIONS, ..Options::of(TAG, fields) };
        self.push(place, Builtin::FULLY_CONNECTED, options, &[place.inputs[0], weights, biases]);
        Ok(())
    }

    fn activation(&mut self, place: &Place, activation: Activation) {
        let (input, map) = (place.inputs[0], place.node.output);
        let inside = |part: &str| format!("{}_{part}", place.name);
        match activation {
            Activation::Relu => self.push(place, Builtin::RELU, Options::default(), &[input]),
            Activation::Relu6 => self.push(place, Builtin::RELU6, Options::default(), &[input]),
            Activation::Hswish => self.push(place, Builtin::HARD_SWISH, Options::default(), &[input]),
            Activation::Sigmoid => self.push(place, Builtin::LOGISTIC, Options::default(), &[input]),
            Activation::Swish => {
                let gate = self.value(&inside("gate"), map, Some(SHARE));
                self.operator(Builtin::LOGISTIC, Options::default(), &[input], gate);
                self.push(place, Builtin::MUL, fused_mul(activation::NONE), &[input, gate]);
            }
            Activation::Hsigmoid => {
                let three = self.scalar(&inside("three"), 3.0);
                let sixth = self.scalar(&inside("sixth"), 1.0 / 6.0);
                let up_to_6 = Unit { unit: 6.0 / 255.0, zero: -128 };
                let sum = self.value(&inside("sum"), map, Some(up_to_6));
                self.operator(Builtin::ADD, fused_add(activation::RELU6), &[input, three], sum);
                self.push(place, Builtin::MUL, fused_mul(activation::NONE), &[sum, sixth]);
            }
        }
    }

    fn concatenation(&mut self, place: &Place) {
        let output = self.file.tensors[place.output as usize].integers.clone();
        let mut inputs = place.inputs.clone();
        for (part, input) in inputs.iter_mut().enumerate() {
            // All parts of it have the integers of the whole.
            let mut tensor = self.file.tensors[*input as usize].clone();
            if tensor.integers != output {
                tensor.name = format!("{}_part{part}", place.name);
                tensor.integers.clone_from(&output);
                let same = self.file.push(tensor);
                self.operator(Builtin::QUANTIZE, Options::default(), &[*input], same);
                *input = same;
            }
        }
        let fields = vec![Set::Int(concatenation::AXIS, 3), Set::Byte(concatenation::ACTIVATION, 0)];
        self.push(place, Builtin::CONCATENATION, Options::of(concatenation::TAG, fields), &inputs);
    }

    fn pool(&mut self, place: &Place, pool: Pool) -> Result<(), ExportError> {
        use pool_2d::{ACTIVATION, FILTER_H, FILTER_W, PADDING, STRIDE_H, STRIDE_W, TAG};
        let map = place.node.input;
        let before = pool.pads(map).map(|(before, _)| before);
        let window = Window { reach: pool.kernel, stride: pool.stride, before };
        let is_mean = matches!(place.node.layer, Layer::AveragePool(_));
        if is_mean && window.padding(map) != Padding::Same {
            return Err(ExportError::Layer {
                layer: place.node.layer.to_string(),
                input: map.to_string(),
                reason: "its mean leaves out padding that stands before the map, where SAME has it behind",
            });
        }
        let (input, padding) = self.padded(place, map, window);
        let [[high, wide], [down, right]] =
            [pool.kernel, pool.stride].map(|both| both.map(|side| side as i32));
        let fields = vec![
            Set::Byte(PADDING, padding),
            Set::Int(STRIDE_W, right),
            Set::Int(STRIDE_H, down),
            Set::Int(FILTER_W, wide),
            Set::Int(FILTER_H, high),
            Set::Byte(ACTIVATION, place.activation),
        ];
        let builtin = if is_mean { Builtin::AVERAGE_POOL_2D } else { Builtin::MAX_POOL_2D };
        // Pools keep their input's integers.
        let integers = self.file.tensors[input as usize].integers.clone();
        let mut pooled = self.file.tensors[place.output as usize].clone();
        if pooled.integers == integers {
            self.push(place, builtin, Options::of(TAG, fields), &[input]);
        } else {
            (pooled.name, pooled.integers) = (format!("{}_pooled", place.name), integers);
            let pooled = self.file.push(pooled);
            self.operator(builtin, Options::of(TAG, fields), &[input], pooled);
            self.push(place, Builtin::QUANTIZE, Options::default(), &[pooled]);
        }
        Ok(())
    }

    fn upsample(&mut self, place: &Place, interpolation: Interpolation) {
        let FeatureMap { height, width, .. } = place.node.output;
        let size = self.int32s(&format!("{}_size", place.name), &[2], &[height as i32, width as i32]);
        let (builtin, options) = match interpolation {
            Interpolation::Nearest => {
                (Builtin::RESIZE_NEAREST_NEIGHBOR, Options::of(resize_nearest_neighbor::TAG, vec![]))
            }
            Interpolation::Bilinear => {
                let fields = vec![Set::Flag(resize_bilinear::HALF_PIXEL_CENTERS, true)];
                let options = Options::of(resize_bilinear::TAG, fields);
                (Builtin::RESIZE_BILINEAR, Options { since: versions::HALF_PIXEL, ..options })
            }
        };
        self.push(place, builtin, options, &[place.inputs[0], size]);
    }

    /// What a window reads, padded already where SAME would pad otherwise, and how it is padded.
    fn padded(&mut self, place: &Place, map: FeatureMap, window: Window) -> (i32, i8) {
        let input = place.inputs[0];
        let Padding::Ahead([rows, columns]) = window.padding(map) else { return (input, padding::SAME) };
        let mut tensor = self.file.tensors[input as usize].clone();
        tensor.name = format!("{}_padded", place.name);
        tensor.shape[1] += (rows.0 + rows.1) as i32;
        tensor.shape[2] += (columns.0 + columns.1) as i32;
        let padded = self.file.push(tensor);
        let sides = [0, 0, rows.0, rows.1, columns.0, columns.1, 0, 0].map(|side| side as i32);
        let sides = self.int32s(&format!("{}_sides", place.name), &[4, 2], &sides);
        if matches!(place.node.layer, Layer::MaxPool(_)) {
            let lowest = self.lowest(&format!("{}_lowest", place.name), input);
            self.operator(Builtin::PADV2, Options::default(), &[input, sides, lowest], padded);
        } else {
            self.operator(Builtin::PAD, Options::default(), &[input, sides], padded);
        }
        (padded, padding::VALID)
    }

    /// The last operator of a layer.
    fn push(&mut self, place: &Place, builtin: Builtin, options: Options, inputs: &[i32]) {
        self.operator(builtin, options, inputs, place.output);
    }

    fn operator(&mut self, builtin: Builtin, options: Options, inputs: &[i32], output: i32) {
        let of_number = if self.is_int8() { versions::of_int8(builtin) } else { 1 };
        let version = options.since.max(of_number);
        self.file.operators.push(Operator { builtin, version, options, inputs: inputs.to_vec(), output });
    }
}

fn fused_add(activation: i8) -> Options {
    Options::of(add::TAG, vec![Set::Byte(add::ACTIVATION, activation)])
}

fn fused_mul(activation: i8) -> Options {
    Options::of(mul::TAG, vec![Set::Byte(mul::ACTIVATION, activation)])
}
