//! The steps of any network: what its nodes compute, without what only changes shapes.

use std::collections::HashMap;

use crate::spec::{Activation, FeatureMap, Layer};

/// What a step computes: a layer, or what is none before runtimes fuse it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfused {
    /// A layer; where a map is scaled, it is the first input.
    Layer(Layer),
    /// A transposed convolution.
    TransposedConv,
    /// The product of a sequence or map with weights, position by position.
    Positions,
    /// A number per channel, or a single one, added or multiplied with.
    Constant(Arithmetic),
    /// Batch normalization.
    Normalization,
    /// A border of zeros around a map.
    Pad,
    /// Anything else.
    Unknown,
}

impl From<Layer> for Unfused {
    fn from(layer: Layer) -> Self {
        Self::Layer(layer)
    }
}

/// Arithmetic with a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arithmetic {
    /// What is done.
    pub operation: Operation,
    /// The constant, if it is a single number.
    pub scalar: Option<f64>,
    /// Whether it is one number or one per channel, which a layer with weights takes in.
    pub is_per_channel: bool,
}

/// What is done with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is added.
    Add,
    /// It is multiplied with.
    Multiply,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An input of the network, by its position.
    Input(usize),
    /// A step, by its position.
    Step(usize),
}

/// A value as it is read: it may have been given another shape since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Read {
    /// Where it comes from.
    pub source: Source,
    /// Its shape.
    pub map: FeatureMap,
    /// Whether it comes out of 8-bit integers.
    pub is_int8: bool,
}

/// A node of the model that is part of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepNode {
    /// Its position among the model's nodes.
    pub position: usize,
    /// Its name.
    pub name: String,
    /// Its operator.
    pub operator: String,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it computes.
    pub what: Unfused,
    /// The activation that runtimes fuse into it, if there is one.
    pub activation: Option<Activation>,
    /// Nodes that the activation is written in.
    pub activation_nodes: usize,
    /// What several nodes are together where that is no layer, such as layer normalization; only
    /// [`in_place`](super::in_place()) tells.
    pub called: Option<&'static str>,
    /// What else became part of it, in order, by [`in_place`](super::in_place()) alone.
    pub joined: Vec<String>,
    /// What it reads, constants left out.
    pub reads: Vec<Read>,
    /// What it gives; the first, where there are several.
    pub output: FeatureMap,
    /// The model's nodes that it is made of.
    pub nodes: Vec<StepNode>,
    /// Whether its weights are in half precision.
    pub is_half: bool,
    /// Whether the integers that it reads are made as the network runs, by the range that they have then.
    pub is_dynamic: bool,
    /// Multiply-accumulates, padding counted; nothing where nobody knows.
    pub macs: Option<u64>,
    /// Elements of constants that it reads.
    pub weights: u64,
    /// Elements of all that it gives.
    pub written: u64,
}

impl Step {
    /// The layer that it is, if it is one.
    pub fn layer(&self) -> Option<Layer> {
        if let Unfused::Layer(layer) = self.what { Some(layer) } else { None }
    }

    /// Whether it computes in 8-bit integers: all that it reads comes out of them.
    pub fn is_int8(&self) -> bool {
        !self.reads.is_empty() && self.reads.iter().all(|read| read.is_int8)
    }

    /// The shape of its first input.
    pub fn input(&self) -> FeatureMap {
        self.reads.first().map_or(self.output, |read| read.map)
    }

    /// Operator of its first node.
    pub fn operator(&self) -> &str {
        self.nodes.first().map_or("", |node| node.operator.as_str())
    }
}

/// Steps in an order in which they can run; those that became part of another are gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    pub(super) steps: Vec<Option<Step>>,
    /// What the network gives.
    pub(super) outputs: Vec<Source>,
    /// Of nodes that cost nothing, by position: where what they pass on comes from.
    pub(super) free: HashMap<usize, Source>,
}

impl Steps {
    /// How many there were before any was joined: positions are below it.
    pub fn positions(&self) -> usize {
        self.steps.len()
    }

    /// The step at a position, if it is no part of another.
    pub fn get(&self, index: usize) -> Option<&Step> {
        self.steps.get(index).and_then(Option::as_ref)
    }

    /// The steps that there still are, with their positions.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter_map(|(index, step)| step.as_ref().map(|step| (index, step)))
    }

    /// The steps that read a step's output.
    pub fn readers(&self, index: usize) -> Vec<usize> {
        let source = Source::Step(index);
        let reads = |step: &Step| step.reads.iter().any(|read| read.source == source);
        // Nothing before a step reads it.
        (index + 1..self.steps.len()).filter(|&later| self.get(later).is_some_and(reads)).collect()
    }

    /// The only step that reads a step's output, unless the network gives that output as well.
    pub fn only_reader(&self, index: usize) -> Option<usize> {
        match self.readers(index)[..] {
            [reader] if !self.outputs.contains(&Source::Step(index)) => Some(reader),
            _ => None,
        }
    }

    /// The step that gives the input at `place` of a step.
    pub fn writer(&self, index: usize, place: usize) -> Option<usize> {
        match self.get(index)?.reads.get(place)?.source {
            Source::Step(writer) => Some(writer),
            Source::Input(_) => None,
        }
    }

    /// By position of a model's node, the step that it is a part of: of one that costs nothing, the step that gave what it
    /// passes on. Nodes computed before the network runs are missing.
    pub fn homes(&self) -> HashMap<usize, usize> {
        let own =
            self.iter().flat_map(|(index, step)| step.nodes.iter().map(move |node| (node.position, index)));
        let free = self.free.iter().filter_map(|(node, source)| match source {
            Source::Step(index) => Some((*node, *index)),
            Source::Input(_) => None,
        });
        free.chain(own).collect()
    }

    /// Makes a step part of an earlier one, which then gives the later one's output.
    pub(super) fn join_backwards(&mut self, later: usize, earlier: usize) {
        let Some(taken) = self.steps[later].take() else { return };
        if let Some(step) = &mut self.steps[earlier] {
            step.nodes.extend(taken.nodes);
            step.output = taken.output;
            step.written = taken.written;
        }
        self.rename(later, earlier);
    }

    /// Makes a step part of the later one that alone reads it; what it read the later one reads.
    pub(super) fn join_forwards(&mut self, earlier: usize, later: usize) {
        let Some(taken) = self.steps[earlier].take() else { return };
        if let Some(step) = &mut self.steps[later] {
            step.nodes.splice(0..0, taken.nodes);
            step.reads = taken.reads;
        }
        let (from, to) = (Source::Step(earlier), Source::Step(later));
        self.free.values_mut().filter(|source| **source == from).for_each(|source| *source = to);
    }

    fn rename(&mut self, later: usize, earlier: usize) {
        let (from, to) = (Source::Step(later), Source::Step(earlier));
        let reads =
            self.steps.iter_mut().flatten().flat_map(|step| &mut step.reads).map(|read| &mut read.source);
        let all = reads.chain(&mut self.outputs).chain(self.free.values_mut());
        all.filter(|source| **source == from).for_each(|source| *source = to);
    }
}
