//! An op as a runtime ran it inside a network of others: the kernel it chose, the layer, and what it fused behind it.

use std::{fmt, str::FromStr};

use super::{Conv, FeatureMap, Layer, PlacedLayer, Pool, SpecError};

/// An op that was measured inside a network, as the runtime's own trace reports it: it cannot be measured by itself, for
/// which kernel the runtime chooses and what it fuses is its decision.
///
/// Its text is its key: `KERNEL@LAYER+FUSED+…`, for example
/// `convolution_winograd_4x4_6x6@conv-56x56x64-56x56x64-k3-s1-g1+relu`. Parsing and printing give it back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TracedOp {
    kernel: String,
    layer: PlacedLayer,
    fused: Vec<String>,
}

impl TracedOp {
    /// What distinguishes a traced op's key from an [`OpSpec`](super::OpSpec)'s.
    pub const SIGN: char = '@';
    /// Largest kernel, stride and number of maps: multiply-accumulates of any layer then stay below 2^60.
    const LARGEST: u32 = 256;
    /// Most ops fused behind the first.
    const MOST_FUSED: usize = 32;

    /// A layer that ran as this kernel, with these ops fused behind it; names are of `a-z`, `0-9` and `_`.
    ///
    /// # Errors
    /// [`SpecError::Key`] for a name of anything else, for a kernel, stride or number of maps of 0 or an absurd one, and for a
    /// layer of which a key cannot say all.
    pub fn new(kernel: &str, layer: PlacedLayer, fused: Vec<String>) -> Result<Self, SpecError> {
        let traced = Self { kernel: kernel.to_owned(), layer, fused };
        let wrong = |reason: String| SpecError::Key { key: traced.to_string(), reason };
        if let Some(name) = traced.names().find(|name| !is_name(name)) {
            return Err(wrong(format!("`{name}` is no name: a to z, 0 to 9 and _ are, up to 64 of them")));
        }
        if traced.fused.len() > Self::MOST_FUSED {
            return Err(wrong(format!("{} fused ops, expected at most 32", traced.fused.len())));
        }
        if read_layer(&write_layer(layer)).map_err(wrong)? != layer {
            return Err(wrong(format!("no key says all of {}", layer.layer)));
        }
        Ok(traced)
    }

    /// The kernel that the runtime chose.
    pub fn kernel(&self) -> &str {
        &self.kernel
    }

    /// The layer.
    pub fn layer(&self) -> PlacedLayer {
        self.layer
    }

    /// Names of the ops fused behind it, in order.
    pub fn fused(&self) -> &[String] {
        &self.fused
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.kernel.as_str()).chain(self.fused.iter().map(String::as_str))
    }
}

fn is_name(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// The words of a layer in a key, as far as there are any.
fn write_layer(layer: PlacedLayer) -> String {
    let PlacedLayer { layer, input, output } = layer;
    match layer {
        Layer::Conv(Conv { kernel: [kernel, _], stride: [stride, _], groups, .. }) => {
            format!("conv-{input}-{output}-k{kernel}-s{stride}-g{groups}")
        }
        Layer::Linear { .. } => format!("linear-{input}-{output}"),
        Layer::GlobalAveragePool => format!("gpool-{input}"),
        Layer::MaxPool(Pool { kernel: [kernel, _], .. }) => format!("maxpool-{input}-{output}-k{kernel}"),
        Layer::AveragePool(Pool { kernel: [kernel, _], .. }) => format!("avgpool-{input}-{output}-k{kernel}"),
        Layer::Concat { parts, .. } => format!("concat-{input}-{output}-n{parts}"),
        Layer::Input(_)
        | Layer::Activation(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::Upsample { .. }
        | Layer::Softmax => layer.to_string(),
    }
}

impl fmt::Display for TracedOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.kernel, Self::SIGN, write_layer(self.layer))?;
        self.fused.iter().try_for_each(|name| write!(f, "+{name}"))
    }
}

impl FromStr for TracedOp {
    type Err = SpecError;

    fn from_str(key: &str) -> Result<Self, SpecError> {
        let wrong = |reason: String| SpecError::Key { key: key.chars().take(200).collect(), reason };
        let Some((kernel, rest)) = key.split_once(Self::SIGN) else {
            return Err(wrong("no `@` behind the kernel's name".to_owned()));
        };
        let mut parts = rest.split('+');
        let layer = read_layer(parts.next().unwrap_or_default()).map_err(wrong)?;
        let traced = Self::new(kernel, layer, parts.map(str::to_owned).collect())?;
        if traced.to_string() != key {
            return Err(wrong(format!("write it as `{traced}`")));
        }
        Ok(traced)
    }
}

/// The words of a layer that are not read yet.
struct Words<'a>(std::str::Split<'a, char>);

impl Words<'_> {
    fn map(&mut self) -> Result<FeatureMap, String> {
        let word = self.0.next().ok_or("a feature map is missing")?;
        word.parse().map_err(|error: SpecError| error.to_string())
    }

    fn number(&mut self, letter: char, what: &str, most: u32) -> Result<u32, String> {
        let word = self.0.next().unwrap_or_default();
        match word.strip_prefix(letter).and_then(|digits| digits.parse::<u32>().ok()) {
            None => Err(format!("expected `{letter}` and a number, found `{word}`")),
            Some(value) if (1..=most).contains(&value) => Ok(value),
            Some(value) => Err(format!("{what} is {value}, expected 1 to {most}")),
        }
    }

    fn kernel(&mut self) -> Result<u32, String> {
        self.number('k', "kernel", TracedOp::LARGEST)
    }
}

fn read_layer(text: &str) -> Result<PlacedLayer, String> {
    let mut words = Words(text.split('-'));
    let kind = words.0.next().unwrap_or_default();
    let known = ["conv", "linear", "gpool", "maxpool", "avgpool", "concat"];
    if !known.contains(&kind) {
        return Err(format!(
            "unknown layer `{kind}`, expected conv, linear, gpool, maxpool, avgpool or concat"
        ));
    }
    let input = words.map()?;
    let output = if kind == "gpool" { FeatureMap { height: 1, width: 1, ..input } } else { words.map()? };
    let layer = match kind {
        "conv" => {
            let kernel = [words.kernel()?; 2];
            let stride = [words.number('s', "stride", TracedOp::LARGEST)?; 2];
            // As many as channels, where a layer is depthwise.
            let groups = words.number('g', "groups", FeatureMap::MAX_SIDE)?;
            if input.channels % groups != 0 {
                return Err(format!("{groups} groups do not divide {} channels", input.channels));
            }
            Layer::Conv(Conv { kernel, stride, groups, ..Conv::pointwise(output.channels) })
        }
        "linear" => Layer::Linear { out_features: output.channels },
        "maxpool" => Layer::MaxPool(Pool::between(words.kernel()?, input, output)),
        "avgpool" => Layer::AveragePool(Pool::between(words.kernel()?, input, output)),
        "concat" => {
            let parts = words.number('n', "maps", TracedOp::LARGEST)?;
            Layer::Concat { parts, more_channels: output.channels.saturating_sub(input.channels) }
        }
        _ => Layer::GlobalAveragePool,
    };
    match words.0.next() {
        None => Ok(PlacedLayer { layer, input, output }),
        Some(word) => Err(format!("`{word}` is one word too many")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: [&str; 6] = [
        "convolution_winograd_4x4_6x6@conv-56x56x64-54x54x64-k3-s1-g1+relu+add",
        "fully_connected@linear-1x1x2048-1x1x1000",
        "mean@gpool-7x7x512",
        "pooling_2d@maxpool-114x114x64-56x56x64-k3",
        "pooling_2d@avgpool-28x28x192-28x28x192-k3",
        "concat@concat-28x28x64-28x28x256-n4",
    ];

    #[test]
    fn keys_round_trip() {
        for key in KEYS {
            assert_eq!(key.parse::<TracedOp>().unwrap().to_string(), key);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_reason() {
        for (key, reason) in [
            ("conv-8x8x3-o8-k3-s1", "no `@`"),
            ("a@conv-8x8x3-8x8x8-k3-s1", "expected `g`"),
            ("a@conv-8x8x3-8x8x8-k0-s1-g1", "kernel is 0"),
            ("a@conv-8x8x3-8x8x8-k257-s1-g1", "kernel is 257, expected 1 to 256"),
            ("a@conv-8x8x3-8x8x8-k3-s1-g2", "2 groups do not divide 3 channels"),
            ("A@gpool-8x8x3", "`A` is no name"),
            ("a@gpool-8x8x3-k3", "one word too many"),
            ("a@gpool-8x8x3+", "`` is no name"),
            ("a@gpool-08x8x3", "write it as"),
            ("a@warp-8x8x3", "unknown layer `warp`"),
            ("a@gpool-70000x1x1", "65536"),
        ] {
            let error = key.parse::<TracedOp>().unwrap_err().to_string();
            assert!(error.contains(reason), "{key}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(cut in 0_usize..70, put in ".{0,6}", which in 0..KEYS.len()) {
            let key = KEYS[which];
            let at = cut.min(key.len());
            let text = format!("{}{put}{}", &key[..at], &key[at..]);
            if let Ok(traced) = text.parse::<TracedOp>() {
                prop_assert_eq!(traced.to_string(), text);
            }
        }
    }
}
