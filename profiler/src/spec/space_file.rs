//! Search spaces as people write them: TOML.

use serde::{Deserialize, Serialize};

use super::{Activation, SearchSpace, SpecError};

/// The built-in spaces: name and TOML text.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("proxylessnas-mobile", include_str!("spaces/proxylessnas-mobile.toml")),
    ("proxylessnas-small", include_str!("spaces/proxylessnas-small.toml")),
    ("proxylessnas-wide", include_str!("spaces/proxylessnas-wide.toml")),
    ("proxylessnas-fine", include_str!("spaces/proxylessnas-fine.toml")),
];

/// A search space file, version 1: square input, stem convolution, one fixed MBConv, stages of blocks that choose among
/// MBConvs (and skipping), a 1×1 convolution, global average pooling, a linear classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceFile {
    /// Always `tailor-space`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Side of the input images in pixels.
    pub resolution: u32,
    /// Channels of the input images.
    pub input_channels: u32,
    /// Classes to distinguish.
    pub classes: u32,
    /// Activation of all convolutions that have one.
    pub activation: Activation,
    /// Kernel sides to choose from.
    pub kernels: Vec<u32>,
    /// Expansion ratios to choose from.
    pub expansions: Vec<u32>,
    /// Squeeze-excites to choose from, by the ratio that their channels are divided by; 0 is a block without one, and all
    /// that there is where the file does not say.
    #[serde(default = "no_squeeze")]
    pub squeeze_excite: Vec<u32>,
    /// Whether a block may be skipped where its stride is 1 and its channels match.
    pub skip: bool,
    /// First convolution.
    pub stem: Stem,
    /// Fixed first block, expansion 1.
    pub first: First,
    /// 1×1 convolution before pooling.
    pub head: Head,
    /// Groups of blocks of one width.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

fn no_squeeze() -> Vec<u32> {
    vec![0]
}

/// The first convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Channels out.
    pub channels: u32,
    /// Side of the kernel.
    pub kernel: u32,
    /// Stride.
    pub stride: u32,
}

/// The fixed first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// Channels out.
    pub channels: u32,
    /// Side of the depthwise kernel.
    pub kernel: u32,
}

/// The last convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Channels out.
    pub channels: u32,
}

/// Blocks of one width; the first of them has the stage's stride, the others 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Channels out.
    pub channels: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// Stride of the first block.
    pub stride: u32,
}

impl SpaceFile {
    /// Reads TOML.
    ///
    /// # Errors
    /// [`SpecError::SpaceFile`] saying what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let wrong = |reason: String| SpecError::SpaceFile(reason);
        let header: toml::Table = toml::from_str(text).map_err(|e| wrong(one_line(&e)))?;
        let found = (header.get("format").and_then(toml::Value::as_str), header.get("version"));
        match found {
            (Some("tailor-space"), Some(toml::Value::Integer(1))) => {}
            (Some("tailor-space"), Some(version)) => {
                return Err(wrong(format!("version {version} is not known, expected 1")));
            }
            _ => return Err(wrong("expected `format = \"tailor-space\"` and `version = 1`".to_owned())),
        }
        toml::from_str(text).map_err(|e| wrong(one_line(&e)))
    }

    /// A built-in space by name.
    ///
    /// # Errors
    /// [`SpecError::UnknownSpace`] for any other name.
    pub fn built_in(name: &str) -> Result<Self, SpecError> {
        let found = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
        let (_, text) = found.ok_or_else(|| SpecError::UnknownSpace(name.to_owned()))?;
        Self::parse(text)
    }

    /// The same space with all widths multiplied and rounded to multiples of 8; the head only grows.
    ///
    /// Source: MobileNetV2's `_make_divisible` rule, arXiv:1801.04381: never more than 10 % below the exact width.
    pub fn with_width(mut self, multiplier: f64) -> Self {
        let scale = |channels: &mut u32| *channels = round_to_8(f64::from(*channels) * multiplier);
        scale(&mut self.stem.channels);
        scale(&mut self.first.channels);
        self.stages.iter_mut().for_each(|stage| scale(&mut stage.channels));
        if multiplier > 1.0 {
            scale(&mut self.head.channels);
        }
        self
    }

    /// The same space for square images of another side.
    pub fn with_resolution(mut self, resolution: u32) -> Self {
        self.resolution = resolution;
        self
    }

    /// The space it describes.
    ///
    /// # Errors
    /// [`SpecError`] when layers do not fit or the space is empty.
    pub fn resolve(&self) -> Result<SearchSpace, SpecError> {
        SearchSpace::new(self)
    }
}

/// The closest multiple of 8 and at least 8, the next one where the closest takes off more than a tenth.
///
/// Source: the authors' released MobileNets (`make_divisible`).
pub(super) fn round_to_8(channels: f64) -> u32 {
    let rounded = ((channels + 4.0) / 8.0).floor().max(1.0) * 8.0;
    let wide_enough = if rounded < 0.9 * channels { rounded + 8.0 } else { rounded };
    wide_enough.min(f64::from(u32::MAX)) as u32
}

fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_rule_of_multiples_of_8() {
        // 24·0.35 = 8.4 → 8 (no less than 7.56); 16·0.75 = 12 → 16; 40·1.4 = 56; 18 → 16 < 0.9·18 = 16.2 → 24.
        assert_eq!([8.4, 12.0, 56.0, 18.0, 1.0].map(round_to_8), [8, 16, 56, 24, 8]);
    }

    #[test]
    fn unknown_versions_and_fields_are_refused() {
        let text = BUILT_IN[1].1;
        let newer = SpaceFile::parse(&text.replace("version = 1", "version = 2")).unwrap_err().to_string();
        assert!(newer.contains("version 2 is not known, expected 1"), "{newer}");
        let typo = SpaceFile::parse(&text.replace("kernels", "kernel_sizes")).unwrap_err().to_string();
        assert!(typo.contains("kernel_sizes"), "{typo}");
        assert!(SpaceFile::parse("name = \"x\"").is_err());
        assert!(SpaceFile::built_in("proxylessnas").unwrap_err().to_string().contains("`proxylessnas`"));
    }
}
