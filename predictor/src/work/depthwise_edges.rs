//! How a sliding window walks over a map row by row: where it runs freely, and where edges break it up.
//!
//! A kernel that slides over a map with padding treats outputs that see the same taps alike and takes them in groups
//! (vectors) along a row or column; at the edges, where taps fall outside, groups are cut short. On maps that are small
//! against the window most of the time goes there, which plain multiply-accumulates do not show.

/// Neighbouring outputs that vector units take at a time.
const GROUP: u64 = 8;

/// What a window of one channel does on a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WindowWalk {
    /// Runs: neighbouring outputs along the longer side of a zone of outputs that see the same taps.
    pub(crate) runs: u64,
    /// Taps inside the map, summed over runs.
    pub(crate) run_taps: u64,
    /// Multiply-accumulates of outputs that fill no whole group of their run; all of them where the stride is not 1.
    pub(crate) scalar_macs: u64,
}

/// Neighbouring positions along one side that see the same taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Zone {
    outside: (u64, u64),
    outputs: u64,
    taps: u64,
}

impl WindowWalk {
    /// The walk of a `kernel`×`kernel` window, padded by `kernel / 2`, over a map of `height`×`width`.
    pub(crate) fn new(height: u32, width: u32, kernel: u32, stride: u32) -> Self {
        let mut walk = Self::default();
        let columns = zones(width, kernel, stride);
        for row in zones(height, kernel, stride) {
            for column in &columns {
                let (length, runs) = (row.outputs.max(column.outputs), row.outputs.min(column.outputs));
                let taps = row.taps * column.taps;
                let left_over = if stride == 1 { length % GROUP } else { length };
                walk.runs += runs;
                walk.run_taps += runs * taps;
                walk.scalar_macs += runs * left_over * taps;
            }
        }
        walk
    }
}

fn zones(length: u32, kernel: u32, stride: u32) -> Vec<Zone> {
    let [length, kernel, stride] = [length, kernel, stride].map(u64::from);
    let padding = kernel / 2;
    // Only the first and last few positions can differ from their neighbours; those between are one zone.
    let outputs = length.div_ceil(stride);
    let mut zones: Vec<Zone> = Vec::new();
    let outside = |position: u64| {
        let before = padding.saturating_sub(position * stride);
        let after = (position * stride + kernel).saturating_sub(padding + length);
        (before.min(kernel), after.min(kernel))
    };
    let mut position = 0;
    while position < outputs {
        let here = outside(position);
        // The inner zone ends where the window first reaches over the far edge.
        let inner = if here == (0, 0) { (length + padding - kernel) / stride + 1 - position } else { 1 };
        let taps = kernel.saturating_sub(here.0 + here.1);
        match zones.last_mut() {
            Some(last) if last.outside == here => last.outputs += inner,
            _ => zones.push(Zone { outside: here, outputs: inner, taps }),
        }
        position += inner;
    }
    zones
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn walks_match_a_hand_count() {
        // 10x10, 3x3, stride 1: each side has zones of 1, 8 and 1 outputs with 2, 3 and 2 taps.
        // Corners: 4 runs of 1 output with 4 taps: 16 left over. Sides: 4 runs of 8 with 6 taps: whole groups.
        // Inside: 8 runs of 8 with 9 taps: whole groups. Runs 4 + 4 + 8, taps 16 + 24 + 72.
        let walk = WindowWalk::new(10, 10, 3, 1);
        assert_eq!(walk, WindowWalk { runs: 16, run_taps: 112, scalar_macs: 16 });
        // Stride 2: outputs at 0, 2, 4, 6, 8; only the first reaches over: zones of 1 and 4 with 2 and 3 taps.
        // Runs 1 + 1 + 1 + 4; taps 4 + 6 + 6 + 36; macs 4 + 24 + 24 + 144, none in groups.
        assert_eq!(WindowWalk::new(10, 10, 3, 2), WindowWalk { runs: 7, run_taps: 52, scalar_macs: 196 });
        // A 1x1 window has no edge: 8 runs of 8.
        assert_eq!(WindowWalk::new(8, 8, 1, 1), WindowWalk { runs: 8, run_taps: 8, scalar_macs: 0 });
    }

    proptest! {
        #[test]
        fn zones_tile_the_outputs_and_count_taps_inside(length in 1_u32..40, half in 0_u32..5, stride in 1_u32..4) {
            let kernel = 2 * half + 1;
            let zones = zones(length, kernel, stride);
            prop_assert_eq!(zones.iter().map(|z| z.outputs).sum::<u64>(), u64::from(length.div_ceil(stride)));
            let taps: u64 = zones.iter().map(|z| z.outputs * z.taps).sum();
            let inside = |output: u32| {
                let first = i64::from(output * stride) - i64::from(half);
                (first..first + i64::from(kernel)).filter(|i| (0..i64::from(length)).contains(i)).count() as u64
            };
            prop_assert_eq!(taps, (0..length.div_ceil(stride)).map(inside).sum::<u64>());
            prop_assert!(zones.windows(2).all(|pair| pair[0].outside != pair[1].outside));
        }
    }
}
