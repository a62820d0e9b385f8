//! Dynamic quantization: layers on 8-bit integers that are made as the network runs, of what each of them reads, by its own range;
//! as onnxruntime.quantization writes them.

use super::super::proto::{FLOAT, INT8, INT32, UINT8};
use super::filters::{Convolved, convolved};
use super::{Filters, Operand, Sketch, Sketched, bound, int};

/// A value in 8-bit integers, and the unit and zero point that go with it.
#[derive(Clone, Debug)]
pub struct Quantized {
    integers: Sketched,
    unit: Sketched,
    zero: Sketched,
}

/// How a convolution's biases are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biases {
    /// To the real numbers behind it.
    Real,
    /// To the integers that it gives, counted anew in their units in each run, as earlier quantizers wrote it.
    Integer,
}

impl Sketch {
    /// A value in 8-bit integers by the range that it has in a run.
    pub fn quantize_dynamically(&mut self, x: &Sketched) -> Quantized {
        let dims = vec![x.dims.clone(), vec![], vec![]];
        let mut given = self.nodes("DynamicQuantizeLinear", &[&x.name], dims, vec![]).into_iter();
        let mut next = || given.next().unwrap_or_else(|| x.clone());
        Quantized { integers: next(), unit: next(), zero: next() }
    }

    /// A convolution with same padding and a bias.
    pub fn dynamic_conv(&mut self, x: &Quantized, filters: Filters, biases: Biases) -> Sketched {
        let Convolved { dims, weights, fan_in, attributes } = convolved(&x.integers, filters);
        // Runtimes take no signed weights here.
        let [weights, unit, zero] = self.int8_weights(&weights, bound(fan_in), UINT8);
        self.macs += dims.iter().product::<u64>() * fan_in;
        let inputs = [x.integers.name.as_str(), &weights, &x.zero.name, &zero];
        let product = self.node("ConvInteger", &inputs, dims, attributes);
        match biases {
            Biases::Real => {
                let real = self.scaled_back(&product, x, &unit);
                self.combine("Add", &real, Operand::PerChannel)
            }
            Biases::Integer => {
                let channels = u64::from(filters.out);
                let biases = self.random(&[channels], -0.1, 0.1);
                let unit_of_both = self.node("Mul", &[&x.unit.name, &unit], vec![], vec![]);
                let counted = self.node("Div", &[&biases, &unit_of_both.name], vec![channels], vec![]);
                let whole = self.apply("Floor", &counted);
                let whole = self.cast(&whole, INT32);
                let per_channel = self.reshape(&whole, &[1, channels, 1, 1]);
                let sum = self.combine("Add", &product, Operand::Value(&per_channel));
                self.scaled_back(&sum, x, &unit)
            }
        }
    }

    /// The product of each position of a sequence with weights, and a bias: `[.., c]` → `[.., out]`.
    pub fn dynamic_matmul(&mut self, x: &Quantized, out: u32) -> Sketched {
        let inner = x.integers.dims.last().copied().unwrap_or(1);
        let mut dims = x.integers.dims.clone();
        dims.iter_mut().rev().take(1).for_each(|last| *last = out.into());
        let [weights, unit, zero] = self.int8_weights(&[inner, out.into()], bound(inner), INT8);
        self.macs += dims.iter().product::<u64>() * inner;
        let inputs = [x.integers.name.as_str(), &weights, &x.zero.name, &zero];
        let product = self.node("MatMulInteger", &inputs, dims, vec![]);
        let real = self.scaled_back(&product, x, &unit);
        self.combine("Add", &real, Operand::PerChannel)
    }

    /// What a product with weights of this unit stands for.
    fn scaled_back(&mut self, product: &Sketched, x: &Quantized, unit: &str) -> Sketched {
        let real = self.cast(product, FLOAT);
        let unit = self.node("Mul", &[&x.unit.name, unit], vec![], vec![]);
        self.combine("Mul", &real, Operand::Value(&unit))
    }

    fn cast(&mut self, x: &Sketched, format: i32) -> Sketched {
        self.node("Cast", &[&x.name], x.dims.clone(), vec![int("to", format.into())])
    }
}
