//! A few values that need no allocation of their own.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// Values of which up to `N` are kept in place.
///
/// A measurement keeps samples between runs of models that allocate megabytes and free them again. Were each turn's samples
/// allocations of their own, they would come to lie where a model's buffers were, which then no longer fit there: with tract
/// on glibc a session of 100 MB in use grew to 1.5 GB within a minute of a busy machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Few<T, const N: usize>(SmallVec<[T; N]>);

impl<T, const N: usize> Few<T, N> {
    /// Adds a value.
    pub fn push(&mut self, value: T) {
        self.0.push(value);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T: Serialize, const N: usize> Serialize for Few<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Few<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_and_writes_as_a_list_and_spills_where_it_must() {
        let mut few: Few<u32, 2> = serde_json::from_str("[1,2]").unwrap();
        assert!(!few.0.spilled() && !few.is_empty());
        few.push(3);
        assert!(few.0.spilled());
        assert_eq!(serde_json::to_string(&few).unwrap(), "[1,2,3]");
        assert_eq!(few.iter().sum::<u32>(), 6);
        assert!(Few::<u32, 2>::default().is_empty());
    }
}
