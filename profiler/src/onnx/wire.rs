//! Changes some fields of an encoded protobuf message and leaves every other byte as it is, known or not.
//!
//! Source: protobuf.dev/programming-guides/encoding (varints, tags, wire types).

use super::OnnxError;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is cut off or damaged")]
pub struct Malformed;

/// A field as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// A number.
    Varint(u64),
    /// A string, bytes, a message, or a packed list.
    Bytes(&'a [u8]),
    /// Eight or four bytes.
    Fixed,
}

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Keep,
    Remove,
    /// The new bytes of a string, bytes, or a message.
    Replace(Vec<u8>),
    /// Strings, bytes or messages in its place, each with its field's number.
    Several(Vec<(u64, Vec<u8>)>),
}

const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// The message with its edited fields; `None` if all are kept. `edit` gets each field's number and what is in it.
///
/// # Errors
/// [`Malformed`], and errors of `edit`.
pub(super) fn rewrite(
    message: &[u8],
    edit: &mut dyn FnMut(u64, Field<'_>) -> Result<Edit, OnnxError>,
) -> Result<Option<Vec<u8>>, OnnxError> {
    let mut rest = message;
    let mut edited: Option<Vec<u8>> = None;
    while !rest.is_empty() {
        let start = message.len() - rest.len();
        let tag = varint(&mut rest)?;
        let number = tag >> 3;
        let field = match tag & 7 {
            VARINT => Field::Varint(varint(&mut rest)?),
            LENGTH_DELIMITED => {
                let length = varint(&mut rest)?;
                Field::Bytes(take(&mut rest, usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            EIGHT_BYTES => take(&mut rest, 8).map(|_| Field::Fixed)?,
            FOUR_BYTES => take(&mut rest, 4).map(|_| Field::Fixed)?,
            // Groups are obsolete: none of ONNX's messages has one.
            _ => return Err(Malformed.into()),
        };
        let end = message.len() - rest.len();
        match (edit(number, field)?, &mut edited) {
            (Edit::Keep, None) => {}
            (Edit::Keep, Some(edited)) => edited.extend_from_slice(&message[start..end]),
            (edit, edited) => {
                let edited = edited.get_or_insert_with(|| message[..start].to_vec());
                match edit {
                    Edit::Keep | Edit::Remove => {}
                    Edit::Replace(bytes) => push_bytes(edited, number, &bytes),
                    Edit::Several(fields) => {
                        fields.iter().for_each(|(number, bytes)| push_bytes(edited, *number, bytes));
                    }
                }
            }
        }
    }
    Ok(edited)
}

/// Appends a string, bytes or a message.
pub(super) fn push_bytes(message: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    push_varint(message, number << 3 | LENGTH_DELIMITED);
    push_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn push_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first().ok_or(Malformed)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 1: 150; field 2: "ab"; field 3: four bytes; field 15: eight bytes; field 2: "".
    const MESSAGE: [u8; 23] = [
        0x08, 0x96, 0x01, 0x12, 0x02, b'a', b'b', 0x1d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0x00,
    ];

    fn edited(edit: &mut dyn FnMut(u64, Field<'_>) -> Edit) -> Option<Vec<u8>> {
        rewrite(&MESSAGE, &mut |number, field| Ok(edit(number, field))).unwrap()
    }

    #[test]
    fn all_that_is_kept_stays_to_the_byte() {
        let mut seen = Vec::new();
        let nothing = edited(&mut |number, field| {
            seen.push((number, field == Field::Bytes(b"ab") || field == Field::Varint(150)));
            Edit::Keep
        });
        assert_eq!(nothing, None);
        assert_eq!(seen, [(1, true), (2, true), (3, false), (15, false), (2, false)]);
        let replaced = edited(&mut |number, field| match field {
            Field::Bytes(b"ab") => Edit::Replace(vec![7; 200]),
            _ if number == 3 => Edit::Remove,
            _ => Edit::Keep,
        });
        // 200 is 0x48 + 1 · 0x80.
        let expected = [&MESSAGE[..3], &[0x12, 0xc8, 0x01], &[7; 200], &MESSAGE[12..]].concat();
        assert_eq!(replaced.unwrap(), expected);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let keep = |bytes: &[u8]| rewrite(bytes, &mut |_, _| Ok(Edit::Keep));
        for end in 0..MESSAGE.len() {
            // Between two fields a message may end.
            let is_between = [0, 3, 7, 12, 21].contains(&end);
            assert_eq!(keep(&MESSAGE[..end]).is_ok(), is_between, "{end}");
        }
        assert!(matches!(keep(&[0xff; 30]), Err(OnnxError::Malformed(_))));
    }
}
