use crate::error::DatasetsError;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

/// A request to keep `count` images of a set aside, chosen by `seed`.
///
/// ProxylessNAS learns weights on one part of the training images and architecture parameters on the other, so that
/// the test images stay unseen until the end. Source: ProxylessNAS, §4.1, arXiv:1812.00332.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldOut {
    /// Images to keep aside.
    pub count: usize,
    /// Same seed, same choice.
    pub seed: u64,
}

/// Two disjoint lists of indices that together name every image once; each in shuffled order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Images for the weights.
    pub train: Vec<usize>,
    /// Images kept aside.
    pub validation: Vec<usize>,
}

impl HoldOut {
    /// Splits the indices `0..available`.
    ///
    /// # Errors
    /// [`DatasetsError::BadHoldOut`] if either part would be empty.
    pub fn split(self, available: usize) -> Result<Split, DatasetsError> {
        if self.count == 0 || self.count >= available {
            return Err(DatasetsError::BadHoldOut { held_out: self.count, available });
        }
        let mut validation: Vec<usize> = (0..available).collect();
        validation.shuffle(&mut Pcg64::seed_from_u64(self.seed));
        let train = validation.split_off(self.count);
        Ok(Split { train, validation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_index_is_in_exactly_one_part(available in 2_usize..500, share in 0.0_f64..1.0, seed: u64) {
            let count = 1 + ((available - 2) as f64 * share) as usize;
            let split = HoldOut { count, seed }.split(available).unwrap();
            prop_assert_eq!(split.validation.len(), count);
            let mut all = [split.train, split.validation].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..available).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_seed_decides() {
        let split = |seed| HoldOut { count: 10, seed }.split(60).unwrap();
        assert_eq!(split(7), split(7));
        // Two random choices of 10 out of 60 agree with probability below 1e-10, and these seeds are fixed.
        assert_ne!(split(7).validation, split(8).validation);
    }

    #[test]
    fn an_empty_part_is_refused() {
        for count in [0, 5, 6] {
            let error = HoldOut { count, seed: 0 }.split(5).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("cannot hold out {count} of 5 images")),
                "{error}"
            );
        }
    }
}
