//! Models drawn node by node as exporters write them, with random weights: what drawn networks are made of.

mod arithmetic;
mod combined;
mod dynamic;
mod filters;
mod quantized;
mod sequences;
mod shapes;

use std::collections::HashMap;

use prost::Message;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::parts::Parts;
use super::proto::{
    Attribute, Dimension, FLOAT, FLOAT_ATTRIBUTE, Graph, INT, INT64, INTS, Model, OperatorSet, STRING, Shape,
    TensorType, Type, ValueInfo,
};

pub use arithmetic::Curve;
pub use combined::Operand;
pub use dynamic::{Biases, Quantized};
pub use filters::Filters;
pub use sequences::{Recurrent, Shifted};

/// A value of a [`Sketch`].
#[derive(Clone, Debug, PartialEq)]
pub struct Sketched {
    name: String,
    dims: Vec<u64>,
}

impl Sketched {
    /// Its sides: `[1, c, h, w]`, `[1, t, c]`, `[1, c, t]` or `[1, c]`, inside of attention more.
    pub fn dims(&self) -> &[u64] {
        &self.dims
    }

    /// Channels of a map, or of a vector.
    pub fn channels(&self) -> u32 {
        self.side(1)
    }

    /// A side; 1 where there is none.
    pub fn side(&self, axis: usize) -> u32 {
        self.dims.get(axis).map_or(1, |&side| u32::try_from(side).unwrap_or(u32::MAX))
    }

    fn elements(&self) -> u64 {
        self.dims.iter().product()
    }
}

/// What the weights of a sketch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// None: only the work is counted, and nothing can be made of it.
    Counted,
    /// Random ones that keep values in range, from this seed.
    Seeded(u64),
}

/// A model that is being drawn. Values keep in range from node to node.
pub struct Sketch {
    parts: Parts,
    input: Sketched,
    /// The number format of the input.
    input_type: i32,
    rng: Option<Pcg64>,
    values: usize,
    macs: u64,
    parameters: u64,
    largest: u64,
    opset: i64,
    /// In a network of 8-bit integers: what layers read instead of a value, by its name.
    integers: Option<HashMap<String, String>>,
}

impl Sketch {
    /// An empty model over an image `[1, channels, side, side]`, and that image.
    pub fn new(channels: u32, side: u32, weights: Weights) -> (Self, Sketched) {
        Self::over(&[1, channels.into(), side.into(), side.into()], FLOAT, weights)
    }

    /// An empty model over sound, `channels` numbers at each of `frames` moments: `[1, channels, frames]`.
    pub fn over_sound(channels: u32, frames: u32, weights: Weights) -> (Self, Sketched) {
        Self::over(&[1, channels.into(), frames.into()], FLOAT, weights)
    }

    /// An empty model over whole numbers that stand for words: `[1, count]`.
    pub fn over_tokens(count: u32, weights: Weights) -> (Self, Sketched) {
        Self::over(&[1, count.into()], INT64, weights)
    }

    fn over(dims: &[u64], input_type: i32, weights: Weights) -> (Self, Sketched) {
        let input = Sketched { name: "input".to_owned(), dims: dims.to_vec() };
        let rng = match weights {
            Weights::Counted => None,
            Weights::Seeded(seed) => Some(Pcg64::seed_from_u64(seed)),
        };
        let sketch = Self {
            parts: Parts::default(),
            input: input.clone(),
            input_type,
            rng,
            values: 0,
            macs: 0,
            parameters: 0,
            largest: input.elements(),
            opset: 14,
            integers: None,
        };
        (sketch, input)
    }

    /// Multiply-accumulates so far.
    pub fn macs(&self) -> u64 {
        self.macs
    }

    /// Weights so far.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Elements of the largest value so far.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// The model whose output is `output`, as the bytes of an ONNX file.
    #[must_use]
    pub fn finish(self, name: &str, output: &Sketched) -> Vec<u8> {
        let model = Model {
            ir_version: 8,
            producer_name: "tailor".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(Graph {
                node: self.parts.nodes,
                name: name.to_owned(),
                initializer: self.parts.initializers,
                input: vec![value_info(&self.input, self.input_type)],
                output: vec![value_info(output, FLOAT)],
                ..Graph::default()
            }),
            opset_import: vec![OperatorSet { domain: String::new(), version: self.opset }],
            metadata_props: Vec::new(),
        };
        model.encode_to_vec()
    }

    /// Adds a node; `inputs` are names, those of constants among them.
    fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        dims: Vec<u64>,
        attributes: Vec<Attribute>,
    ) -> Sketched {
        let mut given = self.nodes(operator, inputs, vec![dims], attributes);
        given.swap_remove(0)
    }

    /// Adds a node with several outputs.
    fn nodes(
        &mut self,
        operator: &str,
        inputs: &[&str],
        dims: Vec<Vec<u64>>,
        attributes: Vec<Attribute>,
    ) -> Vec<Sketched> {
        let mut given = Vec::with_capacity(dims.len());
        for dims in dims {
            let value = Sketched { name: format!("v{}", self.values), dims };
            self.values += 1;
            self.largest = self.largest.max(value.elements());
            given.push(value);
        }
        if self.rng.is_some() {
            let inputs = inputs.iter().map(|&name| self.as_read(operator, name)).collect();
            let first = given.first().map_or(String::new(), |value| value.name.clone());
            self.parts.push(operator, inputs, &first, attributes);
            let rest = given.iter().skip(1).map(|value| value.name.clone());
            if let Some(node) = self.parts.nodes.last_mut() {
                node.output.extend(rest);
            }
        }
        given
    }

    /// Weights with as many inputs per output as `fan_in`; uniform in ±√(6 / fan-in) as [`SeededWeights`](super::SeededWeights) are.
    fn weights(&mut self, dims: &[u64], fan_in: u64) -> String {
        let bound = bound(fan_in);
        match self.integers {
            Some(_) => self.integer_weights(dims, bound),
            None => self.random(dims, -bound, bound),
        }
    }

    /// Biases of a layer with as many inputs per output as `fan_in`.
    fn biases(&mut self, count: u32, fan_in: u64) -> String {
        match self.integers {
            Some(_) => self.integer_biases(count.into(), bound(fan_in)),
            None => self.random(&[count.into()], -0.1, 0.1),
        }
    }

    /// Constants between two numbers.
    fn random(&mut self, dims: &[u64], low: f32, high: f32) -> String {
        let count: u64 = dims.iter().product();
        self.parameters += count;
        let name = self.next_constant();
        let Some(rng) = &mut self.rng else { return name };
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(low..=high)).collect();
        self.parts.floats(&name, dims, &values)
    }

    /// What the next constant is called.
    fn next_constant(&self) -> String {
        format!("w{}", self.parts.initializers.len())
    }

    /// A constant of integers.
    fn longs(&mut self, values: &[i64]) -> String {
        let name = self.next_constant();
        if self.rng.is_some() { self.parts.longs(&name, values) } else { name }
    }

    /// A constant number.
    fn number(&mut self, value: f32) -> String {
        let name = self.next_constant();
        if self.rng.is_some() { self.parts.scalar(&name, value) } else { name }
    }
}

/// Source: He et al., arXiv:1502.01852, as [`SeededWeights`](super::SeededWeights).
fn bound(fan_in: u64) -> f32 {
    (6.0 / fan_in.max(1) as f32).sqrt()
}

fn value_info(value: &Sketched, elem_type: i32) -> ValueInfo {
    let dim = |&side: &u64| Dimension { dim_value: side as i64, ..Dimension::default() };
    let shape = Some(Shape { dim: value.dims.iter().map(dim).collect() });
    let tensor_type = Some(TensorType { elem_type, shape });
    ValueInfo { name: value.name.clone(), r#type: Some(Type { tensor_type }) }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: value, r#type: INT, ..Attribute::default() }
}

fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), ints: values.to_vec(), r#type: INTS, ..Attribute::default() }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: value, r#type: FLOAT_ATTRIBUTE, ..Attribute::default() }
}

fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), s: value.as_bytes().to_vec(), r#type: STRING, ..Attribute::default() }
}
