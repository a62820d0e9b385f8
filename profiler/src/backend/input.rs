//! The input every backend gives the same model.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// `len` reproducible values in `[-1, 1)`, none of them subnormal.
pub fn seeded_input(len: usize) -> Vec<f32> {
    let mut random = Pcg64::seed_from_u64(0x007a_110e);
    // Multiples of 2⁻²³ or zero: subnormals, which some processors are slow on, cannot occur.
    (0..len).map(|_| random.random::<f32>() * 2.0 - 1.0).collect()
}

/// What an input's elements stand for, and so what the values of [`seeded_input`] become.
#[allow(dead_code, reason = "what is used depends on which runtimes are compiled in")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Floats of any width: the value itself.
    Real,
    /// Unsigned bytes, as of an image or of Tailor's int8 models: in units of 1/127 around 128.
    Level,
    /// Any other integers, mostly indices, lengths or masks: 1 for values above zero, 0 for others, which few models
    /// take for an index that is not there.
    Index,
}

impl Meaning {
    /// The element's value; a whole number where it is an integer.
    #[allow(dead_code, reason = "what is used depends on which runtimes are compiled in")]
    pub(super) fn of(self, value: f32) -> f32 {
        match self {
            Self::Real => value,
            Self::Level => (value * 127.0 + 128.0).round().clamp(0.0, 255.0),
            Self::Index => f32::from(u8::from(value > 0.0)),
        }
    }
}

/// The ends of whole numbers of so many bits, as far as 64-bit floats tell them apart.
#[allow(dead_code, reason = "what is used depends on which runtimes are compiled in")]
pub(super) fn whole(bits: i32, is_signed: bool) -> (f64, f64) {
    const MOST: f64 = 9_007_199_254_740_991.0;
    let (low, high) = match is_signed {
        true => (-2_f64.powi(bits - 1), 2_f64.powi(bits - 1) - 1.0),
        false => (0.0, 2_f64.powi(bits) - 1.0),
    };
    (low.max(-MOST), high.min(MOST))
}

/// The values given for an input of so many elements, one for all or as many; within these ends where they are whole numbers.
#[allow(dead_code, reason = "what is used depends on which runtimes are compiled in")]
pub(super) fn filled(
    name: &str,
    given: &[f64],
    count: usize,
    ends: Option<(f64, f64)>,
) -> Result<Vec<f64>, String> {
    if let Some((low, high)) = ends
        && let Some(value) = given.iter().find(|v| v.fract() != 0.0 || !(low..=high).contains(*v))
    {
        return Err(format!("input `{name}` takes whole numbers from {low} to {high}, not {value}"));
    }
    match given {
        [one] => Ok(vec![*one; count]),
        all if all.len() == count => Ok(all.to_vec()),
        all => Err(format!("input `{name}` takes {count} values, not {}", all.len())),
    }
}

/// Cuts one slice into pieces of the given lengths; `None` if they do not add up to it.
#[allow(dead_code, reason = "what is used depends on which runtimes are compiled in")]
pub(super) fn split<'a>(values: &'a [f32], lengths: &[usize]) -> Option<Vec<&'a [f32]>> {
    let mut rest = values;
    let mut pieces = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (piece, after) = rest.split_at_checked(*length)?;
        pieces.push(piece);
        rest = after;
    }
    rest.is_empty().then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_reproducible_spread_and_normal() {
        let input = seeded_input(10_000);
        assert_eq!(input[..100], seeded_input(100));
        assert!(input.iter().all(|x| (-1.0..1.0).contains(x) && (*x == 0.0 || x.is_normal())));
        // Mean of 10 000 uniform values: standard deviation 0.577 / 100.
        let mean = input.iter().sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
    }

    #[test]
    fn integers_are_levels_or_indices() {
        let all = |meaning: Meaning| [-1.0, -0.5, 0.0, 0.25, 1.0].map(|value| meaning.of(value));
        assert_eq!(all(Meaning::Real), [-1.0, -0.5, 0.0, 0.25, 1.0]);
        // -63.5 and 31.75 around 128: 64.5 is rounded away from zero.
        assert_eq!(all(Meaning::Level), [1.0, 65.0, 128.0, 160.0, 255.0]);
        assert_eq!(all(Meaning::Index), [0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn given_values_are_those_that_an_input_takes() {
        assert_eq!((whole(8, true), whole(16, false)), ((-128.0, 127.0), (0.0, 65_535.0)));
        assert_eq!(filled("x", &[0.5], 3, None), Ok(vec![0.5; 3]));
        assert_eq!(filled("x", &[1.0, 2.0], 2, Some(whole(8, true))), Ok(vec![1.0, 2.0]));
        let refused = |given: &[f64], ends| filled("sr", given, 2, ends).unwrap_err();
        assert_eq!(refused(&[1.0; 3], None), "input `sr` takes 2 values, not 3");
        let error = refused(&[16_000.0], Some(whole(8, false)));
        assert_eq!(error, "input `sr` takes whole numbers from 0 to 255, not 16000");
        assert!(refused(&[0.5], Some(whole(64, true))).ends_with("not 0.5"));
        // The next one is not told apart from it.
        let large = 9_007_199_254_740_992.0;
        assert!(refused(&[large], Some(whole(64, false))).contains("9007199254740991"));
    }

    #[test]
    fn split_must_add_up() {
        assert_eq!(split(&[1.0, 2.0, 3.0], &[2, 1]), Some(vec![&[1.0, 2.0][..], &[3.0][..]]));
        assert_eq!(split(&[1.0, 2.0, 3.0], &[2]), None);
        assert_eq!(split(&[1.0, 2.0, 3.0], &[2, 2]), None);
    }
}
