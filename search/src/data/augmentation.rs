//! Images shifted and mirrored.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Random shifts and mirroring: padding with 0 and cropping back to size, and a horizontal flip of every second image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Largest shift in pixels, in either direction; 0 for none.
    pub shift: u32,
    /// Whether images are mirrored.
    pub flip: Flip,
}

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
pub struct Placement {
    /// Rows by which the image moves down.
    pub down: i64,
    /// Columns by which it moves to the right.
    pub right: i64,
    /// Whether left and right are swapped (before the shift).
    pub mirrored: bool,
}

impl Augmentation {
    /// None at all.
    pub const NONE: Self = Self { shift: 0, flip: Flip::Never };

    /// Draws where one image goes.
    pub fn place(&self, rng: &mut impl Rng) -> Placement {
        let shift = i64::from(self.shift);
        // Always three draws, so that one setting does not change what the others draw.
        let (down, right) = (rng.random_range(-shift..=shift), rng.random_range(-shift..=shift));
        let mirrored = rng.random::<bool>() && self.flip == Flip::Horizontal;
        Placement { down, right, mirrored }
    }
}

impl Placement {
    /// Writes one channel (`height` × `width` bytes) to `output`, translated by `table`, every `stride`-th number.
    pub fn write(&self, plane: &[u8], width: usize, table: &[f32; 256], output: &mut [f32], stride: usize) {
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
        let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal };
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
}
