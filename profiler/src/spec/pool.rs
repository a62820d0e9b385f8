//! The window of a pooling layer.

/// A square window that slides over a map.
///
/// `[h, w, c]` → `[⌈h/stride⌉, ⌈w/stride⌉, c]`. Padding, which no window counts, is `(kernel − 1) / 2` (rounded down)
/// before the map, and behind it as far as the last window reaches out; so 2×2 with stride 2 on an even map has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Side of the window.
    pub kernel: u32,
    /// Step in both directions.
    pub stride: u32,
}

impl Pool {
    /// Padding before and behind a side of this length.
    #[must_use]
    pub fn padding(self, length: u32) -> (u32, u32) {
        let before = self.kernel.saturating_sub(1) / 2;
        let last = length.div_ceil(self.stride.max(1)).saturating_sub(1) * self.stride;
        (before, (last + self.kernel).saturating_sub(before + length))
    }

    /// Positions inside the map that the windows along a side of this length cover, summed over the windows.
    #[must_use]
    pub fn taps(self, length: u32) -> u64 {
        let (before, stride) = (self.padding(length).0, self.stride.max(1));
        let inside = |window: u32| {
            let (low, high) = ((window * stride).saturating_sub(before), window * stride + self.kernel);
            u64::from(high.saturating_sub(before).min(length).saturating_sub(low))
        };
        (0..length.div_ceil(stride)).map(inside).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_reaches_as_far_as_the_windows() {
        let padding = |kernel, stride, length| Pool { kernel, stride }.padding(length);
        // Windows of 2 at 0, 2, 4, 6 fill 8 exactly; on 7 the last one reaches 1 out.
        assert_eq!(padding(2, 2, 8), (0, 0));
        assert_eq!(padding(2, 2, 7), (0, 1));
        // 3 at −1, 1, …, 221 ends at 224; with stride 1 on 5 the last one ends at 6.
        assert_eq!(padding(3, 2, 224), (1, 0));
        assert_eq!(padding(3, 1, 5), (1, 1));
        assert_eq!(padding(7, 1, 2), (3, 3));
    }

    #[test]
    fn taps_count_what_lies_inside() {
        // 3 at −1..2, 0..3, 1..4 on a side of 3: 2 + 3 + 2.
        assert_eq!(Pool { kernel: 3, stride: 1 }.taps(3), 7);
        assert_eq!(Pool { kernel: 2, stride: 2 }.taps(7), 2 + 2 + 2 + 1);
    }
}
