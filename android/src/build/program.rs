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
            Some(machine) if machine == ARM64 => Ok(Self { path, bytes }),
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

fn read_start(path: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut start = Vec::new();
    file.take(20).read_to_end(&mut start)?;
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
    fn this_very_test_is_judged_by_its_machine() {
        let judged = Program::inspect(std::env::current_exe().unwrap());
        assert_eq!(judged.is_ok(), cfg!(all(target_os = "linux", target_arch = "aarch64")));
    }
}
