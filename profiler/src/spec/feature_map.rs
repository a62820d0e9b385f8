//! The shape of an activation tensor.

use std::{fmt, str::FromStr};

use super::SpecError;

/// Shape of an activation tensor of one image: height, width, channels. In memory `[1, c, h, w]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureMap {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Channels.
    pub channels: u32,
}

impl FeatureMap {
    /// Largest height, width or channel count accepted.
    pub const MAX_SIDE: u32 = 65_536;
    /// Largest number of elements accepted (1 GiB of f32).
    pub const MAX_ELEMENTS: u64 = 1 << 28;

    /// A shape whose sizes are from 1 to [`Self::MAX_SIDE`].
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] for a size of 0 or an absurd one.
    pub fn new(height: u32, width: u32, channels: u32) -> Result<Self, SpecError> {
        for (what, value) in [("height", height), ("width", width), ("channels", channels)] {
            if value == 0 || value > Self::MAX_SIDE {
                return Err(SpecError::OutOfRange { what, value: value.into(), expected: "1 to 65536" });
            }
        }
        let map = Self { height, width, channels };
        if map.elements() > Self::MAX_ELEMENTS {
            let value = map.elements();
            return Err(SpecError::OutOfRange { what: "elements", value, expected: "at most 268435456" });
        }
        Ok(map)
    }

    /// Number of elements.
    pub fn elements(self) -> u64 {
        self.pixels() * u64::from(self.channels)
    }

    /// Number of positions.
    pub fn pixels(self) -> u64 {
        u64::from(self.height) * u64::from(self.width)
    }
}

impl fmt::Display for FeatureMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.height, self.width, self.channels)
    }
}

impl FromStr for FeatureMap {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wrong = || SpecError::FeatureMap(text.to_owned());
        let mut sizes = text.split('x').map(str::parse::<u32>);
        let mut next = || sizes.next().and_then(Result::ok).ok_or_else(wrong);
        let (height, width, channels) = (next()?, next()?, next()?);
        if sizes.next().is_some() {
            return Err(wrong());
        }
        Self::new(height, width, channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let map = FeatureMap::new(28, 14, 3).unwrap();
        assert_eq!(map.to_string(), "28x14x3");
        assert_eq!("28x14x3".parse(), Ok(map));
    }

    #[test]
    fn absurd_shapes_are_refused() {
        for text in ["", "1x2", "1x2x3x4", "0x1x1", "1x1x65537", "-1x1x1", "60000x60000x1", "axbxc"] {
            assert!(text.parse::<FeatureMap>().is_err(), "{text}");
        }
    }
}
