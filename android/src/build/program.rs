use crate::AndroidError;
use serde::Serialize;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// A finished program for arm64 Linux, Android included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether it can load libraries.
    pub linking: Linking,
}

/// Whether a program can load libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Linking {
    /// It is complete, and loads none.
    Static,
    /// The system's loader starts it.
    Dynamic,
}

/// Start of an ELF file, 64 bits, little-endian.
const ELF_64_LITTLE: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
/// `e_machine` of arm64, at byte 18. Source: ELF for the Arm 64-bit Architecture, "ELF header".
const ARM64: [u8; 2] = 183_u16.to_le_bytes();

impl Program {
    /// Looks at the file's header, so that nothing else is ever sent to a phone.
    ///
    /// # Errors
    /// [`AndroidError::Unusable`] if it cannot be read, [`AndroidError::WrongProgram`] if it is something else.
    pub fn inspect(path: PathBuf) -> Result<Self, AndroidError> {
        let (start, bytes) = match read_start(&path) {
            Ok(read) => read,
            Err(reason) => return Err(AndroidError::Unusable { path, reason }),
        };
        if !start.starts_with(&ELF_64_LITTLE) {
            return Err(AndroidError::WrongProgram { path, found: "no 64-bit ELF file".to_owned() });
        }
        match start.get(18..20) {
            Some(machine) if machine == ARM64 => Ok(Self { path, bytes, linking: linking(&start) }),
            Some(machine) => {
                let machine: u16 = machine.iter().rev().fold(0, |value, &byte| value << 8 | u16::from(byte));
                Err(AndroidError::WrongProgram {
                    path,
                    found: format!("ELF for machine {machine}, arm64 is 183"),
                })
            }
            None => Err(AndroidError::WrongProgram { path, found: "an ELF file cut short".to_owned() }),
        }
    }
}

/// Dynamic if one of the program headers (`p_type` 3, `PT_INTERP`) names a loader.
///
/// Source: System V ABI, "Program Header": their place is at byte 32, their size at 54, their number at 56.
fn linking(start: &[u8]) -> Linking {
    let number = |from: usize, bytes: usize| {
        let bytes = start.get(from..from.checked_add(bytes)?)?;
        Some(bytes.iter().rev().fold(0_usize, |value, &byte| value << 8 | usize::from(byte)))
    };
    let names_loader = || {
        let (place, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kinds = (0..count).map_while(|index| number(place.checked_add(index.checked_mul(size)?)?, 4));
        Some(kinds.into_iter().any(|kind| kind == 3))
    };
    if names_loader().unwrap_or(false) { Linking::Dynamic } else { Linking::Static }
}

fn read_start(path: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut start = Vec::new();
    file.take(4096).read_to_end(&mut start)?;
    Ok((start, bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn inspect(start: &[u8]) -> Result<Program, AndroidError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiler");
        std::fs::write(&path, start).unwrap();
        Program::inspect(path)
    }

    #[test]
    fn only_arm64_passes() {
        let header = |machine: u8| [&ELF_64_LITTLE[..], &[0; 12], &[machine, 0, 1]].concat();
        assert_eq!(inspect(&header(0xb7)).unwrap().bytes, 21);
        let error = inspect(&header(62)).unwrap_err().to_string();
        assert!(error.ends_with("ELF for machine 62, arm64 is 183"), "{error}");
        assert!(inspect(&header(0xb7)[..19]).unwrap_err().to_string().ends_with("an ELF file cut short"));
        assert!(inspect(b"#!/bin/sh").unwrap_err().to_string().ends_with("no 64-bit ELF file"));
        let error = Program::inspect("no-such-file".into()).unwrap_err().to_string();
        assert!(error.starts_with("cannot use `no-such-file`: "), "{error}");
    }

    #[test]
    fn a_program_with_a_loader_is_dynamic() {
        // Two headers of 56 bytes from byte 64 on; the second one's kind, at 120, is 3 for a loader.
        let program = |kind: u8| {
            let mut bytes = [&ELF_64_LITTLE[..], &[0; 12], &ARM64, &[0; 156]].concat();
            (bytes[32], bytes[54], bytes[56], bytes[64], bytes[120]) = (64, 56, 2, 1, kind);
            bytes
        };
        assert_eq!(inspect(&program(3)).unwrap().linking, Linking::Dynamic);
        assert_eq!(inspect(&program(2)).unwrap().linking, Linking::Static);
        assert_eq!(inspect(&program(3)[..100]).unwrap().linking, Linking::Static, "cut short");
    }

    #[test]
    fn this_very_test_is_judged_by_its_machine() {
        let judged = Program::inspect(std::env::current_exe().unwrap());
        assert_eq!(judged.is_ok(), cfg!(all(target_os = "linux", target_arch = "aarch64")));
    }
}
