use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{LittleEndian, StringTable, elf};

/// `e_machine` of arm64. Source: ELF for the Arm 64-bit Architecture, "ELF header".
const ARM64: u16 = elf::EM_AARCH64.0;

/// What an ELF file for arm64 asks of the system that runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elf {
    /// The program that starts it, if it is a program and needs one.
    pub(super) loader: Option<String>,
    /// Shared libraries it needs, by their names.
    pub(super) needed: Vec<String>,
}

impl Elf {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        const MAGIC_64: &[u8] = b"\x7fELF\x02\x01";
        if !bytes.starts_with(MAGIC_64) {
            return Err("no 64-bit ELF file".to_owned());
        }
        match bytes.get(18..20) {
            Some(&[low, high]) if u16::from_le_bytes([low, high]) != ARM64 => {
                Err(format!("ELF for machine {}, arm64 is {ARM64}", u16::from_le_bytes([low, high])))
            }
            _ => Self::parse(bytes).map_err(|error| format!("an ELF file cut short or broken ({error})")),
        }
    }

    fn parse(bytes: &[u8]) -> object::Result<Self> {
        let header = elf::FileHeader64::<LittleEndian>::parse(bytes)?;
        let endian = header.endian()?;
        let segments = header.program_headers(endian, bytes)?;
        let (mut loader, mut needed) = (None, Vec::new());
        for segment in segments {
            if let Some(path) = segment.interpreter(endian, bytes)? {
                loader = Some(String::from_utf8_lossy(path).into_owned());
            }
            let Some(entries) = segment.dynamic(endian, bytes)? else { continue };
            let value = |tag| {
                let entry = entries.iter().find(|entry| entry.d_tag(endian) == tag);
                entry.map_or(0, |entry| entry.d_val(endian))
            };
            // The linker's section table may be stripped; what the loader itself reads cannot.
            let (address, size) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ));
            let mut places = segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
            let names =
                places.find_map(|place| place.data_range(endian, bytes, address, size).ok().flatten());
            let names = names.unwrap_or_default();
            let names = StringTable::new(names, 0, names.len() as u64);
            for entry in entries.iter().filter(|entry| entry.d_tag(endian) == elf::DT_NEEDED) {
                needed.push(String::from_utf8_lossy(entry.string(endian, names)?).into_owned());
            }
        }
        Ok(Self { loader, needed })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An ELF file for arm64 with this loader, if any, that needs these libraries, laid out by hand: a header of 64
    /// bytes; three segments' headers of 56 (all that is loaded, the loader's name, the dynamic entries); the names,
    /// from byte 232 on; dynamic entries of 16 bytes each, from a multiple of 8 on.
    pub(crate) fn elf_file(loader: Option<&str>, needed: &[&str]) -> Vec<u8> {
        const NAMES: u64 = 64 + 3 * 56;
        let (mut names, mut entries) = (vec![0], Vec::<[u64; 2]>::new());
        for name in needed {
            entries.push([1, names.len() as u64]); // DT_NEEDED
            names.extend(name.bytes().chain([0]));
        }
        let loader_at = NAMES + names.len() as u64;
        names.extend(loader.unwrap_or_default().bytes().chain([0]));
        let names_bytes = names.len() as u64;
        names.resize(names.len().next_multiple_of(8), 0);
        entries.extend([[5, NAMES], [10, names_bytes], [0, 0]]); // DT_STRTAB, DT_STRSZ, DT_NULL
        let dynamic = NAMES + names.len() as u64;
        let all = dynamic + 16 * entries.len() as u64;

        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        for half in [3_u16, 183] {
            file.extend(half.to_le_bytes()); // a shared object, for arm64
        }
        file.extend(1_u32.to_le_bytes());
        for word in [0_u64, 64, 0] {
            file.extend(word.to_le_bytes()); // entry, segments' headers, sections' headers
        }
        file.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, 3, 64, 0, 0] {
            file.extend(half.to_le_bytes());
        }
        let interpreter = if loader.is_some() { 3 } else { 0 };
        let loader_bytes = loader.map_or(0, |path| path.len() as u64 + 1);
        let segments = [
            (1_u32, 0, all),
            (interpreter, loader_at, loader_bytes),
            (2, dynamic, 16 * entries.len() as u64),
        ];
        for (kind, at, bytes) in segments {
            file.extend(kind.to_le_bytes());
            file.extend(4_u32.to_le_bytes());
            for word in [at, at, at, bytes, bytes, 8] {
                file.extend(word.to_le_bytes());
            }
        }
        file.extend(names);
        file.extend(entries.iter().flatten().flat_map(|word| word.to_le_bytes()));
        file
    }

    #[test]
    fn loader_and_libraries_are_read() {
        let file = elf_file(Some("/system/bin/linker64"), &["libdl.so", "libc.so"]);
        let expected = Elf {
            loader: Some("/system/bin/linker64".to_owned()),
            needed: vec!["libdl.so".to_owned(), "libc.so".to_owned()],
        };
        assert_eq!(Elf::read(&file), Ok(expected));
        assert_eq!(Elf::read(&elf_file(None, &[])), Ok(Elf { loader: None, needed: vec![] }));
    }

    #[test]
    fn whatever_is_cut_off_is_refused_and_nothing_panics() {
        let file = elf_file(Some("/lib/ld.so"), &["libc.so.6"]);
        for length in 0..file.len() {
            assert!(Elf::read(&file[..length]).is_err(), "{length}");
        }
        for place in 0..file.len() {
            let mut broken = file.clone();
            broken[place] ^= 0xff;
            let _ = Elf::read(&broken);
        }
        assert_eq!(Elf::read(b"#!/bin/sh").unwrap_err(), "no 64-bit ELF file");
        let mut other = file;
        other[18] = 62;
        assert_eq!(Elf::read(&other).unwrap_err(), "ELF for machine 62, arm64 is 183");
    }
}
