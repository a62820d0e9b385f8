//! Random sizes as mobile networks have them.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::spec::FeatureMap;

/// Sides of the feature maps of networks for 224×224 images.
const COMMON_SIDES: [u32; 6] = [7, 14, 28, 56, 112, 224];
/// Most channels at any resolution.
const MOST_CHANNELS: u32 = 1280;

/// A source of random sizes; the same for the same seed.
#[derive(Debug)]
pub struct Draw<'a> {
    rng: &'a mut Pcg64,
}

impl<'a> Draw<'a> {
    /// Over a generator.
    pub(crate) fn new(rng: &'a mut Pcg64) -> Self {
        Self { rng }
    }

    /// A generator for [`Draw::new`].
    pub(crate) fn generator(seed: u64) -> Pcg64 {
        Pcg64::seed_from_u64(seed)
    }

    /// A square map with a side from 7 to 224, half of the time one of 7, 14, 28, 56, 112, 224; channels as
    /// [`Draw::channels`] has them.
    pub fn feature_map(&mut self) -> FeatureMap {
        let side = if self.chance(0.5) { self.one_of(&COMMON_SIDES) } else { self.log_uniform(7, 224) };
        FeatureMap { height: side, width: side, channels: self.channels(side) }
    }

    /// Features of an image: `[1, 1, c]`, `c` from 16 to 1280.
    pub fn vector(&mut self) -> FeatureMap {
        FeatureMap { height: 1, width: 1, channels: self.rounded_or_not(16, MOST_CHANNELS) }
    }

    /// Channels at a resolution: from 448 / side to 14336 / side, within 3 and 1280 (so 16 to 512 at side 28), a
    /// multiple of 8 half of the time.
    pub fn channels(&mut self, side: u32) -> u32 {
        let side = side.max(1);
        self.rounded_or_not((448 / side).clamp(3, 64), (14_336 / side).clamp(16, MOST_CHANNELS))
    }

    /// The side of a window, 2, 3, 5 or 7, and its step, at most as far.
    pub fn window(&mut self) -> (u32, u32) {
        let kernel = self.one_of(&[2, 3, 3, 5, 7]);
        (kernel, self.one_of(&[1, 2, 2, kernel.min(3)]))
    }

    /// One of these.
    ///
    /// # Panics
    /// If there are none.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.random_range(0..choices.len())]
    }

    /// Whether something happens that does with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.rng.random::<f64>() < probability
    }

    /// From `low` to `high`, every doubling as likely as every other; both above 0.
    pub fn spread(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + (high.ln() - low.ln()) * self.rng.random::<f64>()).exp()
    }

    fn rounded_or_not(&mut self, low: u32, high: u32) -> u32 {
        let channels = self.log_uniform(low, high);
        if self.chance(0.5) { (channels.next_multiple_of(8)).min(high - high % 8).max(8) } else { channels }
    }

    /// From `low` to `high`, both included, every doubling as likely as every other.
    fn log_uniform(&mut self, low: u32, high: u32) -> u32 {
        let (from, to) = (f64::from(low).ln(), f64::from(high + 1).ln());
        let drawn = (from + (to - from) * self.rng.random::<f64>()).exp() as u32;
        drawn.clamp(low, high)
    }
}
