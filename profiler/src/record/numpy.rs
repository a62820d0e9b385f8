//! Arrays as NumPy writes them: `.npy`, and several in a `.npz`.
//!
//! Source: the format's description in NumPy's documentation (`numpy.lib.format`, versions 1.0 to 3.0).

use std::borrow::Cow;
use std::io::{Cursor, Read};

use half::f16;
use zip::ZipArchive;

/// Sides, and elements row by row.
pub(super) type Array = (Vec<u64>, Vec<f64>);

/// Bytes of an array within a `.npz` at most, once it is inflated.
const LIMIT: u64 = 1 << 28;

/// The array of a `.npz` that has this name, or the only one.
pub(super) fn read_npz(bytes: &[u8], name: &str) -> Result<Array, String> {
    let wrong = |error: zip::result::ZipError| format!("no .npz file: {error}");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    let names = archive.file_names().map(|name| name.map(Cow::into_owned));
    let names = names.collect::<Result<Vec<String>, _>>().map_err(wrong)?;
    let own = names.iter().position(|member| member.strip_suffix(".npy") == Some(name));
    let place = own.or((names.len() == 1).then_some(0)).ok_or_else(|| {
        let arrays: Vec<&str> = names.iter().map(|member| member.trim_end_matches(".npy")).collect();
        format!("it has no array `{name}` but {}", arrays.join(", "))
    })?;
    let member = archive.by_index(place).map_err(wrong)?;
    let mut whole = Vec::new();
    member.take(LIMIT + 1).read_to_end(&mut whole).map_err(|error| format!("`{}`: {error}", names[place]))?;
    if whole.len() as u64 > LIMIT {
        return Err(format!("`{}` has more than {LIMIT} bytes", names[place]));
    }
    read_npy(&whole)
}

pub(super) fn read_npy(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "it is cut off".to_owned();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("no .npy file: it begins otherwise")?;
    let (&[major, _], rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let (length, rest) = if major == 1 {
        let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let (head, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let head = String::from_utf8_lossy(head);
    let field = |name: &str| {
        let found = head.split_once(&format!("'{name}':")).map(|(_, rest)| rest.trim_start());
        found.ok_or_else(|| format!("its head has no `{name}`: {}", head.trim()))
    };
    let kind = field("descr")?.split('\'').nth(1).unwrap_or_default();
    let sides = field("shape")?.split(['(', ')']).nth(1).unwrap_or_default();
    let sides = sides.split(',').map(str::trim).filter(|side| !side.is_empty());
    let dims = sides.map(|side| side.parse().map_err(|_| format!("a side of `{side}`")));
    let dims = dims.collect::<Result<Vec<u64>, String>>()?;
    if field("fortran_order")?.starts_with("True") && dims.len() > 1 {
        return Err("its elements are column by column; write it with np.ascontiguousarray".to_owned());
    }
    let elements = elements(kind, data)?;
    let count = dims.iter().try_fold(1_u64, |count, side| count.checked_mul(*side));
    if count != Some(elements.len() as u64) {
        return Err(format!("it has {} elements for {dims:?}", elements.len()));
    }
    Ok((dims, elements))
}

/// Elements of a kind such as `<f4`, or big-endian `>i8`.
fn elements(kind: &str, data: &[u8]) -> Result<Vec<f64>, String> {
    fn of<const N: usize>(data: &[u8], is_big: bool, number: fn([u8; N]) -> f64) -> Vec<f64> {
        let element = |chunk: &[u8]| {
            let mut bytes = [0; N];
            bytes.copy_from_slice(chunk);
            if is_big {
                bytes.reverse();
            }
            number(bytes)
        };
        data.chunks_exact(N).map(element).collect()
    }
    let (is_big, plain) = (kind.starts_with('>'), kind.trim_start_matches(['<', '>', '|', '=']));
    Ok(match plain {
        "f2" => of(data, is_big, |bytes| f16::from_le_bytes(bytes).to_f64()),
        "f4" => of(data, is_big, |bytes| f32::from_le_bytes(bytes).into()),
        "f8" => of(data, is_big, f64::from_le_bytes),
        "b1" | "u1" => of(data, is_big, |bytes| u8::from_le_bytes(bytes).into()),
        "i1" => of(data, is_big, |bytes| i8::from_le_bytes(bytes).into()),
        "u2" => of(data, is_big, |bytes| u16::from_le_bytes(bytes).into()),
        "i2" => of(data, is_big, |bytes| i16::from_le_bytes(bytes).into()),
        "u4" => of(data, is_big, |bytes| u32::from_le_bytes(bytes).into()),
        "i4" => of(data, is_big, |bytes| i32::from_le_bytes(bytes).into()),
        // Those that a float cannot tell apart no input takes, see `backend::input`.
        "u8" => of(data, is_big, |bytes| u64::from_le_bytes(bytes) as f64),
        "i8" => of(data, is_big, |bytes| i64::from_le_bytes(bytes) as f64),
        _ => return Err(format!("elements of kind `{kind}`, expected numbers or truth values")),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn npy(major: u8, kind: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}   \n");
        let length = (head.len() as u32).to_le_bytes();
        let length = if major == 1 { &length[..2] } else { &length[..] };
        [b"\x93NUMPY".as_slice(), &[major, 0], length, head.as_bytes(), data].concat()
    }

    #[test]
    fn arrays_of_every_kind_are_read() {
        let read = |kind: &str, shape: &str, data: &[u8]| read_npy(&npy(1, kind, "False", shape, data));
        assert_eq!(read("<f4", "(2, 1)", &[0, 0, 128, 63, 0, 0, 0, 192]), Ok((vec![2, 1], vec![1.0, -2.0])));
        assert_eq!(read("<f2", "(1,)", &[0, 0x3c]), Ok((vec![1], vec![1.0])));
        assert_eq!(read(">i8", "()", &16_000_i64.to_be_bytes()), Ok((vec![], vec![16_000.0])));
        assert_eq!(read("<i8", "()", &16_000_i64.to_le_bytes()), Ok((vec![], vec![16_000.0])));
        assert_eq!(read("|b1", "(3,)", &[1, 0, 1]), Ok((vec![3], vec![1.0, 0.0, 1.0])));
        assert_eq!(read("<i2", "(1,)", &(-7_i16).to_le_bytes()), Ok((vec![1], vec![-7.0])));
        assert_eq!(read_npy(&npy(2, "|u1", "True", "(2,)", &[5, 6])), Ok((vec![2], vec![5.0, 6.0])));
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused() {
        let refused = |bytes: &[u8], reason: &str| {
            let error = read_npy(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        let sound = npy(1, "<f4", "False", "(1,)", &[0; 4]);
        for length in 0..sound.len() {
            assert!(read_npy(&sound[..length]).is_err(), "{length}");
        }
        refused(b"PK", "begins otherwise");
        refused(&npy(1, "<f4", "False", "(2,)", &[0; 4]), "1 elements for [2]");
        refused(&npy(1, "<f4", "True", "(2, 2)", &[0; 16]), "ascontiguousarray");
        refused(&npy(1, "<U4", "False", "(1,)", &[0; 16]), "`<U4`");
        refused(&npy(1, "<f4", "False", "(99999999999, 99999999999)", &[0; 4]), "1 elements");
    }

    #[test]
    fn an_array_of_several_is_found_by_name() {
        let archive = |names: &[&str]| {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            for (index, name) in names.iter().enumerate() {
                writer.start_file(*name, SimpleFileOptions::default()).unwrap();
                writer.write_all(&npy(1, "|u1", "False", "(1,)", &[index as u8])).unwrap();
            }
            writer.finish().unwrap().into_inner()
        };
        let two = archive(&["a.npy", "b.npy"]);
        assert_eq!(read_npz(&two, "b"), Ok((vec![1], vec![1.0])));
        assert_eq!(read_npz(&two, "x").unwrap_err(), "it has no array `x` but a, b");
        assert_eq!(read_npz(&archive(&["arr_0.npy"]), "x"), Ok((vec![1], vec![0.0])));
        assert!(read_npz(b"text", "x").unwrap_err().contains("no .npz file"));
    }
}
