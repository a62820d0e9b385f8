//! An op as a runtime ran it inside a network of others: its kernel, the layer, and what was fused behind it.

use std::{fmt, str::FromStr};

use super::{OtherWork, PlacedLayer, SpecError, TracedLayer};

/// An op that was measured inside a network: it cannot be measured by itself, for what runs before it, which kernel the runtime
/// chooses and what it fuses make it what it is.
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
    /// What distinguishes a traced op's key from an [`OpSpec`](super::OpSpec)'s.
    pub const SIGN: char = '@';
    /// Most ops fused behind the first.
    const MOST_FUSED: usize = 32;

    /// A layer that ran as this kernel, with these ops fused behind it; names are of `a-z`, `0-9` and `_`.
    ///
    /// # Errors
    /// [`SpecError::Key`] for a name of anything else, for a kernel, stride or number of maps of 0 or an absurd one, and for a
    /// layer of which a key cannot say all.
    pub fn new(kernel: &str, layer: TracedLayer, fused: Vec<String>) -> Result<Self, SpecError> {
        let traced = Self { kernel: kernel.to_owned(), layer, fused };
        let wrong = |reason: String| SpecError::Key { key: traced.to_string(), reason };
        if let Some(name) = traced.names().find(|name| !is_name(name)) {
            return Err(wrong(format!("`{name}` is no name: a to z, 0 to 9 and _ are, up to 64 of them")));
        }
        if traced.fused.len() > Self::MOST_FUSED {
            return Err(wrong(format!("{} fused ops, expected at most 32", traced.fused.len())));
        }
        if layer.to_string().parse::<TracedLayer>().map_err(wrong)? != layer {
            let what = match layer {
                TracedLayer::Placed(placed) => placed.layer.to_string(),
                TracedLayer::Other(_) => layer.to_string(),
            };
            return Err(wrong(format!("no key says all of {what}")));
        }
        Ok(traced)
    }

    /// Work by its amounts, whatever it is called and however much it is: names and amounts become what keys can say.
    pub fn other(kernel: &str, work: OtherWork, fused: &[String]) -> Self {
        let fused = fused.iter().take(Self::MOST_FUSED).map(|name| named(name)).collect();
        Self { kernel: named(kernel), layer: TracedLayer::Other(work.within_bounds()), fused }
    }

    /// The same, with more ops fused behind it; what is too much for a key is left out.
    #[must_use]
    pub fn with_fused(mut self, names: impl IntoIterator<Item = String>) -> Self {
        let room = Self::MOST_FUSED.saturating_sub(self.fused.len());
        self.fused.extend(names.into_iter().take(room).map(|name| named(&name)));
        self
    }

    /// The kernel that the runtime chose, or the class of work where keys come from the model alone.
    pub fn kernel(&self) -> &str {
        &self.kernel
    }

    /// What it computes.
    pub fn layer(&self) -> TracedLayer {
        self.layer
    }

    /// The layer, where it is one.
    pub fn placed(&self) -> Option<PlacedLayer> {
        match self.layer {
            TracedLayer::Placed(placed) => Some(placed),
            TracedLayer::Other(_) => None,
        }
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

/// The nearest that is a name.
fn named(text: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(clean).take(64).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
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
        let layer = parts.next().unwrap_or_default().parse::<TracedLayer>().map_err(wrong)?;
        let traced = Self::new(kernel, layer, parts.map(str::to_owned).collect())?;
        if traced.to_string() != key {
            return Err(wrong(format!("write it as `{traced}`")));
        }
        Ok(traced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::FeatureMap;
    use proptest::prelude::*;

    const KEYS: [&str; 16] = [
        "convolution_winograd_4x4_6x6@conv-56x56x64-54x54x64-k3-s1-g1+relu+add",
        "fully_connected@linear-1x1x2048-1x1x1000",
        "mean@gpool-7x7x512",
        "pooling_2d@maxpool-114x114x64-56x56x64-k3",
        "pooling_2d@avgpool-28x28x192-28x28x192-k3",
        "concat@concat-28x28x64-28x28x256-n4",
        "conv@conv-17x17x64-17x17x64-k1x7-s1-g1+relu",
        "depthwise@conv-56x56x64-28x56x64-k5x3-s2x1-g64-d2x1+hswish",
        // 5 to 3 positions may be steps of 1 or, padded, of 2.
        "maxpool@maxpool-5x5x8-3x3x8-k3-s2",
        "act@act-14x14x96-hswish",
        "add@add-14x14x96+relu",
        "scale@scale-14x14x96",
        "softmax@softmax-1x196x196",
        "upsample@upsample-7x7x64-f2-nearest",
        "transpose@other-56x56x64-56x64x56-r200704-w200704-c0-m0",
        "batch_matmul@other-196x196x4-196x32x4-r178752-w25088-c0-m4917248",
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
            ("a@act-8x8x3-warp", "`warp` is no activation"),
            ("a@conv-8x8x3-8x8x8-k3x-s1-g1", "expected `k`"),
            ("a@conv-8x8x3-8x8x8-k3x3-s1-g1", "write it as"),
            ("a@other-8x8x3-8x8x3-r1-w1-c0", "expected `m`"),
            ("a@upsample-40000x8x3-f2-nearest", "height is 80000"),
        ] {
            let error = key.parse::<TracedOp>().unwrap_err().to_string();
            assert!(error.contains(reason), "{key}: {error}");
        }
    }

    #[test]
    fn absurd_work_still_has_a_key() {
        let side = u32::MAX;
        let map = FeatureMap { height: side, width: 1, channels: side };
        let all = u64::MAX;
        let work = OtherWork { input: map, output: map, read: all, written: 1, constants: 0, macs: all };
        let op = TracedOp::other("com.vendor.Op", work, &["Ärger".to_owned()]);
        assert_eq!(op.to_string().parse::<TracedOp>().unwrap(), op);
        assert_eq!((op.kernel(), op.fused()), ("com_vendor_op", &["_rger".to_owned()][..]));
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
