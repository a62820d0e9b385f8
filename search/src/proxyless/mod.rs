//! Networks as ProxylessNAS's authors release them: a `.config` file, which is JSON.
//!
//! Source: the format of the files beside the authors' released weights (arXiv:1812.00332, footnote 1).

mod file;

use std::path::Path;

use profiler::record::{ReadError, WriteError, read_text, write_atomic};
use profiler::spec::{Activation, Architecture, ConvOp, FeatureMap, GlobalPool, Linear, MbConv, Op, OpSpec};

use file::{Block, ConvLayer, LinearLayer, Middle, Network};

/// What stands for the space of a network that comes from such a file.
const SPACE: &str = "ProxylessNASNets";

/// Reads a `.config` file; the file does not say for which `resolution` the network is.
///
/// Blocks of nothing but a shortcut are left out of the ops; [`Architecture::path`] says where they were.
pub(crate) fn read_config(path: &Path, resolution: u32) -> Result<Architecture, ReadError> {
    let text = read_text(path)?;
    let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
    let network: Network = serde_json::from_str(&text).map_err(|e| content(e.to_string()))?;
    let name = path.file_stem().map_or_else(|| SPACE.into(), |stem| stem.to_string_lossy());
    architecture(&name, &network, resolution).map_err(content)
}

pub(crate) fn write_config(path: &Path, network: &Architecture) -> Result<(), ConfigError> {
    let config = config(network).map_err(|reason| ConfigError::Form { network: network.key(), reason })?;
    write_atomic(path, |writer| {
        serde_json::to_writer_pretty(&mut *writer, &config)?;
        writer.write_all(b"\n")
    })?;
    Ok(())
}

/// A network that cannot be written as a `.config` file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    #[error("{network} has no form as a .config file: {reason}")]
    Form { network: String, reason: String },
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn architecture(name: &str, network: &Network, resolution: u32) -> Result<Architecture, String> {
    if network.name != SPACE {
        return Err(format!("`name` is `{}`, expected `{SPACE}`", network.name));
    }
    let input = FeatureMap::new(resolution, resolution, network.first_conv.in_channels)
        .map_err(|e| format!("first_conv: {e}"))?;
    let stem = conv("first_conv", input, &network.first_conv)?;
    let (mut ops, mut labels) = (vec![stem], Vec::new());
    for (index, block) in network.blocks.iter().enumerate() {
        let input = ops[ops.len() - 1].output();
        let (op, label) = mbconv(block, input, stem).map_err(|e| format!("blocks[{index}]: {e}"))?;
        ops.extend(op);
        labels.push(label);
    }
    let head = conv("feature_mix_layer", ops[ops.len() - 1].output(), &network.feature_mix_layer)?;
    let pool = OpSpec::new(head.output(), GlobalPool).map_err(|e| e.to_string())?;
    let classifier = network.classifier.op(pool.output().channels)?;
    let classifier = OpSpec::new(pool.output(), classifier).map_err(|e| format!("classifier: {e}"))?;
    ops.extend([head, pool, classifier]);
    Architecture::new(name, Some((SPACE.to_owned(), labels)), ops).map_err(|e| e.to_string())
}

fn conv(field: &str, input: FeatureMap, layer: &ConvLayer) -> Result<OpSpec, String> {
    let wrong = |e: String| format!("{field}: {e}");
    let op = layer.op(input.channels).map_err(wrong)?;
    OpSpec::new(input, op).map_err(|e| wrong(e.to_string()))
}

/// The op of a block and its label; no op for a block that is nothing but its shortcut.
fn mbconv(block: &Block, input: FeatureMap, stem: OpSpec) -> Result<(Option<OpSpec>, String), String> {
    block.check(input.channels)?;
    let Op::Conv(ConvOp { activation: Some(activation), .. }) = stem.op() else {
        return Err("the stem has no activation".to_owned());
    };
    match &block.mobile_inverted_conv {
        Middle::Zero(_) => Ok((None, "skip".to_owned())),
        Middle::MbConv(middle) => {
            let op = MbConv {
                out_channels: middle.out_channels,
                expansion: middle.expand_ratio,
                kernel: middle.kernel_size,
                stride: middle.stride,
                squeeze: None,
                activation,
                residual: block.shortcut.is_some(),
            };
            let spec = OpSpec::new(input, op).map_err(|e| e.to_string())?;
            Ok((Some(spec), format!("e{}k{}", op.expansion, op.kernel)))
        }
    }
}

fn config(network: &Architecture) -> Result<Network, String> {
    let other = |op: &OpSpec, expected: &str| format!("{} stands where {expected} should", op.key());
    let (Some((stem, rest)), Some(skips)) = (network.ops().split_first(), skips(network)) else {
        return Err("it has no ops, or other choices than ops".to_owned());
    };
    let [middle @ .., head, pool, classifier] = rest else {
        return Err("it has too few ops".to_owned());
    };
    let (Op::Conv(first), Op::Conv(mix), Op::Linear(linear)) = (stem.op(), head.op(), classifier.op()) else {
        return Err(
            "it does not begin with a convolution and end with convolution, pooling, classifier".to_owned()
        );
    };
    if !matches!(pool.op(), Op::GlobalPool(_)) {
        return Err(other(pool, "global pooling"));
    }
    let activation = first.activation;
    let mut ops = middle.iter();
    let mut blocks = Vec::new();
    let mut channels = stem.output().channels;
    for skip in skips {
        if skip {
            blocks.push(Block::shortcut_only(channels));
            continue;
        }
        let op = ops.next().ok_or("it has fewer ops than choices")?;
        let block = if let Op::MbConv(block) = op.op() { Some(block) } else { None };
        let block = block.filter(|block| block.squeeze.is_none() && Some(block.activation) == activation);
        let wrong = || other(op, "an MBConv of the stem's activation, without squeeze-excite,");
        let block = block.ok_or_else(wrong)?;
        blocks.push(Block::of(&block, op.input().channels));
        channels = block.out_channels;
    }
    Ok(Network {
        name: SPACE.to_owned(),
        bn: file::BatchNorm { momentum: 0.1, eps: crate::module::EPSILON },
        first_conv: ConvLayer::of(&first, stem.input().channels)?,
        feature_mix_layer: ConvLayer::of(&mix, head.input().channels)?,
        classifier: LinearLayer::of(&linear, classifier.input().channels),
        blocks,
    })
}

/// For each block between stem and head whether it is skipped. The fixed first block of our spaces has no label.
fn skips(network: &Architecture) -> Option<Vec<bool>> {
    let middle = network.ops().len().checked_sub(4)?;
    let Some((_, labels)) = network.path() else { return Some(vec![false; middle]) };
    let labelled: Vec<bool> = labels.iter().map(|label| label == "skip").collect();
    let present = labelled.iter().filter(|skip| !**skip).count();
    let fixed = middle.checked_sub(present)?;
    Some([vec![false; fixed], labelled].concat())
}

#[cfg(test)]
mod tests;
