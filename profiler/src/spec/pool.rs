//! The window of a pooling layer.

use super::FeatureMap;

/// How far windows reach over the edges of a map; what lies outside, no window counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// By `(kernel − 1) / 2` (rounded down) before the map, and behind it as far as the last of `⌈length / stride⌉` windows
    /// reaches out; so 2×2 with stride 2 on an even map has none.
    Same,
    /// Not known: windows count as if they lay inside.
    Unknown,
}

/// A window that slides over a map; of two numbers the first is down, the second to the right.
///
/// In a graph, whose padding is [`Padding::Same`]: `[h, w, c]` → `[⌈h/stride⌉, ⌈w/stride⌉, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Sides of the window.
    pub kernel: [u32; 2],
    /// Steps.
    pub stride: [u32; 2],
    /// How far it reaches over the edges.
    pub padding: Padding,
}

impl Pool {
    /// A square window of a graph.
    pub fn square(kernel: u32, stride: u32) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], padding: Padding::Same }
    }

    /// A square window of which nothing else is known than the maps it reads and gives: it steps as far as these say.
    pub fn between(kernel: u32, input: FeatureMap, output: FeatureMap) -> Self {
        let step = |from: u32, to: u32| from.checked_div(to).unwrap_or(1).max(1);
        let stride = [step(input.height, output.height), step(input.width, output.width)];
        Self { kernel: [kernel; 2], stride, padding: Padding::Unknown }
    }

    /// Padding before and behind the height and the width of a map, as far as it is known.
    pub fn pads(&self, map: FeatureMap) -> [(u32, u32); 2] {
        match self.padding {
            Padding::Same => self.by_axis(map, padding),
            Padding::Unknown => [(0, 0); 2],
        }
    }

    /// Elements that all windows read, each as often as it is.
    pub fn taps(&self, input: FeatureMap, output: FeatureMap) -> u64 {
        match self.padding {
            Padding::Same => self.by_axis(input, taps).iter().product::<u64>() * u64::from(input.channels),
            Padding::Unknown => {
                output.elements() * self.kernel.iter().copied().map(u64::from).product::<u64>()
            }
        }
    }

    fn by_axis<T>(&self, map: FeatureMap, of: fn(u32, u32, u32) -> T) -> [T; 2] {
        let ([high, wide], [down, right]) = (self.kernel, self.stride);
        [of(high, down, map.height), of(wide, right, map.width)]
    }
}

/// Padding before and behind a side of this length.
fn padding(kernel: u32, stride: u32, length: u32) -> (u32, u32) {
    let before = kernel.saturating_sub(1) / 2;
    let last = length.div_ceil(stride.max(1)).saturating_sub(1) * stride;
    (before, (last + kernel).saturating_sub(before + length))
}

/// Positions inside the map that the windows along a side of this length cover, summed over the windows.
fn taps(kernel: u32, stride: u32, length: u32) -> u64 {
    let (before, stride) = (padding(kernel, stride, length).0, stride.max(1));
    let inside = |window: u32| {
        let (low, high) = ((window * stride).saturating_sub(before), window * stride + kernel);
        u64::from(high.saturating_sub(before).min(length).saturating_sub(low))
    };
    (0..length.div_ceil(stride)).map(inside).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_reaches_as_far_as_the_windows() {
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
        assert_eq!(taps(3, 1, 3), 7);
        assert_eq!(taps(2, 2, 7), 2 + 2 + 2 + 1);
        let map = |height, width| FeatureMap { height, width, channels: 2 };
        assert_eq!(Pool::square(3, 1).taps(map(3, 3), map(3, 3)), 7 * 7 * 2);
        // Windows of 3x3 as if all lay inside; 114 to 56 positions are steps of 2, 3 to 3 of 1.
        let unknown = Pool::between(3, map(114, 3), map(56, 3));
        assert_eq!((unknown.stride, unknown.taps(map(114, 3), map(56, 3))), ([2, 1], 56 * 3 * 2 * 9));
    }
}
