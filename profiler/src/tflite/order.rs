//! In which order the sides of a map are given: the file's, height, width and channels, or the model's, channels first.

/// In which order sides are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Order {
    /// The file's.
    File,
    /// Channels second.
    Channels,
}

/// Side `i` of a map is what was side `TO_CHANNELS[i]` of the file's; and back.
pub(super) const TO_CHANNELS: [usize; 4] = [0, 3, 1, 2];
pub(super) const TO_FILE: [usize; 4] = [0, 2, 3, 1];

impl Order {
    /// The model's, of tensors of so many sides.
    pub(super) fn of_rank(rank: usize) -> Self {
        if rank == 4 { Self::Channels } else { Self::File }
    }

    /// Where a side of the file's order stands, of tensors of four sides.
    pub(super) fn place(self, side: usize) -> usize {
        match self {
            Self::File => side,
            Self::Channels => TO_FILE.get(side).copied().unwrap_or(side),
        }
    }

    /// Sides, or something for each of them, in this order.
    pub(super) fn sort<T: Clone>(self, sides: &[T]) -> Vec<T> {
        match self {
            Self::Channels if sides.len() == 4 => {
                TO_CHANNELS.iter().map(|&side| sides[side].clone()).collect()
            }
            Self::Channels | Self::File => sides.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_second() {
        assert_eq!(Order::Channels.sort(&["n", "h", "w", "c"]), ["n", "c", "h", "w"]);
        assert_eq!([0, 1, 2, 3].map(|side| Order::Channels.place(side)), [0, 2, 3, 1]);
        assert_eq!(TO_CHANNELS.map(|side| TO_FILE[side]), [0, 1, 2, 3]);
        assert_eq!(Order::of_rank(3).sort(&[1, 2, 3]), [1, 2, 3]);
    }
}
