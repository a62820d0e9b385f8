//! Tables of a flatbuffer, every access checked against the bytes that there are.
//!
//! Source: FlatBuffers' "Internals" page.

use std::cell::Cell;

use flatbuffers::VOffsetT;

use super::TfliteError;
use super::schema::{Field, IDENTIFIER};

/// Bytes that a file may unfold to per byte of its own: constants of many zeros, 16-bit floats as 32-bit ones. Beyond it, lists
/// refer to the same bytes again and again.
const UNFOLDS: u64 = 64;
const ALWAYS: u64 = 1 << 20;

/// A file's bytes.
#[derive(Debug)]
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    /// What may still be unfolded.
    left: Cell<u64>,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, left: Cell::new(Self::limit(bytes)) }
    }

    fn limit(bytes: &[u8]) -> u64 {
        (bytes.len() as u64).saturating_mul(UNFOLDS).saturating_add(ALWAYS)
    }

    /// Counts bytes that are about to be taken into memory.
    pub(super) fn unfold(&self, bytes: u64) -> Result<(), TfliteError> {
        let unfolds = TfliteError::Unfolds { size: self.bytes.len(), limit: Self::limit(self.bytes) };
        self.left.set(self.left.get().checked_sub(bytes).ok_or(unfolds)?);
        Ok(())
    }

    pub(super) fn slice(&self, at: u64, len: u64, what: &'static str) -> Result<&'a [u8], TfliteError> {
        let end = at.checked_add(len).and_then(|end| usize::try_from(end).ok());
        let found = usize::try_from(at).ok().zip(end).and_then(|(start, end)| self.bytes.get(start..end));
        found.ok_or(TfliteError::Outside { what, at, size: self.bytes.len() })
    }

    fn number<T: Number>(&self, at: u64, what: &'static str) -> Result<T, TfliteError> {
        Ok(T::read(self.slice(at, T::SIZE, what)?))
    }
}

/// A number as it lies in a file, in little-endian order.
pub(super) trait Number: Copy {
    const SIZE: u64;
    /// Of a slice of that size.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Number for $number {
            const SIZE: u64 = size_of::<$number>() as u64;
            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map(Self::from_le_bytes).unwrap_or_default()
            }
        })*
    };
}

numbers!(i8 u8 i16 u16 i32 u32 i64 u64 f32);

impl Number for bool {
    const SIZE: u64 = 1;
    fn read(bytes: &[u8]) -> Self {
        bytes != [0]
    }
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    source: &'a Source<'a>,
    at: u64,
}

impl<'a> Table<'a> {
    /// The file's first one.
    pub(super) fn root(source: &'a Source<'a>) -> Result<Self, TfliteError> {
        if source.bytes.get(4..8) != Some(IDENTIFIER.as_bytes()) {
            return Err(TfliteError::Unmarked);
        }
        Ok(Self { source, at: u64::from(source.number::<u32>(0, "the model")?) })
    }

    /// Where a field lies; nothing where it is left out.
    fn field(self, slot: VOffsetT) -> Result<Option<u64>, TfliteError> {
        let what = "a table";
        let back: i32 = self.source.number(self.at, what)?;
        let outside = TfliteError::Outside { what, at: self.at, size: self.source.bytes.len() };
        let layout = self.at.checked_add_signed(-i64::from(back)).ok_or(outside)?;
        let length: u16 = self.source.number(layout, what)?;
        if u32::from(slot) + 2 > u32::from(length) {
            return Ok(None);
        }
        let offset: u16 = self.source.number(layout + u64::from(slot), what)?;
        Ok((offset != 0).then(|| self.at + u64::from(offset)))
    }

    /// Where a field's string, list or table lies.
    fn target(self, slot: VOffsetT, what: &'static str) -> Result<Option<u64>, TfliteError> {
        let Some(at) = self.field(slot)? else { return Ok(None) };
        Ok(Some(at + u64::from(self.source.number::<u32>(at, what)?)))
    }

    /// A number or truth value.
    pub(super) fn get<T: Number>(self, field: Field<T>) -> Result<T, TfliteError> {
        match self.field(field.slot)? {
            Some(at) => self.source.number(at, "a number"),
            None => Ok(field.default),
        }
    }

    /// A table in a table.
    pub(super) fn table(self, slot: VOffsetT) -> Result<Option<Self>, TfliteError> {
        let at = self.target(slot, "a table")?;
        Ok(at.map(|at| Self { at, ..self }))
    }

    /// A list's bytes, of elements of `size` bytes.
    fn list(self, slot: VOffsetT, size: u64) -> Result<Option<(u64, &'a [u8])>, TfliteError> {
        let what = "a list";
        let Some(at) = self.target(slot, what)? else { return Ok(None) };
        let length: u32 = self.source.number(at, what)?;
        let bytes = self.source.slice(at + 4, u64::from(length) * size, what)?;
        Ok(Some((at + 4, bytes)))
    }

    /// Bytes, where they lie; none where the field is left out.
    pub(super) fn bytes(self, slot: VOffsetT) -> Result<&'a [u8], TfliteError> {
        Ok(self.list(slot, 1)?.map_or(&[], |(_, bytes)| bytes))
    }

    /// Numbers; none where the field is left out.
    pub(super) fn numbers<T: Number>(self, slot: VOffsetT) -> Result<Vec<T>, TfliteError> {
        let Some((_, bytes)) = self.list(slot, T::SIZE)? else { return Ok(Vec::new()) };
        self.source.unfold(bytes.len() as u64)?;
        Ok(bytes.chunks_exact(T::SIZE as usize).map(T::read).collect())
    }

    /// Tables; none where the field is left out.
    pub(super) fn tables(self, slot: VOffsetT) -> Result<Vec<Self>, TfliteError> {
        let Some((start, bytes)) = self.list(slot, 4)? else { return Ok(Vec::new()) };
        self.source.unfold(bytes.len() as u64)?;
        let offsets = bytes.chunks_exact(4).map(u32::read).enumerate();
        let table = |(index, offset): (usize, u32)| start + 4 * index as u64 + u64::from(offset);
        Ok(offsets.map(table).map(|at| Self { at, ..self }).collect())
    }

    /// Text; nothing where the field is left out.
    pub(super) fn text(self, slot: VOffsetT) -> Result<Option<String>, TfliteError> {
        let Some((_, bytes)) = self.list(slot, 1)? else { return Ok(None) };
        self.source.unfold(bytes.len() as u64)?;
        Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
    }

    pub(super) fn source(self) -> &'a Source<'a> {
        self.source
    }
}
