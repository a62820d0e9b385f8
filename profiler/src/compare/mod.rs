//! What changed between two measured tables: nothing, everything by one factor, or some ops.
//!
//! Two sessions of one machine never agree to the width of their intervals. All ops together move by a few per cent
//! (another clock frequency, busier neighbours), and each op moves a little by itself, because in another process its
//! buffers lie elsewhere. So each subject's ratio is compared with the common shift of its cache state, against its own
//! intervals *and* a [`NoiseFloor`] between sessions, hot and cold together, and many subjects are tested at a controlled
//! false discovery rate.

mod circumstances;
mod comparison;
mod evidence;
mod noise_floor;
mod pairing;
mod shift;
mod significance;

pub use circumstances::{Circumstances, circumstances};
pub use comparison::{Change, Comparison, Figure, Verdict, compare};
pub use evidence::Evidence;
pub use noise_floor::{NoiseFloor, NoiseFloorError};
pub use pairing::{CompareError, Pair, Pairing, pair};
pub use shift::Shift;
pub use significance::{benjamini_hochberg, two_sided_p};

#[cfg(test)]
mod tests;
