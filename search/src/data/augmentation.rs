use datasets::images::Framing;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::error::SearchError;

/// Random shifts and mirroring: padding with 0 and cropping back to size, and a horizontal flip of every second image; of
/// photos a random part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Largest shift in pixels, in either direction; 0 for none.
    pub shift: u32,
    /// Whether images are mirrored.
    pub flip: Flip,
    /// Smallest share of a photo's area that a training image shows; 1 for its middle, always. Images that are in
    /// memory at their size are not cut.
    #[serde(default = "whole")]
    pub smallest_area: f64,
}

/// What settings meant before there were photos.
fn whole() -> f64 {
    1.0
}

/// Widest aspect (width over height) of a random part of a photo; the narrowest is its inverse.
const WIDEST: f64 = 4.0 / 3.0;

/// Whether images are mirrored at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// Every image stays as it is.
    Never,
    /// Each image with probability 1/2, left to right.
    Horizontal,
}

/// Where one image's pixels are read: shifted by (down, right), from the right edge if mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) down: i64,
    pub(crate) right: i64,
    pub(crate) mirrored: bool,
}

impl Augmentation {
    /// None at all.
    pub const NONE: Self = Self { shift: 0, flip: Flip::Never, smallest_area: 1.0 };

    /// Smallest share of a photo's area that a training image shows, if nothing else is said.
    pub(crate) const SMALLEST_AREA: f64 = 0.35;

    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let wrong = |name, value: String, expected| Err(SearchError::Setting { name, value, expected });
        if !(0.01..=1.0).contains(&self.smallest_area) {
            return wrong("smallest area", self.smallest_area.to_string(), "0.01 to 1");
        }
        if self.shift > 1 << 12 {
            return wrong("shift", self.shift.to_string(), "0 to 4096 pixels");
        }
        Ok(())
    }

    /// Draws which part of a photo is shown: area and logarithm of the aspect uniformly, anywhere.
    ///
    /// Source: Szegedy et al., arXiv:1409.4842, §6.
    pub(crate) fn frame(&self, rng: &mut impl Rng) -> Framing {
        if self.smallest_area >= 1.0 {
            return Framing::Middle;
        }
        let mut draw = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        Framing::Part {
            area: draw(self.smallest_area, 1.0),
            aspect: draw(-WIDEST.ln(), WIDEST.ln()).exp(),
            across: draw(0.0, 1.0),
            down: draw(0.0, 1.0),
        }
    }

    /// Draws where one image goes.
    pub(crate) fn place(&self, rng: &mut impl Rng) -> Placement {
        let shift = i64::from(self.shift);
        // Always three draws, so that one setting does not change what the others draw.
        let (down, right) = (rng.random_range(-shift..=shift), rng.random_range(-shift..=shift));
        let mirrored = rng.random::<bool>() && self.flip == Flip::Horizontal;
        Placement { down, right, mirrored }
    }
}

impl Placement {
    /// Writes one channel (`height` × `width` bytes) to `output`, translated by `table`, every `stride`-th number.
    pub(crate) fn write(
        &self,
        plane: &[u8],
        width: usize,
        table: &[f32; 256],
        output: &mut [f32],
        stride: usize,
    ) {
        let height = plane.len() / width.max(1);
        for row in 0..height {
            let source = row as i64 - self.down;
            let inside = (0..height as i64).contains(&source);
            for column in 0..width {
                let shifted = column as i64 - self.right;
                let pixel = if inside && (0..width as i64).contains(&shifted) {
                    let shifted = shifted as usize;
                    let from = if self.mirrored { width - 1 - shifted } else { shifted };
                    plane[source as usize * width + from]
                } else {
                    0
                };
                output[(row * width + column) * stride] = table[usize::from(pixel)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, generator};

    fn placed(placement: Placement) -> Vec<f32> {
        let table = std::array::from_fn(|pixel| pixel as f32);
        let mut output = vec![-1.0; 6];
        placement.write(&[1, 2, 3, 4, 5, 6], 3, &table, &mut output, 1);
        output
    }

    #[test]
    fn pixels_move_and_zeros_come_in() {
        assert_eq!(placed(Placement::default()), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(placed(Placement { down: 1, ..Placement::default() }), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(placed(Placement { right: -1, ..Placement::default() }), [2.0, 3.0, 0.0, 5.0, 6.0, 0.0]);
        let both = Placement { mirrored: true, right: 1, down: 0 };
        assert_eq!(placed(both), [0.0, 3.0, 2.0, 0.0, 6.0, 5.0]);
    }

    #[test]
    fn draws_cover_the_whole_range() {
        let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal, smallest_area: 0.25 };
        let mut rng = generator(0, Purpose::Augmentation, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            let placement = augmentation.place(&mut rng);
            seen.insert((placement.down, placement.right, placement.mirrored));
        }
        // 3 · 3 · 2 of them, each with probability 1/18: one is missed by 1,000 draws with probability < 1e-22.
        assert_eq!(seen.len(), 18);
        assert_eq!(Augmentation::NONE.place(&mut rng), Placement::default());
    }

    #[test]
    fn parts_of_photos_keep_within_their_bounds_and_fill_them() {
        let augmentation = Augmentation { smallest_area: 0.25, ..Augmentation::NONE };
        let mut rng = generator(0, Purpose::Framing, 0);
        let (mut areas, mut aspects) = (Vec::new(), Vec::new());
        for _ in 0..1000 {
            let Framing::Part { area, aspect, across, down } = augmentation.frame(&mut rng) else {
                unreachable!()
            };
            assert!((0.0..1.0).contains(&across) && (0.0..1.0).contains(&down));
            areas.push(area);
            aspects.push(aspect);
        }
        let range = |values: &[f64]| {
            let of = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap_or(f64::NAN);
            (of(f64::min), of(f64::max))
        };
        // Of 1,000 uniform draws none in the outermost hundredth has probability 0.99^1000 < 1e-4.
        let ((smallest, largest), (narrowest, widest)) = (range(&areas), range(&aspects));
        assert!(
            (0.25..0.2575).contains(&smallest) && (0.9925..1.0).contains(&largest),
            "{smallest} {largest}"
        );
        assert!(
            (0.7499..0.76).contains(&narrowest) && (1.32..1.3334).contains(&widest),
            "{narrowest} {widest}"
        );
        assert_eq!(Augmentation::NONE.frame(&mut rng), Framing::Middle);
        assert!(Augmentation { smallest_area: f64::NAN, ..augmentation }.check().is_err());
    }
}
