use super::{CLibrary, elf::Elf, glibc};
use crate::error::AndroidError;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A finished program, or shared library, for arm64 Linux, Android included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// The C library it runs on; none for a static program, which is complete and can load no library.
    pub(crate) c_library: Option<CLibrary>,
    /// The program that starts it, if it needs one.
    #[serde(skip)]
    loader: Option<String>,
}

impl Program {
    /// Reads what the file says of itself, so that nothing else is ever sent to a phone.
    pub(crate) fn inspect(path: PathBuf) -> Result<Self, AndroidError> {
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(reason) => return Err(AndroidError::Unusable { path, reason }),
        };
        let wrong = |found| AndroidError::WrongProgram { path: path.clone(), found };
        let Elf { loader, needed } = Elf::read(&bytes).map_err(wrong)?;
        let c_library = CLibrary::among(&needed);
        if c_library.is_none() && (!needed.is_empty() || loader.is_some()) {
            let needed = needed.join(", ");
            return Err(wrong(format!(
                "it runs neither on Android's C library nor on glibc; it needs {needed}"
            )));
        }
        Ok(Self { bytes: bytes.len() as u64, path, c_library, loader })
    }

    /// Files that must lie beside it on a phone: what a phone lacks of glibc, from the folder it is in.
    pub(crate) fn companions(&self) -> Result<Vec<PathBuf>, AndroidError> {
        if self.c_library != Some(CLibrary::Glibc) {
            return Ok(Vec::new());
        }
        let remedy = "give the one that `android build` made for ONNX Runtime's library, where it made it";
        let wrong = |what: String| {
            AndroidError::Usage(format!(
                "`{}` needs glibc, which no phone has: {what}; {remedy}",
                self.path.display()
            ))
        };
        if self.loader.as_deref() != Some(glibc::LOADER_OF_PROGRAMS) {
            let loader = self.loader.as_deref().unwrap_or("none");
            return Err(wrong(format!("its loader is {loader}, not one beside it")));
        }
        let beside = glibc::FILES.map(|name| self.path.with_file_name(name));
        match beside.iter().find(|file| !file.is_file()) {
            Some(missing) => Err(wrong(format!("`{}` is not there", missing.display()))),
            None => Ok(beside.to_vec()),
        }
    }
}

/// A regular file of a size that programs have.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    const MOST_BYTES: u64 = 1 << 30;
    let metadata = path.metadata()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err(std::io::Error::other("it is no regular file of at most 1 GiB"));
    }
    std::fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::{super::elf::tests::elf_file, *};

    /// In a folder of its own, which is kept.
    fn inspect(file: &[u8]) -> Result<Program, String> {
        let path = tempfile::tempdir().unwrap().keep().join("profiler");
        std::fs::write(&path, file).unwrap();
        Program::inspect(path).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_program_runs_on_is_told_by_what_it_needs() {
        let fixed = inspect(&elf_file(None, &[])).unwrap();
        assert_eq!((fixed.c_library, fixed.companions().unwrap()), (None, vec![]));
        let android = inspect(&elf_file(Some("/system/bin/linker64"), &["libdl.so", "libc.so"])).unwrap();
        assert_eq!((android.c_library, android.companions().unwrap()), (Some(CLibrary::Bionic), vec![]));
        let musl = inspect(&elf_file(Some("/lib/ld-musl-aarch64.so.1"), &["libc.musl-aarch64.so.1"]));
        assert!(musl.unwrap_err().ends_with("nor on glibc; it needs libc.musl-aarch64.so.1"));
        let error = Program::inspect("no-such-file".into()).unwrap_err().to_string();
        assert!(error.starts_with("cannot use `no-such-file`: "), "{error}");
        let error = Program::inspect("/dev/zero".into()).unwrap_err().to_string();
        assert!(error.ends_with("no regular file of at most 1 GiB"), "{error}");
    }

    #[test]
    fn a_program_on_glibc_brings_it_along() {
        let of_this_computer =
            inspect(&elf_file(Some("/lib/ld-linux-aarch64.so.1"), &["libc.so.6"])).unwrap();
        let error = of_this_computer.companions().unwrap_err().to_string();
        assert!(error.contains("its loader is /lib/ld-linux-aarch64.so.1"), "{error}");
        let ours = inspect(&elf_file(Some("./ld-linux-aarch64.so.1"), &["libc.so.6"])).unwrap();
        assert_eq!(ours.c_library, Some(CLibrary::Glibc));
        let error = ours.companions().unwrap_err().to_string();
        assert!(error.contains("ld-linux-aarch64.so.1` is not there; give the one that"), "{error}");
        for name in glibc::FILES {
            std::fs::write(ours.path.with_file_name(name), "").unwrap();
        }
        assert_eq!(ours.companions().unwrap().len(), glibc::FILES.len());
    }

    #[test]
    fn this_very_test_is_judged_by_its_machine() {
        let judged = Program::inspect(std::env::current_exe().unwrap());
        assert_eq!(judged.is_ok(), cfg!(all(target_os = "linux", target_arch = "aarch64")));
    }
}
