//! Tensors: values of the graph, values inside of a layer, and constants.

use super::Writer;
use super::file::{Integers, Tensor};
use crate::spec::{Activation, FeatureMap, Layer, Node, Precision};
use crate::tflite::schema::tensor_type;

/// What a map's integers stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) unit: f32,
    pub(super) zero: i8,
}

/// What TensorFlow Lite wants of sigmoid and softmax: 0 to 255/256 as −128 to 127.
pub(super) const SHARE: Unit = Unit { unit: 1.0 / 256.0, zero: -128 };

impl Writer<'_> {
    pub(super) fn is_int8(&self) -> bool {
        self.exported.precision() == Precision::Int8
    }

    /// An input of the model.
    pub(super) fn input(&mut self, name: &str, map: FeatureMap) -> i32 {
        let tensor = self.value(name, map, self.unit_of(name));
        self.file.inputs.push(tensor);
        tensor
    }

    /// What a layer gives: in the integers of the ONNX model, unless TensorFlow Lite has its own.
    pub(super) fn layer_value(&mut self, name: &str, node: &Node) -> i32 {
        let unit = match node.layer {
            Layer::Softmax | Layer::Activation(Activation::Sigmoid) => Some(SHARE),
            Layer::Input(_)
            | Layer::Conv(_)
            | Layer::Activation(
                Activation::Relu
                | Activation::Relu6
                | Activation::Hswish
                | Activation::Hsigmoid
                | Activation::Swish,
            )
            | Layer::Add
            | Layer::Mul
            | Layer::Scale
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Linear { .. }
            | Layer::Upsample { .. } => self.unit_of(name),
        };
        self.value(name, node.output, unit)
    }

    /// A map, in integers of this unit where the model is of integers.
    pub(super) fn value(&mut self, name: &str, map: FeatureMap, unit: Option<Unit>) -> i32 {
        let unit = unit.filter(|_| self.is_int8());
        self.file.push(Tensor {
            name: name.to_owned(),
            shape: [1, map.height, map.width, map.channels].map(|side| side as i32).to_vec(),
            element: if unit.is_some() { tensor_type::INT8 } else { tensor_type::FLOAT32 },
            bytes: None,
            integers: unit.map(Integers::of),
        })
    }

    /// Constant 32-bit integers.
    pub(super) fn int32s(&mut self, name: &str, shape: &[i32], values: &[i32]) -> i32 {
        self.file.push(Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            element: tensor_type::INT32,
            bytes: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
            integers: None,
        })
    }

    /// Constant floats.
    pub(super) fn floats(&mut self, name: &str, shape: &[i32], values: &[f32]) -> i32 {
        self.file.push(Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            element: tensor_type::FLOAT32,
            bytes: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
            integers: None,
        })
    }

    /// One constant above zero.
    pub(super) fn scalar(&mut self, name: &str, value: f32) -> i32 {
        if !self.is_int8() {
            return self.floats(name, &[], &[value]);
        }
        self.file.push(Tensor {
            name: name.to_owned(),
            shape: vec![],
            element: tensor_type::INT8,
            bytes: Some(vec![127]),
            integers: Some(Integers::of(Unit { unit: value / 127.0, zero: 0 })),
        })
    }

    /// What no maximum is taken of where anything else is there; as `like` in its number format.
    pub(super) fn lowest(&mut self, name: &str, like: i32) -> i32 {
        let integers = self.file.tensors[like as usize].integers.clone();
        if integers.is_none() {
            return self.floats(name, &[], &[f32::MIN]);
        }
        let (name, shape, element, bytes) = (name.to_owned(), vec![], tensor_type::INT8, Some(vec![0x80]));
        self.file.push(Tensor { name, shape, element, bytes, integers })
    }

    /// Of a value that the ONNX model has integers of.
    fn unit_of(&self, name: &str) -> Option<Unit> {
        let unsigned = self.exported.quantization(name)?;
        // 0 to 255 there, −128 to 127 here.
        Some(Unit { unit: unsigned.unit, zero: (i16::from(unsigned.zero) - 128) as i8 })
    }
}

impl Integers {
    pub(super) fn of(Unit { unit, zero }: Unit) -> Self {
        Self { units: vec![unit], zero: zero.into(), dimension: 0 }
    }
}
