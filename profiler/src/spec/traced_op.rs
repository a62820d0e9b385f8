//! An op as a runtime ran it inside a network of others: the kernel it chose, the layer, and what it fused behind it.

use std::{fmt, str::FromStr};

use super::{FeatureMap, SpecError};

/// The layer that a traced op computes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TracedLayer {
    /// A convolution; its padding follows from its shapes.
    Conv {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Side of its kernel.
        kernel: u32,
        /// Its step.
        stride: u32,
        /// Its groups; as many as channels for a depthwise one.
        groups: u32,
    },
    /// A fully connected layer.
    Linear {
        /// Features in, as `1x1xC`.
        input: FeatureMap,
        /// Features out, as `1x1xC`.
        output: FeatureMap,
    },
    /// The mean over all positions.
    GlobalPool {
        /// What it reads.
        input: FeatureMap,
    },
    /// The largest of a window.
    MaxPool {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Side of its window.
        kernel: u32,
    },
    /// The mean of a window.
    AveragePool {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Side of its window.
        kernel: u32,
    },
    /// Maps put side by side.
    Concat {
        /// The first of them.
        first: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// How many they are.
        parts: u32,
    },
}

/// An op that was measured inside a network, as the runtime's own trace tells of it: it cannot be measured by itself, for
/// which kernel the runtime chooses and what it fuses is its decision.
///
/// Its text is its key: `KERNEL@LAYER+FUSED+…`, for example
/// `convolution_winograd_4x4_6x6@conv-56x56x64-56x56x64-k3-s1-g1+relu`. Parsing and printing give it back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TracedOp {
    kernel: String,
    layer: TracedLayer,
    fused: Vec<String>,
}

impl TracedOp {
    /// What tells a traced op's key from an [`OpSpec`](super::OpSpec)'s.
    pub const SIGN: char = '@';
    /// Largest kernel, stride and number of maps: multiply-accumulates of any layer then stay below 2^60.
    const LARGEST: u32 = 256;
    /// Most ops fused behind the first.
    const MOST_FUSED: usize = 32;

    /// A layer that ran as this kernel, with these ops fused behind it; names are of `a-z`, `0-9` and `_`.
    ///
    /// # Errors
    /// [`SpecError::Key`] for a name of anything else, [`SpecError::OutOfRange`] for a kernel, stride or number of maps of 0
    /// or an absurd one.
    pub fn new(kernel: &str, layer: TracedLayer, fused: Vec<String>) -> Result<Self, SpecError> {
        let traced = Self { kernel: kernel.to_owned(), layer, fused };
        let wrong = |reason: String| SpecError::Key { key: traced.to_string(), reason };
        if let Some(name) = traced.names().find(|name| !is_name(name)) {
            return Err(wrong(format!("`{name}` is no name: a to z, 0 to 9 and _ are, up to 64 of them")));
        }
        if traced.fused.len() > Self::MOST_FUSED {
            return Err(wrong(format!("{} fused ops, expected at most 32", traced.fused.len())));
        }
        let numbers: &[(&'static str, u32)] = match &traced.layer {
            TracedLayer::Conv { kernel, stride, groups, .. } => {
                &[("kernel", *kernel), ("stride", *stride), ("groups", *groups)]
            }
            TracedLayer::MaxPool { kernel, .. } | TracedLayer::AveragePool { kernel, .. } => {
                &[("kernel", *kernel)]
            }
            TracedLayer::Concat { parts, .. } => &[("maps", *parts)],
            TracedLayer::Linear { .. } | TracedLayer::GlobalPool { .. } => &[],
        };
        for &(what, value) in numbers {
            // Groups are as many as channels, where a layer is depthwise.
            let (most, expected) = if what == "groups" {
                (FeatureMap::MAX_SIDE, "1 to 65536")
            } else {
                (Self::LARGEST, "1 to 256")
            };
            if value == 0 || value > most {
                return Err(SpecError::OutOfRange { what, value: value.into(), expected });
            }
        }
        if let TracedLayer::Conv { input, groups, .. } = traced.layer
            && input.channels % groups != 0
        {
            return Err(wrong(format!("{groups} groups do not divide {} channels", input.channels)));
        }
        Ok(traced)
    }

    /// The kernel that the runtime chose.
    #[must_use]
    pub fn kernel(&self) -> &str {
        &self.kernel
    }

    /// The layer.
    #[must_use]
    pub fn layer(&self) -> TracedLayer {
        self.layer
    }

    /// Names of the ops fused behind it, in order.
    #[must_use]
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

impl fmt::Display for TracedLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conv { input, output, kernel, stride, groups } => {
                write!(f, "conv-{input}-{output}-k{kernel}-s{stride}-g{groups}")
            }
            Self::Linear { input, output } => write!(f, "linear-{input}-{output}"),
            Self::GlobalPool { input } => write!(f, "gpool-{input}"),
            Self::MaxPool { input, output, kernel } => write!(f, "maxpool-{input}-{output}-k{kernel}"),
            Self::AveragePool { input, output, kernel } => write!(f, "avgpool-{input}-{output}-k{kernel}"),
            Self::Concat { first, output, parts } => write!(f, "concat-{first}-{output}-n{parts}"),
        }
    }
}

impl fmt::Display for TracedOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.kernel, Self::SIGN, self.layer)?;
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

fn read_layer(text: &str) -> Result<TracedLayer, String> {
    let mut words = text.split('-');
    let kind = words.next().unwrap_or_default();
    let map = |words: &mut std::str::Split<'_, char>| {
        let word = words.next().ok_or("a feature map is missing")?;
        word.parse::<FeatureMap>().map_err(|e| e.to_string())
    };
    let number = |words: &mut std::str::Split<'_, char>, letter: char| {
        let word = words.next().unwrap_or_default();
        let digits = word.strip_prefix(letter).and_then(|digits| digits.parse::<u32>().ok());
        digits.ok_or_else(|| format!("expected `{letter}` and a number, found `{word}`"))
    };
    let words_left = &mut words;
    let layer = match kind {
        "conv" => TracedLayer::Conv {
            input: map(words_left)?,
            output: map(words_left)?,
            kernel: number(words_left, 'k')?,
            stride: number(words_left, 's')?,
            groups: number(words_left, 'g')?,
        },
        "linear" => TracedLayer::Linear { input: map(words_left)?, output: map(words_left)? },
        "gpool" => TracedLayer::GlobalPool { input: map(words_left)? },
        "maxpool" => TracedLayer::MaxPool {
            input: map(words_left)?,
            output: map(words_left)?,
            kernel: number(words_left, 'k')?,
        },
        "avgpool" => TracedLayer::AveragePool {
            input: map(words_left)?,
            output: map(words_left)?,
            kernel: number(words_left, 'k')?,
        },
        "concat" => TracedLayer::Concat {
            first: map(words_left)?,
            output: map(words_left)?,
            parts: number(words_left, 'n')?,
        },
        _ => {
            return Err(format!(
                "unknown layer `{kind}`, expected conv, linear, gpool, maxpool, avgpool or concat"
            ));
        }
    };
    match words.next() {
        None => Ok(layer),
        Some(word) => Err(format!("`{word}` is one word too many")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
