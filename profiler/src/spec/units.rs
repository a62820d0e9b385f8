//! Units that have a type: latency and multiply-accumulates.

use std::{fmt, iter::Sum, ops::Add};

/// Wall-clock latency in milliseconds; finite and non-negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Latency {
    ms: f64,
}

/// A number that is no latency.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("latency of {0} ms: expected a finite number of at least 0")]
pub struct InvalidLatency(pub f64);

impl Latency {
    /// A latency of `ms` milliseconds.
    ///
    /// # Errors
    /// [`InvalidLatency`] if `ms` is negative, NaN or infinite.
    pub fn from_ms(ms: f64) -> Result<Self, InvalidLatency> {
        if ms.is_finite() && ms >= 0.0 { Ok(Self { ms }) } else { Err(InvalidLatency(ms)) }
    }

    /// The latency in milliseconds.
    pub fn ms(self) -> f64 {
        self.ms
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.ms < 1.0 { 4 } else { 3 };
        write!(f, "{:.digits$} ms", self.ms)
    }
}

/// A number of multiply-accumulates (a FLOP count is twice this).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Macs(pub u64);

impl Macs {
    /// In millions, as papers quote them.
    pub fn millions(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for Macs {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Macs {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self(0), Add::add)
    }
}

impl fmt::Display for Macs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} M MACs", self.millions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_refuses_what_is_no_duration() {
        for ms in [f64::NAN, f64::INFINITY, -0.001] {
            assert!(Latency::from_ms(ms).is_err(), "{ms}");
        }
        assert_eq!(Latency::from_ms(0.0).map(Latency::ms), Ok(0.0));
    }
}
