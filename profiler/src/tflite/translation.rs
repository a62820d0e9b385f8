//! From a file to an ONNX model: what each node reads and gives, under which name and in which order of sides.
//!
//! Tensors of four sides are maps: their channels are last in a file and second in the model. All others stay as they are.

use std::collections::{HashMap, HashSet};

use super::TfliteError;
use super::constants::{Elements, onnx_type};
use super::file::{File, Node, Tensor, product};
use super::order::{Order, TO_CHANNELS, TO_FILE};
use super::schema::tensor_type;
use super::table::Source;
use crate::onnx::ForeignModel;

/// A constant that became another one before the network runs.
#[derive(Clone, Copy)]
pub(super) enum Folded {
    /// The same elements.
    Same(usize),
    /// As floats.
    Floats(usize),
}

/// A model that is being written.
pub(super) struct Translation<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) source: &'a Source<'a>,
    pub(super) model: ForeignModel,
    /// What each tensor is called.
    pub(super) names: Vec<String>,
    taken: HashSet<String>,
    node_names: HashSet<String>,
    pub(super) is_given: Vec<bool>,
    /// Values that are there already: of a tensor, as floats if it is quantized, with these sides in this order.
    known: HashMap<(usize, Vec<u64>, Order), String>,
    folded: HashMap<usize, Folded>,
    /// Constants that the model has under their own names.
    placed: HashSet<usize>,
}

impl<'a> Translation<'a> {
    pub(super) fn new(file: &'a File<'a>, source: &'a Source<'a>) -> Self {
        let mut taken = HashSet::new();
        let name = |(index, tensor): (usize, &Tensor<'_>)| {
            let name = if tensor.name.is_empty() { format!("tensor{index}") } else { tensor.name.clone() };
            unique(&mut taken, name, index)
        };
        let names = file.tensors.iter().enumerate().map(name).collect();
        let mut translation = Self {
            file,
            source,
            model: ForeignModel::default(),
            names,
            taken,
            node_names: HashSet::new(),
            is_given: vec![false; file.tensors.len()],
            known: HashMap::new(),
            folded: HashMap::new(),
            placed: HashSet::new(),
        };
        for &input in &file.inputs {
            // A file may name an input twice.
            if !std::mem::replace(&mut translation.is_given[input], true) {
                let (name, data_type, dims) = translation.described(input);
                translation.model.input(&name, data_type, &dims);
            }
        }
        translation
    }

    /// The model's bytes, once all nodes are translated.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, TfliteError> {
        let mut left = self.is_given.clone();
        for &output in &self.file.outputs {
            if !self.is_given[output] {
                let name = &self.names[output];
                return Err(TfliteError::Contradiction(format!("nothing gives its output `{name}`")));
            }
            // A file may name an output twice.
            if std::mem::replace(&mut left[output], false) {
                let (name, data_type, dims) = self.described(output);
                self.model.output(&name, data_type, &dims);
            }
        }
        let is_declared = |index: &usize| left[*index] && self.file.tensors[*index].open.is_none();
        for index in (0..left.len()).filter(is_declared) {
            let (name, data_type, dims) = self.described(index);
            self.model.declare(&name, data_type, &dims);
        }
        Ok(self.model.encode("tflite"))
    }

    /// What a tensor is called, its format in ONNX, and its sides in the model's order.
    fn described(&self, index: usize) -> (String, i32, Vec<u64>) {
        let tensor = self.tensor(index);
        let dims = Order::of_rank(tensor.rank()).sort(&tensor.dims);
        (self.names[index].clone(), onnx_type(tensor.data_type), dims)
    }

    pub(super) fn tensor(&self, index: usize) -> &'a Tensor<'a> {
        &self.file.tensors[index]
    }

    /// Says that a node's output is a constant, too.
    pub(super) fn fold(&mut self, output: usize, folded: Folded) {
        self.folded.insert(output, folded);
    }

    /// What a constant was made of, where it is no constant of the file.
    pub(super) fn folded(&self, index: usize) -> Option<Folded> {
        self.folded.get(&index).copied()
    }

    /// A tensor's elements, if it is a constant; quantized ones as the integers that they are.
    pub(super) fn constant(&self, index: usize) -> Result<Option<Elements>, TfliteError> {
        let (of, quantized) = match self.folded.get(&index) {
            Some(Folded::Same(of)) => (self.tensor(*of), None),
            Some(Folded::Floats(of)) => (self.tensor(*of), self.tensor(*of).quantized.as_ref()),
            None => (self.tensor(index), None),
        };
        let elements = Elements::of(of, self.source)?;
        Ok(elements.map(|elements| elements.floats(quantized)))
    }

    /// Whether a tensor is a constant.
    pub(super) fn is_constant(&self, index: usize) -> bool {
        self.folded.contains_key(&index) || self.tensor(index).data.is_some()
    }

    /// A constant's integers, such as axes; nothing where the tensor is none.
    pub(super) fn integers(&self, index: Option<usize>) -> Result<Option<Vec<i64>>, TfliteError> {
        let Some(index) = index.filter(|&index| self.is_constant(index)) else { return Ok(None) };
        Ok(self.constant(index)?.and_then(|elements| elements.integers()))
    }

    pub(super) fn is_quantized(&self, index: usize) -> bool {
        let is_integer = [tensor_type::INT8, tensor_type::UINT8, tensor_type::INT16, tensor_type::INT4];
        let (tensor, is_bias) = (self.tensor(index), tensor_type::INT32);
        let by_format =
            is_integer.contains(&tensor.data_type) || tensor.data_type == is_bias && tensor.data.is_some();
        by_format && tensor.quantized.is_some()
    }

    /// The name of what a tensor holds, quantized ones as floats, in an order of sides.
    pub(super) fn value(
        &mut self,
        node: &Node<'_>,
        index: usize,
        order: Order,
    ) -> Result<String, TfliteError> {
        let dims = self.tensor(index).dims.clone();
        self.shaped(node, index, &dims, order)
    }

    /// The same in the model's own order.
    pub(super) fn own(&mut self, node: &Node<'_>, index: usize) -> Result<String, TfliteError> {
        let order = Order::of_rank(self.tensor(index).rank());
        self.value(node, index, order)
    }

    /// The same with the sides that it is given for arithmetic on tensors of `rank` sides.
    pub(super) fn operand(
        &mut self,
        node: &Node<'_>,
        index: usize,
        rank: usize,
    ) -> Result<String, TfliteError> {
        let tensor = self.tensor(index);
        let (missing, order) = (rank.saturating_sub(tensor.rank()), Order::of_rank(rank));
        // A single number needs no sides.
        let is_number = self.is_constant(index) && product(&tensor.dims) == 1;
        let dims: Vec<u64> = match (is_number, order) {
            (true, _) => Vec::new(),
            (false, Order::File) => tensor.dims.clone(),
            (false, Order::Channels) => std::iter::repeat_n(1, missing).chain(tensor.dims.clone()).collect(),
        };
        self.shaped(node, index, &dims, order)
    }

    /// With these sides of the file's order, in an order.
    fn shaped(
        &mut self,
        node: &Node<'_>,
        index: usize,
        dims: &[u64],
        order: Order,
    ) -> Result<String, TfliteError> {
        let order = if dims.len() == 4 { order } else { Order::File };
        let key = (index, dims.to_vec(), order);
        if let Some(name) = self.known.get(&key) {
            return Ok(name.clone());
        }
        let sides: Vec<usize> = match order {
            Order::Channels => TO_CHANNELS.to_vec(),
            Order::File => (0..dims.len()).collect(),
        };
        let name = match self.constant_value(node, index, dims, &sides)? {
            Some(name) => name,
            None => self.running_value(node, index, dims, order)?,
        };
        self.known.insert(key, name.clone());
        Ok(name)
    }

    /// A constant with these sides, in another order; nothing for other tensors.
    pub(super) fn constant_value(
        &mut self,
        node: &Node<'_>,
        index: usize,
        dims: &[u64],
        sides: &[usize],
    ) -> Result<Option<String>, TfliteError> {
        let Some(elements) = self.constant(index)? else { return Ok(None) };
        let is_float = matches!(self.folded.get(&index), Some(Folded::Floats(_)));
        let is_quantized = self.is_quantized(index) && !is_float;
        let quantized = self.tensor(index).quantized.as_ref().filter(|_| is_quantized);
        let elements = elements.shaped(dims).ordered(sides);
        let like = self.names[index].clone();
        let name = if self.placed.insert(index) { like } else { self.fresh(&like) };
        self.model.constant(&name, elements.data_type, &elements.dims, elements.bytes);
        let Some(quantized) = quantized else { return Ok(Some(name)) };
        // Sides of one may have been put before it.
        let axis = quantized.axis + (dims.len().saturating_sub(self.tensor(index).rank()));
        let axis = sides.iter().position(|&side| side == axis).unwrap_or(0);
        Ok(Some(self.dequantize(node, &name, elements.data_type, quantized, axis)))
    }
}

impl Translation<'_> {
    /// What a tensor that is no constant holds, with these sides, in an order.
    fn running_value(
        &mut self,
        node: &Node<'_>,
        index: usize,
        dims: &[u64],
        order: Order,
    ) -> Result<String, TfliteError> {
        let tensor = self.tensor(index);
        let own = Order::of_rank(tensor.rank());
        if !self.is_given[index] {
            return Err(
                node.wrong(&format!("it reads `{}`, which nothing before it gives", self.names[index]))
            );
        }
        if dims == tensor.dims && order == own {
            let name = self.names[index].clone();
            return Ok(match tensor.quantized.as_ref().filter(|_| self.is_quantized(index)) {
                Some(quantized) => {
                    let axis = own.place(quantized.axis);
                    self.dequantize(node, &name, onnx_type(tensor.data_type), quantized, axis)
                }
                None => name,
            });
        }
        if dims == tensor.dims {
            let name = self.shaped(node, index, dims, own)?;
            return Ok(self.reorder(node, &name, &TO_FILE));
        }
        let mut name = self.shaped(node, index, &tensor.dims, Order::File)?;
        name = self.reshape(node, &name, dims);
        Ok(if order == Order::Channels { self.reorder(node, &name, &TO_CHANNELS) } else { name })
    }

    /// Says what holds a tensor's floats in an order.
    pub(super) fn know(&mut self, index: usize, order: Order, value: String) {
        self.known.insert((index, self.tensor(index).dims.clone(), order), value);
    }

    /// A name for a value that is none of the file's.
    pub(super) fn fresh(&mut self, like: &str) -> String {
        let index = self.taken.len();
        unique(&mut self.taken, like.to_owned(), index)
    }

    /// A name for a node that is a part of one of the file's.
    pub(super) fn node_name(&mut self, like: String) -> String {
        let index = self.node_names.len();
        unique(&mut self.node_names, like, index)
    }
}

/// A name that nothing else has.
fn unique(taken: &mut HashSet<String>, name: String, index: usize) -> String {
    if taken.insert(name.clone()) {
        return name;
    }
    let mut other = format!("{name}:{index}");
    while !taken.insert(other.clone()) {
        other.push('_');
    }
    other
}
