//! Randomness without state: every random choice of a run is a function of the seed, its purpose and the step.
//!
//! A run that is taken up from a checkpoint therefore draws what an undisturbed one draws, and nothing about random
//! generators has to be saved.

use rand::SeedableRng;
use rand_pcg::Pcg64;

/// What random numbers are drawn for. Different purposes never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// First weights.
    Weights,
    /// Which images form an epoch's batches.
    Order,
    /// How a step's images are shifted and mirrored.
    Augmentation,
    /// The path a weight step trains.
    Path,
    /// The pairs or networks an architecture step compares.
    Pairs,
    /// The order of the held-out images.
    HeldOutOrder,
    /// How an architecture step's images are shifted and mirrored.
    HeldOutAugmentation,
    /// The children of a front's generation.
    Front,
    /// Which part of a photo becomes an image.
    Framing,
    /// The networks that a study's latency models are fitted to.
    Profiled,
}

/// The generator of one purpose at one step.
pub fn generator(seed: u64, purpose: Purpose, step: u64) -> Pcg64 {
    let mixed = mix(mix(mix(seed) ^ purpose as u64) ^ step);
    Pcg64::seed_from_u64(mixed)
}

/// A bijection in which every input bit changes about half of the output bits.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn neighbours_share_nothing() {
        let first = |seed, purpose, step| generator(seed, purpose, step).random::<u64>();
        let all = [
            first(0, Purpose::Weights, 0),
            first(1, Purpose::Weights, 0),
            first(0, Purpose::Order, 0),
            first(0, Purpose::Weights, 1),
        ];
        for (index, left) in all.iter().enumerate() {
            for right in &all[index + 1..] {
                // Of 64 random bits 32 differ on average, with a standard deviation of 4.
                let differing = (left ^ right).count_ones();
                assert!((12..=52).contains(&differing), "{differing}");
            }
        }
        assert_eq!(all[0], first(0, Purpose::Weights, 0));
    }
}
