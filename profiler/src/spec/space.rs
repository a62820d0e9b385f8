//! A search space, resolved: which ops stand where, and what can be chosen.

use std::{collections::BTreeSet, fmt};

use rand::RngExt;

use super::{Architecture, ConvOp, FeatureMap, GlobalPool, Linear, MbConv, OpSpec, SpaceFile, SpecError};

/// What a block can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Candidate {
    /// An op.
    Op(OpSpec),
    /// Nothing: the block's input is its output (ProxylessNAS's Zero with shortcut). Costs no time.
    Skip,
}

impl Candidate {
    /// The op, if it is one.
    pub fn op(&self) -> Option<OpSpec> {
        match self {
            Self::Op(op) => Some(*op),
            Self::Skip => None,
        }
    }
}

/// Its label in choices: `e6k5` (expansion, kernel), `e6k5se4` (squeeze-excite's ratio) or `skip`.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op().map(|spec| spec.op()) {
            Some(super::Op::MbConv(op)) => {
                write!(f, "e{}k{}", op.expansion, op.kernel)?;
                op.squeeze.map_or(Ok(()), |ratio| write!(f, "se{ratio}"))
            }
            Some(_) => write!(f, "{}", self.op().map(|op| op.key()).unwrap_or_default()),
            None => f.write_str("skip"),
        }
    }
}

/// A place in the network where one candidate is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Shape of its input.
    pub input: FeatureMap,
    /// Shape of its output.
    pub output: FeatureMap,
    /// What it can be; never empty.
    pub candidates: Vec<Candidate>,
}

/// A search space: fixed ops, blocks to choose, fixed ops.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSpace {
    name: String,
    input: FeatureMap,
    classes: u32,
    before: Vec<OpSpec>,
    blocks: Vec<Block>,
    after: Vec<OpSpec>,
}

impl SearchSpace {
    pub(super) fn new(file: &SpaceFile) -> Result<Self, SpecError> {
        let empty = |reason: &str| SpecError::Choice { space: file.name.clone(), reason: reason.to_owned() };
        if file.kernels.is_empty() || file.expansions.is_empty() || file.squeeze_excite.is_empty() {
            return Err(empty("kernels, expansions and squeeze_excite must not be empty"));
        }
        let total: u64 = file.stages.iter().map(|stage| u64::from(stage.blocks)).sum();
        if total == 0 || total > 1000 {
            return Err(empty("the stages must have 1 to 1000 blocks together"));
        }
        let activation = Some(file.activation);
        let input = FeatureMap::new(file.resolution, file.resolution, file.input_channels)?;
        let conv = |out_channels, kernel, stride| {
            let (groups, dilation) = (1, 1);
            ConvOp { out_channels, kernel, stride, groups, dilation, activation }
        };
        let stem = OpSpec::new(input, conv(file.stem.channels, file.stem.kernel, file.stem.stride))?;
        let first = mbconv(file, file.first.channels, [1, file.first.kernel, 1], 0, false);
        let first = OpSpec::new(stem.output(), first)?;
        let mut map = first.output();
        let mut blocks = Vec::new();
        for stage in &file.stages {
            for index in 0..stage.blocks {
                let stride = if index == 0 { stage.stride } else { 1 };
                let block = block(file, map, stage.channels, stride)?;
                map = block.output;
                blocks.push(block);
            }
        }
        let head = OpSpec::new(map, conv(file.head.channels, 1, 1))?;
        let pool = OpSpec::new(head.output(), GlobalPool)?;
        let classifier = OpSpec::new(pool.output(), Linear { out_features: file.classes })?;
        Ok(Self {
            name: file.name.clone(),
            input,
            classes: file.classes,
            before: vec![stem, first],
            blocks,
            after: vec![head, pool, classifier],
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of the input images.
    pub fn input(&self) -> FeatureMap {
        self.input
    }

    /// Number of classes.
    pub fn classes(&self) -> u32 {
        self.classes
    }

    /// Fixed ops before the blocks.
    pub fn before(&self) -> &[OpSpec] {
        &self.before
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Fixed ops behind the blocks.
    pub fn after(&self) -> &[OpSpec] {
        &self.after
    }

    /// Number of networks, as its logarithm to base 10.
    pub fn log10_networks(&self) -> f64 {
        self.blocks.iter().map(|block| (block.candidates.len() as f64).log10()).sum()
    }

    /// Every op that occurs in it, once each, in order of first occurrence.
    pub fn distinct_ops(&self) -> Vec<OpSpec> {
        let candidates = self.blocks.iter().flat_map(|block| &block.candidates).filter_map(Candidate::op);
        let all = self.before.iter().copied().chain(candidates).chain(self.after.iter().copied());
        let mut seen = BTreeSet::new();
        all.filter(|op| seen.insert(op.key())).collect()
    }

    /// The network in which block `i` is candidate `choices[i]`.
    ///
    /// # Errors
    /// [`SpecError::Choice`] when there are too few, too many or unknown choices.
    pub fn network(&self, name: &str, choices: &[usize]) -> Result<Architecture, SpecError> {
        let wrong = |reason| SpecError::Choice { space: self.name.clone(), reason };
        if choices.len() != self.blocks.len() {
            return Err(wrong(format!("{} choices for {} blocks", choices.len(), self.blocks.len())));
        }
        let chosen = self.blocks.iter().zip(choices).enumerate().map(|(index, (block, &choice))| {
            let count = block.candidates.len();
            let missing =
                || wrong(format!("block {index} has no candidate {choice}, only 0 to {}", count - 1));
            block.candidates.get(choice).copied().ok_or_else(missing)
        });
        let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
        let middle = chosen.iter().filter_map(Candidate::op);
        let ops = self.before.iter().copied().chain(middle).chain(self.after.iter().copied()).collect();
        let labels = chosen.iter().map(Candidate::to_string).collect();
        Architecture::new(name, Some((self.name.clone(), labels)), ops)
    }

    /// The choices behind labels such as `e6k3` and `skip`.
    ///
    /// # Errors
    /// [`SpecError::Choice`] when there are too few, too many or unknown labels.
    pub fn choices(&self, labels: &[String]) -> Result<Vec<usize>, SpecError> {
        let wrong = |reason| SpecError::Choice { space: self.name.clone(), reason };
        if labels.len() != self.blocks.len() {
            return Err(wrong(format!("{} choices for {} blocks", labels.len(), self.blocks.len())));
        }
        let find = |(index, (block, label)): (usize, (&Block, &String))| {
            let found = block.candidates.iter().position(|candidate| candidate.to_string() == *label);
            found.ok_or_else(|| wrong(format!("block {index} has no candidate `{label}`")))
        };
        self.blocks.iter().zip(labels).enumerate().map(find).collect()
    }

    /// Uniformly random choices.
    pub fn random_choices(&self, rng: &mut impl rand::Rng) -> Vec<usize> {
        self.blocks.iter().map(|block| rng.random_range(0..block.candidates.len())).collect()
    }

    /// The MobileNetV2-style network of the space: expansion 6 and kernel 3 in every block (or what comes closest).
    ///
    /// # Errors
    /// [`SpecError`] when the space has no such network.
    pub fn baseline(&self) -> Result<Architecture, SpecError> {
        self.uniform(6, 3)
    }

    /// The MobileNetV2-style network with this expansion and kernel in every block (or what comes closest), without
    /// squeeze-excite where it can be without.
    ///
    /// # Errors
    /// [`SpecError`] when the space has no such network.
    pub fn uniform(&self, expansion: u32, kernel: u32) -> Result<Architecture, SpecError> {
        let closest = |block: &Block| {
            let distance = |candidate: &Candidate| {
                let Some(super::Op::MbConv(op)) = candidate.op().map(|spec| spec.op()) else {
                    return (u32::MAX, u32::MAX, None);
                };
                (op.expansion.abs_diff(expansion), op.kernel.abs_diff(kernel), op.squeeze)
            };
            (0..block.candidates.len()).min_by_key(|&i| distance(&block.candidates[i])).unwrap_or(0)
        };
        let choices: Vec<_> = self.blocks.iter().map(closest).collect();
        self.network("mobilenetv2-style", &choices)
    }
}

/// An MBConv with this expansion, kernel and stride; a ratio of 0 is one without squeeze-excite.
fn mbconv(
    file: &SpaceFile,
    out_channels: u32,
    [expansion, kernel, stride]: [u32; 3],
    ratio: u32,
    residual: bool,
) -> MbConv {
    let (squeeze, activation) = ((ratio != 0).then_some(ratio), file.activation);
    MbConv { out_channels, expansion, kernel, stride, squeeze, activation, residual }
}

fn block(file: &SpaceFile, input: FeatureMap, channels: u32, stride: u32) -> Result<Block, SpecError> {
    let residual = stride == 1 && input.channels == channels;
    let mut candidates = Vec::new();
    for &expansion in &file.expansions {
        for &kernel in &file.kernels {
            for &ratio in &file.squeeze_excite {
                let op = mbconv(file, channels, [expansion, kernel, stride], ratio, residual);
                candidates.push(OpSpec::new(input, op)?);
            }
        }
    }
    let output = candidates[0].output();
    let mut candidates: Vec<_> = candidates.into_iter().map(Candidate::Op).collect();
    if residual && file.skip {
        candidates.push(Candidate::Skip);
    }
    Ok(Block { input, output, candidates })
}

#[cfg(test)]
#[path = "space_tests.rs"]
mod tests;
