//! Work groups: how many outputs a delegate computes at once, and on how many lanes.
//!
//! As TensorFlow Lite's `delegates/gpu/common/task/work_group_picking.cc` picks them when it does not try any out.

/// Lanes that run in step at least: a group takes as many as a multiple of it.
const WAVE: u32 = 64;
/// The largest group a delegate asks for.
const LARGEST: u32 = 256;

/// Outputs of a map: width, height, slices of four channels.
pub(crate) type Grid = [u32; 3];

/// A map cut into blocks, one for each lane, and blocks into groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Outputs that one lane computes.
    pub(crate) block: u32,
    /// Lanes of a group.
    pub(crate) lanes: u32,
    /// Groups.
    pub(crate) groups: u32,
}

impl Cut {
    /// How convolutions are cut: as many slices in a group as divide them evenly, up to `slices`.
    pub(crate) fn of_convolution(outputs: Grid, block: Grid, slices: u32) -> Self {
        let grid = blocks(outputs, block);
        let z = largest_divisor(grid[2], slices);
        let flat = LARGEST / z;
        let x = grid[0].min(flat);
        let y = (flat / x).min(grid[1]);
        let y = if y == grid[1] && y.is_multiple_of(2) { y / 2 } else { y };
        Self::new(grid, block, [x, y, z])
    }

    /// How convolutions are cut where groups are rows of `lanes` positions.
    pub(crate) fn in_rows(outputs: Grid, block: Grid, lanes: u32) -> Self {
        let [x, y, z] = blocks(outputs, block);
        Self::new([x * y, 1, z], block, [lanes, 1, 1])
    }

    /// How all other ops are cut, an output for each lane.
    pub(crate) fn of_outputs(outputs: Grid) -> Self {
        let z = [8, 4, 2].into_iter().find(|divisor| outputs[2].is_multiple_of(*divisor));
        let z = z.unwrap_or_else(|| largest_divisor(outputs[2], 8));
        let flat = LARGEST / z;
        let x = outputs[0].div_ceil(2).min(flat);
        let y = (flat / x).min(outputs[1]);
        Self::new(outputs, [1; 3], [x, y, z])
    }

    fn new(grid: Grid, block: Grid, group: Grid) -> Self {
        let product = |numbers: Grid| numbers.iter().product();
        Self { block: product(block), lanes: product(group), groups: product(blocks(grid, group)) }
    }

    /// Outputs that all lanes that are taken could compute, over those that there are; at least 1.
    pub(crate) fn excess(self, outputs: Grid) -> f64 {
        let lanes = f64::from(self.groups) * f64::from(self.lanes.next_multiple_of(WAVE));
        lanes * f64::from(self.block) / outputs.iter().map(|n| f64::from(*n)).product::<f64>()
    }
}

fn blocks(outputs: Grid, block: Grid) -> Grid {
    std::array::from_fn(|axis| outputs[axis].div_ceil(block[axis]))
}

fn largest_divisor(number: u32, most: u32) -> u32 {
    (1..=number.min(most)).rev().find(|divisor| number.is_multiple_of(*divisor)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_match_a_hand_count() {
        // 7x7, 912 channels: 228 slices, in blocks of 2x2x2 a grid of 4x4x114. Up to 16: 6 divides 114, 256 / 6 = 42 lanes are
        // left, 4x4 fits, and a height that is all of an even grid is halved: 4·2·6 = 48 lanes, 2·19 groups.
        let cut = Cut::of_convolution([7, 7, 228], [2, 2, 2], 16);
        assert_eq!(cut, Cut { block: 8, lanes: 48, groups: 38 });
        // 64 lanes are taken for 48: 38·64·8 outputs for 49·228.
        assert!((cut.excess([7, 7, 228]) - 38.0 * 64.0 * 8.0 / 11_172.0).abs() < 1e-12);
        // 14x14, 320 channels: 7x7x40, 10 divides 40, 25 left: 7x3 of them; 3 rows of groups, 4 of slices.
        let cut = Cut::of_convolution([14, 14, 80], [2, 2, 2], 16);
        assert_eq!(cut, Cut { block: 8, lanes: 210, groups: 12 });
        assert_eq!(Cut::in_rows([7, 7, 24], [2, 1, 4], 32), Cut { block: 8, lanes: 32, groups: 6 });
        // 14x14, 12 slices: 4 divides 12, 64 left: 7x9; a prime number of slices beyond 8 goes one by one.
        assert_eq!(Cut::of_outputs([14, 14, 12]), Cut { block: 1, lanes: 252, groups: 12 });
        assert_eq!(Cut::of_outputs([1, 1, 11]), Cut { block: 1, lanes: 1, groups: 11 });
    }
}
