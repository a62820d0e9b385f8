//! The steps of a network from elsewhere: what its nodes compute, without what only changes shapes.

use profiler::spec::{Activation, FeatureMap, Layer};

/// What a step computes: a layer, or what is none before runtimes fuse it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unfused {
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
pub(super) struct Arithmetic {
    pub(super) operation: Operation,
    /// The constant, if it is a single number.
    pub(super) scalar: Option<f64>,
    /// Whether it is one number or one per channel, which a layer with weights takes in.
    pub(super) is_per_channel: bool,
}

/// What is done with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Multiply,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Input(usize),
    Step(usize),
}

/// A value as it is read: it may have been given another shape since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) source: Source,
    pub(super) map: FeatureMap,
    /// Whether it comes out of 8-bit integers.
    pub(super) is_int8: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) what: Unfused,
    /// The activation that runtimes fuse into it, if there is one.
    pub(super) activation: Option<Activation>,
    /// What it reads, constants left out.
    pub(super) reads: Vec<Read>,
    /// What it gives.
    pub(super) output: FeatureMap,
    /// Names and operators of the model's nodes that it is made of.
    pub(super) nodes: Vec<(String, String)>,
    /// Whether its weights are in half precision.
    pub(super) is_half: bool,
    /// Multiply-accumulates, padding counted; nothing where nobody knows.
    pub(super) macs: Option<u64>,
    /// Elements of constants that it reads.
    pub(super) weights: u64,
}

impl Step {
    /// The layer that it is, if it is one.
    pub(super) fn layer(&self) -> Option<Layer> {
        if let Unfused::Layer(layer) = self.what { Some(layer) } else { None }
    }

    /// Whether it computes in 8-bit integers: all that it reads comes out of them.
    pub(super) fn is_int8(&self) -> bool {
        !self.reads.is_empty() && self.reads.iter().all(|read| read.is_int8)
    }

    /// The shape of its first input.
    pub(super) fn input(&self) -> FeatureMap {
        self.reads.first().map_or(self.output, |read| read.map)
    }
}

/// Steps in an order in which they can run; those that became part of another are gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Steps {
    pub(super) steps: Vec<Option<Step>>,
    /// What the network gives.
    pub(super) outputs: Vec<Source>,
}

impl Steps {
    pub(super) fn get(&self, index: usize) -> Option<&Step> {
        self.steps.get(index).and_then(Option::as_ref)
    }

    /// The steps that there still are, with their positions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter_map(|(index, step)| step.as_ref().map(|step| (index, step)))
    }

    /// The steps that read a step's output.
    pub(super) fn readers(&self, index: usize) -> Vec<usize> {
        let source = Source::Step(index);
        let reads = |step: &Step| step.reads.iter().any(|read| read.source == source);
        // Nothing before a step reads it.
        (index + 1..self.steps.len()).filter(|&later| self.get(later).is_some_and(reads)).collect()
    }

    /// The only step that reads a step's output, unless the network gives that output as well.
    pub(super) fn only_reader(&self, index: usize) -> Option<usize> {
        match self.readers(index)[..] {
            [reader] if !self.outputs.contains(&Source::Step(index)) => Some(reader),
            _ => None,
        }
    }

    /// The step that gives the input at `place` of a step.
    pub(super) fn writer(&self, index: usize, place: usize) -> Option<usize> {
        match self.get(index)?.reads.get(place)?.source {
            Source::Step(writer) => Some(writer),
            Source::Input(_) => None,
        }
    }

    /// Makes a step part of an earlier one, which then gives the later one's output.
    pub(super) fn join_backwards(&mut self, later: usize, earlier: usize) {
        let Some(taken) = self.steps[later].take() else { return };
        if let Some(step) = &mut self.steps[earlier] {
            step.nodes.extend(taken.nodes);
            step.output = taken.output;
        }
        let (from, to) = (Source::Step(later), Source::Step(earlier));
        let reads =
            self.steps.iter_mut().flatten().flat_map(|step| &mut step.reads).map(|read| &mut read.source);
        reads.chain(&mut self.outputs).filter(|source| **source == from).for_each(|source| *source = to);
    }

    /// Makes a step part of the later one that alone reads it; what it read the later one reads.
    pub(super) fn join_forwards(&mut self, earlier: usize, later: usize) {
        let Some(taken) = self.steps[earlier].take() else { return };
        if let Some(step) = &mut self.steps[later] {
            step.nodes.splice(0..0, taken.nodes);
            step.reads = taken.reads;
        }
    }
}
