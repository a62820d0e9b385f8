use super::library::{check_made_for, features};
use super::musl::require_std;
use super::plan::tools;
use super::{CLibrary, Library, Plan, Route};
use std::path::{Path, PathBuf};

const TARGET: &str = "aarch64-linux-android";
/// Android 7.0, the oldest release that today's NDKs and Rust still build for.
const API_LEVEL: u32 = 24;

pub(super) fn plan(libraries: &[Library]) -> Result<Plan, String> {
    check_made_for(CLibrary::Bionic, libraries)?;
    let ndk = find_ndk(&|name| {
        std::env::var_os(name).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty())
    })?;
    let tools_folder = host_tools(&ndk)?;
    let compiler =
        tools_folder.join(format!("{TARGET}{API_LEVEL}-clang{}", if cfg!(windows) { ".cmd" } else { "" }));
    if !compiler.is_file() {
        return Err(format!("`{}` has no {}", ndk.display(), compiler.display()));
    }
    require_std(TARGET)?;
    let archiver = tools_folder.join(format!("llvm-ar{}", std::env::consts::EXE_SUFFIX));
    Ok(Plan::new(Route::Ndk, TARGET, features(|_| true), tools(TARGET, &compiler, &archiver)))
}

/// The NDK that the usual variables name, or the newest inside the SDK that they name.
fn find_ndk(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, String> {
    for name in ["ANDROID_NDK_HOME", "ANDROID_NDK_ROOT", "NDK_HOME"] {
        if let Some(folder) = variable(name) {
            let wrong = format!("{name}={} is no folder", folder.display());
            return if folder.is_dir() { Ok(folder) } else { Err(wrong) };
        }
    }
    let sdks = ["ANDROID_HOME", "ANDROID_SDK_ROOT"].into_iter().filter_map(variable);
    let newest = sdks
        .filter_map(|sdk| subfolders(&sdk.join("ndk")).into_iter().max_by_key(|path| version(path)))
        .next();
    newest.ok_or_else(|| "no NDK: install one and set ANDROID_NDK_HOME to its folder".to_owned())
}

/// The folder of programs for this computer; an NDK holds those of one system only.
fn host_tools(ndk: &Path) -> Result<PathBuf, String> {
    let prebuilt = ndk.join("toolchains/llvm/prebuilt");
    let host = subfolders(&prebuilt).into_iter().min();
    host.map(|host| host.join("bin"))
        .ok_or_else(|| format!("`{}` is no NDK: nothing in {}", ndk.display(), prebuilt.display()))
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// `27.1.12297006` as numbers, so that 9 comes before 27.
fn version(folder: &Path) -> Vec<u64> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_an_sdk_is_taken_unless_one_is_named() {
        let sdk = tempfile::tempdir().unwrap();
        for name in ["9.0.1", "27.1.12297006", "27.0.3"] {
            std::fs::create_dir_all(sdk.path().join("ndk").join(name)).unwrap();
        }
        let in_sdk = |name: &str| (name == "ANDROID_HOME").then(|| sdk.path().to_path_buf());
        assert_eq!(find_ndk(&in_sdk).unwrap(), sdk.path().join("ndk/27.1.12297006"));
        let named =
            |name: &str| (name == "NDK_HOME").then(|| sdk.path().join("ndk/9.0.1")).or_else(|| in_sdk(name));
        assert_eq!(find_ndk(&named).unwrap(), sdk.path().join("ndk/9.0.1"));
        let wrong = |name: &str| (name == "ANDROID_NDK_HOME").then(|| PathBuf::from("/no/such/ndk"));
        assert_eq!(find_ndk(&wrong).unwrap_err(), "ANDROID_NDK_HOME=/no/such/ndk is no folder");
        assert!(find_ndk(&|_| None).unwrap_err().starts_with("no NDK: "));
    }
}
