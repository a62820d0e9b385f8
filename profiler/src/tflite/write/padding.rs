//! Padding as TensorFlow means it, and as Tailor's layers have it.

use crate::spec::FeatureMap;

/// What a window reads of a map; of two numbers the first is down, the second to the right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// With the gaps that dilation makes.
    pub(super) reach: [u32; 2],
    pub(super) stride: [u32; 2],
    /// Positions before the map that the first window reads.
    pub(super) before: [u32; 2],
}

/// How a layer's padding is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// As SAME.
    Same,
    /// With an operator before it: positions before and behind the height and the width.
    Ahead([(u32, u32); 2]),
}

impl Window {
    /// SAME pads what `⌈length / stride⌉` windows need beyond the map, half of it before, the odd one behind. Source:
    /// `tf.nn.convolution`, "SAME".
    pub(super) fn padding(&self, map: FeatureMap) -> Padding {
        let sides = [map.height, map.width];
        let needed = |axis: usize| {
            let windows = sides[axis].div_ceil(self.stride[axis]);
            ((windows - 1) * self.stride[axis] + self.reach[axis]).saturating_sub(sides[axis])
        };
        if [0, 1].into_iter().all(|axis| needed(axis) / 2 == self.before[axis]) {
            return Padding::Same;
        }
        Padding::Ahead([0, 1].map(|axis| {
            let before = self.before[axis];
            (before, needed(axis).saturating_sub(before))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padding(reach: u32, stride: u32, before: u32, side: u32) -> Padding {
        let window = Window { reach: [reach; 2], stride: [stride; 2], before: [before; 2] };
        window.padding(FeatureMap { height: side, width: side, channels: 1 })
    }

    #[test]
    fn same_is_what_tensorflow_pads() {
        // Stride 1 pads evenly; so does stride 2 on an odd side: 4 windows of 3 on 7 need 2 more.
        assert_eq!(padding(3, 1, 1, 8), Padding::Same);
        assert_eq!(padding(3, 2, 1, 7), Padding::Same);
        // 4 windows of 3 on 8 need 1 more, which SAME puts behind; the layer has it before.
        assert_eq!(padding(3, 2, 1, 8), Padding::Ahead([(1, 0); 2]));
        // 4 windows of 5 need 3 more: 1 and 2 for SAME, 2 and 1 for the layer.
        assert_eq!(padding(5, 2, 2, 8), Padding::Ahead([(2, 1); 2]));
        // Nothing to pad.
        assert_eq!(padding(1, 2, 0, 8), Padding::Same);
        assert_eq!(padding(2, 2, 0, 8), Padding::Same);
        // Two windows of 4 fill 8, but the first begins before it.
        assert_eq!(padding(4, 4, 1, 8), Padding::Ahead([(1, 0); 2]));
    }

    #[test]
    fn both_axes_count() {
        let window = Window { reach: [3; 2], stride: [2; 2], before: [1; 2] };
        let map = FeatureMap { height: 7, width: 8, channels: 1 };
        assert_eq!(window.padding(map), Padding::Ahead([(1, 1), (1, 0)]));
    }
}
