use std::path::PathBuf;

/// Where this user's programs keep what they can fetch again.
pub(crate) fn cache_folder() -> Result<PathBuf, String> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || set("HOME").map(|home| home.join(".cache"));
    set("XDG_CACHE_HOME").or_else(home).ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}
