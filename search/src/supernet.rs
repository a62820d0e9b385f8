//! All networks of a space with shared weights; one path of it runs at a time.

use profiler::spec::{Architecture, Candidate, OpSpec, SearchSpace};
use rand_pcg::Pcg64;
use tch::{Device, Tensor};

use crate::error::SearchError;
use crate::module::{GraphModule, LayerWeights, Mode, Network, Parameter};

/// A space's fixed ops and all its candidates, each with its own weights.
///
/// Source: ProxylessNAS, §3.1, arXiv:1812.00332.
#[derive(Debug)]
pub struct Supernet {
    before: GraphModule,
    /// Per block and candidate; `None` skips.
    blocks: Vec<Vec<Option<GraphModule>>>,
    after: GraphModule,
}

impl Supernet {
    /// Random weights for a space; the same for the same state of `rng`.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn new(space: &SearchSpace, rng: &mut Pcg64, device: Device) -> Result<Self, SearchError> {
        let mut chain = |ops: &[OpSpec]| -> Result<GraphModule, SearchError> {
            let graph = Architecture::new(space.name(), None, ops.to_vec())?.graph().clone();
            GraphModule::new(graph, rng, device)
        };
        let before = chain(space.before())?;
        let mut blocks = Vec::new();
        for block in space.blocks() {
            let mut candidates = Vec::new();
            for candidate in &block.candidates {
                candidates.push(match candidate {
                    Candidate::Op(op) => Some(chain(&[*op])?),
                    Candidate::Skip => None,
                });
            }
            blocks.push(candidates);
        }
        let after = chain(space.after())?;
        Ok(Self { before, blocks, after })
    }

    /// Its parts with their names, in order.
    pub fn modules(&self) -> impl Iterator<Item = (String, &GraphModule)> {
        let blocks = self.blocks.iter().enumerate().flat_map(|(block, candidates)| {
            let named = candidates.iter().enumerate();
            named.filter_map(move |(index, module)| Some((format!("block{block}.{index}"), module.as_ref()?)))
        });
        let (before, after) = (("before".to_owned(), &self.before), ("after".to_owned(), &self.after));
        [before].into_iter().chain(blocks).chain([after])
    }

    /// The fixed ops before the blocks.
    pub(crate) fn stem(&self, images: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        self.before.forward(images, mode)
    }

    /// One candidate of one block.
    pub(crate) fn candidate(
        &self,
        block: usize,
        choice: usize,
        x: &Tensor,
        mode: Mode,
    ) -> Result<Tensor, SearchError> {
        match &self.blocks[block][choice] {
            Some(module) => module.forward(x, mode),
            // A tensor of its own, so that its gradient is not its input's.
            None => Ok(x.f_alias()?),
        }
    }

    /// The fixed ops behind the blocks.
    pub(crate) fn head(&self, x: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        self.after.forward(x, mode)
    }

    /// Gives a network that is this path what the path has learned: weights and running statistics.
    ///
    /// # Errors
    /// [`SearchError::Checkpoint`] for a network that is not this path.
    pub fn copy_path_to(&self, choices: &[usize], network: &GraphModule) -> Result<(), SearchError> {
        let other =
            || SearchError::Checkpoint("the network is not this path of the search's space".to_owned());
        let mut layers: Vec<&LayerWeights> = self.before.layers().iter().collect();
        for (candidates, &choice) in self.blocks.iter().zip(choices) {
            let chosen = candidates.get(choice).ok_or_else(other)?;
            layers.extend(chosen.iter().flat_map(GraphModule::layers));
        }
        layers.extend(self.after.layers());
        if choices.len() != self.blocks.len() || layers.len() != network.layers().len() {
            return Err(other());
        }
        for (from, to) in layers.into_iter().zip(network.layers()) {
            let tensors = |layer: &LayerWeights| {
                let parameters = layer.parameters().into_iter().map(|(_, p)| p.value.shallow_clone());
                let statistics = layer.statistics().into_iter().map(|(_, tensor)| tensor.shallow_clone());
                parameters.chain(statistics).collect::<Vec<_>>()
            };
            let (from, to) = (tensors(from), tensors(to));
            if from.iter().map(Tensor::size).ne(to.iter().map(Tensor::size)) {
                return Err(other());
            }
            for (from, mut to) in from.iter().zip(to) {
                tch::no_grad(|| to.f_copy_(from).map(|_| ()))?;
            }
        }
        Ok(())
    }

    /// Candidates of each block.
    pub fn counts(&self) -> Vec<usize> {
        self.blocks.iter().map(Vec::len).collect()
    }

    pub(crate) fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        let candidates = self.blocks.iter_mut().flatten().flatten();
        let fixed = [&mut self.before, &mut self.after];
        fixed.into_iter().chain(candidates).flat_map(GraphModule::parameters_mut).collect()
    }

    /// The path that takes candidate `choices[i]` in block `i`.
    pub fn path<'a>(&'a mut self, choices: &'a [usize]) -> Path<'a> {
        Path { supernet: self, choices }
    }
}

/// One path of a supernet: a network like any other.
#[derive(Debug)]
pub struct Path<'a> {
    supernet: &'a mut Supernet,
    choices: &'a [usize],
}

impl Network for Path<'_> {
    fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        let mut x = self.supernet.stem(images, mode)?;
        for (block, &choice) in self.choices.iter().enumerate() {
            x = self.supernet.candidate(block, choice, &x, mode)?;
        }
        self.supernet.head(&x, mode)
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        let blocks = self.supernet.blocks.iter_mut().zip(self.choices);
        let chosen = blocks.filter_map(|(candidates, &choice)| candidates[choice].as_mut());
        let fixed = [&mut self.supernet.before, &mut self.supernet.after];
        fixed.into_iter().chain(chosen).flat_map(GraphModule::parameters_mut).collect()
    }
}
