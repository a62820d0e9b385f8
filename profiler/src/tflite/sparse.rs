//! Constants of mostly zeros, which a file gives level by level without them.
//!
//! Source: comments on `SparsityParameters` in TensorFlow Lite's schema; Kjolstad et al., "The Tensor Algebra Compiler",
//! OOPSLA 2017.

use super::TfliteError;
use super::file::product;
use super::schema::sparsity;
use super::table::Table;

/// One side of the tensor, or of the blocks in it.
enum Level {
    /// All of it.
    Dense(usize),
    /// Of each position of the level above: which indices there are.
    Sparse { segments: Vec<usize>, indices: Vec<usize> },
}

/// The elements of a tensor with these sides, zeros put in; each has `width` bytes.
pub(super) fn dense(
    table: Table<'_>,
    dims: &[u64],
    data: &[u8],
    width: usize,
) -> Result<Vec<u8>, TfliteError> {
    let lay = Lay::read(table, dims)?;
    let size = product(dims) as usize * width;
    let mut given = data.chunks_exact(width);
    let mut whole = vec![0; size];
    // What is left to visit: a level, the position in it, and the place of the element so far, side by side.
    let mut left = vec![(0_usize, 0_usize, vec![0_usize; dims.len()])];
    let mut steps = (size / width).saturating_add(1).saturating_mul(lay.levels.len() + 1);
    while let Some((level, position, place)) = left.pop() {
        let Some(of_level) = lay.levels.get(level) else {
            let value = given.next().ok_or_else(|| wrong("it has fewer values than places"))?;
            let start = lay.start(&place).ok_or_else(|| wrong("an index lies outside of it"))? * width;
            whole[start..start + width].copy_from_slice(value);
            continue;
        };
        let (first, count, indices) = match of_level {
            Level::Dense(side) => (position.saturating_mul(*side), *side, None),
            Level::Sparse { segments, indices } => {
                let bounds = segments.get(position).zip(segments.get(position + 1));
                let range = bounds.and_then(|(&start, &end)| Some((start, indices.get(start..end)?)));
                let (start, found) = range.ok_or_else(|| wrong("a level has too few segments"))?;
                (start, found.len(), Some(found))
            }
        };
        steps = steps.checked_sub(count).ok_or_else(|| wrong("it has more places than elements"))?;
        // The first one is taken next.
        for offset in (0..count).rev() {
            let index = indices.map_or(offset, |indices| indices[offset]);
            left.push((level + 1, first.saturating_add(offset), lay.within(&place, level, index)));
        }
    }
    match given.next() {
        Some(_) => Err(wrong("it has more values than places")),
        None => Ok(whole),
    }
}

fn wrong(reason: &str) -> TfliteError {
    TfliteError::Contradiction(format!("its sparsity makes no sense: {reason}"))
}

/// How a tensor is given.
struct Lay<'a> {
    dims: &'a [u64],
    levels: Vec<Level>,
    /// Of each level: its side of the tensor, and the number of parts that the side's place is multiplied with (blocks).
    sides: Vec<(usize, usize)>,
}

impl<'a> Lay<'a> {
    fn read(table: Table<'_>, dims: &'a [u64]) -> Result<Self, TfliteError> {
        let order: Vec<i32> = table.numbers(sparsity::TRAVERSAL_ORDER)?;
        let blocks: Vec<i32> = table.numbers(sparsity::BLOCK_MAP)?;
        let tables = table.tables(sparsity::LEVELS)?;
        if order.len() != tables.len() || order.len() != dims.len() + blocks.len() || order.len() > 16 {
            return Err(wrong("its levels are not its sides and blocks"));
        }
        let levels = tables.into_iter().map(level).collect::<Result<Vec<_>, _>>()?;
        let side = |(place, &of): (usize, &i32)| {
            let of = usize::try_from(of).ok()?;
            // Blocks come after all sides.
            if place < dims.len() {
                return (of < dims.len()).then_some((of, 1));
            }
            let side = usize::try_from(*blocks.get(of.checked_sub(dims.len())?)?).ok()?;
            match levels.get(place)? {
                Level::Dense(size) => (side < dims.len()).then_some((side, *size)),
                Level::Sparse { .. } => None,
            }
        };
        let sides = order.iter().enumerate().map(side).collect::<Option<Vec<_>>>();
        let sides = sides.ok_or_else(|| wrong("a level is of no side"))?;
        Ok(Self { dims, levels, sides })
    }

    /// A place, one level further in.
    fn within(&self, place: &[usize], level: usize, index: usize) -> Vec<usize> {
        let mut place = place.to_vec();
        let (side, parts) = self.sides[level];
        place[side] = match level < self.dims.len() {
            true => index,
            false => place[side].saturating_mul(parts).saturating_add(index),
        };
        place
    }

    /// Position of the element at a place.
    fn start(&self, place: &[usize]) -> Option<usize> {
        let mut sides = place.iter().zip(self.dims);
        sides.try_fold(0_usize, |start, (&at, &side)| {
            let side = usize::try_from(side).ok()?;
            if at < side { start.checked_mul(side)?.checked_add(at) } else { None }
        })
    }
}

fn level(table: Table<'_>) -> Result<Level, TfliteError> {
    if table.get(sparsity::FORMAT)? == sparsity::DENSE {
        let side = table.get(sparsity::DENSE_SIZE)?;
        return Ok(Level::Dense(usize::try_from(side).map_err(|_| wrong("a level has a negative side"))?));
    }
    let segments = places(table, table.get(sparsity::SEGMENTS_TAG)?, sparsity::SEGMENTS)?;
    let indices = places(table, table.get(sparsity::INDICES_TAG)?, sparsity::INDICES)?;
    Ok(Level::Sparse { segments, indices })
}

fn places(table: Table<'_>, tag: u8, slot: u16) -> Result<Vec<usize>, TfliteError> {
    const VALUES: u16 = super::schema::slot(0);
    let Some(list) = table.table(slot)? else { return Ok(Vec::new()) };
    Ok(match tag {
        sparsity::I32 => {
            let values: Vec<i32> = list.numbers(VALUES)?;
            let place = |value: i32| usize::try_from(value).map_err(|_| wrong("an index is negative"));
            values.into_iter().map(place).collect::<Result<_, _>>()?
        }
        sparsity::U16 => list.numbers::<u16>(VALUES)?.into_iter().map(usize::from).collect(),
        sparsity::U8 => list.numbers::<u8>(VALUES)?.into_iter().map(usize::from).collect(),
        _ => return Err(wrong("its indices are in a format that is not known")),
    })
}

#[cfg(test)]
mod tests {
    use flatbuffers::{FlatBufferBuilder, WIPOffset};

    use super::*;
    use crate::tflite::schema::{IDENTIFIER, slot};
    use crate::tflite::table::Source;

    /// A level: its size, or segments and indices.
    type Given<'a> = Result<i32, (&'a [u8], &'a [u8])>;

    fn unpacked(dims: &[u64], levels: &[Given<'_>], blocks: &[i32], data: &[u8]) -> Result<Vec<u8>, String> {
        let mut fbb = FlatBufferBuilder::new();
        let mut tables = Vec::new();
        for level in levels {
            let mut lists = Vec::new();
            if let Err((segments, indices)) = level {
                for list in [segments, indices] {
                    let values = fbb.create_vector(list);
                    let start = fbb.start_table();
                    fbb.push_slot_always(slot(0), values);
                    lists.push(fbb.end_table(start));
                }
            }
            let start = fbb.start_table();
            match (level, &lists[..]) {
                (Ok(size), _) => fbb.push_slot_always(sparsity::DENSE_SIZE.slot, *size),
                (Err(_), &[segments, indices]) => {
                    fbb.push_slot_always(sparsity::FORMAT.slot, 1_i8);
                    fbb.push_slot_always(sparsity::SEGMENTS_TAG.slot, sparsity::U8);
                    fbb.push_slot_always(sparsity::SEGMENTS, segments);
                    fbb.push_slot_always(sparsity::INDICES_TAG.slot, sparsity::U8);
                    fbb.push_slot_always(sparsity::INDICES, indices);
                }
                (Err(_), _) => unreachable!(),
            }
            tables.push(WIPOffset::<flatbuffers::UOffsetT>::new(fbb.end_table(start).value()));
        }
        let order: Vec<i32> = (0..levels.len() as i32).collect();
        let (order, blocks, levels) =
            (fbb.create_vector(&order), fbb.create_vector(blocks), fbb.create_vector(&tables));
        let start = fbb.start_table();
        fbb.push_slot_always(sparsity::TRAVERSAL_ORDER, order);
        fbb.push_slot_always(sparsity::BLOCK_MAP, blocks);
        fbb.push_slot_always(sparsity::LEVELS, levels);
        let root = fbb.end_table(start);
        fbb.finish(root, Some(IDENTIFIER));
        let source = Source::new(fbb.finished_data());
        dense(Table::root(&source).unwrap(), dims, data, 1).map_err(|error| error.to_string())
    }

    #[test]
    fn zeros_are_put_in() {
        // Of the first row the third element, of the second the first two.
        let rows: [Given<'_>; 2] = [Ok(2), Err((&[0, 1, 3], &[2, 0, 1]))];
        assert_eq!(unpacked(&[2, 3], &rows, &[], &[5, 6, 7]).unwrap(), [0, 0, 5, 6, 7, 0]);
        // Two blocks of two in each row: of the first the second, of the second the first.
        let blocks: [Given<'_>; 3] = [Ok(2), Err((&[0, 1, 2], &[1, 0])), Ok(2)];
        assert_eq!(unpacked(&[2, 4], &blocks, &[1], &[1, 2, 3, 4]).unwrap(), [0, 0, 1, 2, 3, 4, 0, 0]);
        for (levels, reason) in [
            ([Ok(2), Err((&[0, 1, 3][..], &[2, 0, 9][..]))], "outside"),
            ([Ok(2), Err((&[0, 1], &[2, 0, 1]))], "too few segments"),
            ([Ok(i32::MAX), Ok(3)], "more places"),
            ([Ok(1), Err((&[0, 1, 3], &[2, 0, 1]))], "more values"),
        ] {
            let error = unpacked(&[2, 3], &levels, &[], &[5, 6, 7]).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
