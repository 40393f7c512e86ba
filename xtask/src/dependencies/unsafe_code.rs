//! Which files hold unsafe code. That each block says why it is sound is clippy's to check
//! (`undocumented_unsafe_blocks`), and that nothing else is unsafe the compiler's (`unsafe_code`).

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::Failure;
use crate::workspace;

/// Files that allow unsafe code without being listed, and listed ones that do not.
pub(super) fn check(listed: &BTreeMap<String, String>) -> Result<Vec<String>, Failure> {
    let root = workspace::root();
    let mut found = Vec::new();
    search(&root.join("crates"), &mut found)
        .map_err(|error| Failure(format!("the sources cannot be read: {error}")))?;
    let found: Vec<String> = found
        .iter()
        .filter_map(|file| file.strip_prefix(&root).ok())
        .map(|file| file.to_string_lossy().replace('\\', "/"))
        .collect();
    let unlisted = found.iter().filter(|file| !listed.contains_key(*file));
    let unused = listed.keys().filter(|file| !found.contains(file));
    eprintln!("{} files with unsafe code", found.len());
    Ok(unlisted
        .map(|file| format!("{file} allows unsafe code, and is not listed under `unsafe`"))
        .chain(unused.map(|file| format!("{file} is listed under `unsafe`, and allows none")))
        .collect())
}

/// The Rust files below a folder that allow unsafe code.
fn search(folder: &Path, found: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && std::fs::read_to_string(&path)?.contains("allow(unsafe_code")
        {
            found.push(path);
        }
    }
    Ok(())
}
