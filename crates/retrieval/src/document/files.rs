//! Which files there are, and reading one while others may write to it.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};
use std::str::Utf8Chunk;
use std::time::SystemTime;

use embedkit_core::{Error, Result, digest};
use globset::{GlobBuilder, GlobMatcher};

use super::Readers;

/// Times that a file that changes while it is read is read anew.
const ATTEMPTS: usize = 3;

/// What to read: files, folders with all below them, and names with wildcards (`docs/**/*.md`).
#[derive(Clone, Debug, Default)]
pub struct Inputs(Vec<PathBuf>);

/// A file, by the name that records have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The name, with `/` between its parts.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Inputs {
    /// These files, folders and names with wildcards.
    pub fn new<P: Into<PathBuf>>(inputs: impl IntoIterator<Item = P>) -> Self {
        Self(inputs.into_iter().map(Into::into).collect())
    }

    /// The files, by name, each once: one that has several names by the first that leads to it, in the order of the inputs, and
    /// of names in a folder. In folders, files of kinds that have no reader are passed over, and so is what
    /// begins with a dot; a file that is named is read whatever it is. Of what lies in folders, those that cannot be looked
    /// into are given too, so that whoever reads what was found is told of them.
    ///
    /// # Errors
    /// An input that is not there, or is a folder that cannot be read; a name with wildcards that matches nothing.
    pub fn files(&self, readers: &Readers) -> Result<Vec<Found>> {
        let (mut all, mut known) = (BTreeMap::new(), HashSet::new());
        for input in &self.0 {
            let mut found = BTreeMap::new();
            match std::fs::metadata(input) {
                Ok(metadata) if metadata.is_dir() => walk(input, &mut |path, is_file| {
                    if !is_file || readers.know(&path.to_string_lossy()) {
                        found.insert(name(path), path.to_owned());
                    }
                })?,
                Ok(_) => drop(found.insert(name(input), input.clone())),
                Err(error) => match wildcard(input)? {
                    Some(wildcard) => {
                        let mut is_any = false;
                        walk(&wildcard.folder, &mut |path, is_file| {
                            if wildcard.matcher.is_match(path) || (!is_file && wildcard.reaches_below(path)) {
                                is_any |= is_file;
                                found.insert(name(path), path.to_owned());
                            }
                        })?;
                        if !is_any {
                            return Err(Error::input(format!("no file is called {}", input.display())));
                        }
                    }
                    None => return Err(Error::io(input)(error)),
                },
            }
            found.retain(|_, path: &mut PathBuf| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
            all.append(&mut found);
        }
        Ok(all.into_iter().map(|(name, path)| Found { name, path }).collect())
    }

    /// Refuses inputs that lie in the folder of a collection, of which nothing is read.
    pub(crate) fn check_outside(&self, collection: &Path) -> Result<()> {
        let Ok(root) = collection.canonicalize() else { return Ok(()) };
        for input in &self.0 {
            // A file may have a wildcard's sign in its own name.
            let pattern = if input.exists() { None } else { wildcard(input)? };
            let place = pattern.map_or_else(|| input.clone(), |wildcard| wildcard.folder);
            if place.canonicalize().is_ok_and(|place| place.starts_with(&root)) {
                return Err(Error::input(format!(
                    "{} lies in the collection's own folder, {}, whose files are not read: give the collection another one",
                    input.display(),
                    collection.display()
                )));
            }
        }
        Ok(())
    }
}

impl Found {
    /// The file's bytes, all of one moment: a file that changes while it is read is read again.
    ///
    /// # Errors
    /// A file that cannot be read, or never stays as it is.
    pub fn read(&self) -> Result<Vec<u8>> {
        for _ in 0..ATTEMPTS {
            let before = state(&self.path)?;
            let bytes = std::fs::read(&self.path).map_err(Error::io(&self.path))?;
            if state(&self.path)? == before && bytes.len() as u64 == before.0 {
                return Ok(bytes);
            }
        }
        Err(Error::file(&self.path, "changes while it is read"))
    }
}

impl Found {
    /// The digest of the file's bytes, all of one moment, without having them all in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn digest(&self) -> Result<String> {
        for _ in 0..ATTEMPTS {
            let before = state(&self.path)?;
            let digest = digest::of_file(&self.path)?;
            if state(&self.path)? == before {
                return Ok(digest);
            }
        }
        Err(Error::file(&self.path, "changes while it is read"))
    }
}

fn state(path: &Path) -> Result<(u64, Option<SystemTime>)> {
    let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
    if metadata.is_dir() {
        std::fs::read_dir(path).map_err(Error::io(path))?;
    }
    if !metadata.is_file() {
        return Err(Error::file(path, "is not a file"));
    }
    Ok((metadata.len(), metadata.modified().ok()))
}

/// A path as records have it: of a name that is no text the bytes that are none as `\xff`, so that no two are alike.
fn name(path: &Path) -> String {
    let text = |chunk: Utf8Chunk<'_>| {
        let bytes = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        chunk.valid().replace(MAIN_SEPARATOR_STR, "/") + &bytes
    };
    let name: String = path.as_os_str().as_encoded_bytes().utf8_chunks().map(text).collect();
    name.strip_prefix("./").map(str::to_owned).unwrap_or(name)
}

/// Calls back for every file below a folder, and, with `false`, for what cannot be looked at. Links are followed, but not to
/// a folder that is open already.
fn walk(folder: &Path, each: &mut dyn FnMut(&Path, bool)) -> Result<()> {
    walk_below(folder, &mut Vec::new(), each).map_err(Error::io(folder))
}

fn walk_below(folder: &Path, open: &mut Vec<PathBuf>, each: &mut dyn FnMut(&Path, bool)) -> std::io::Result<()> {
    let real = folder.canonicalize()?;
    if open.contains(&real) {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    open.push(real);
    for path in entries.iter().map(std::fs::DirEntry::path) {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        match std::fs::metadata(&path) {
            _ if is_hidden => {}
            Ok(metadata) if metadata.is_dir() => {
                if walk_below(&path, open, each).is_err() {
                    each(&path, false);
                }
            }
            Ok(metadata) if metadata.is_file() => each(&path, true),
            // Devices, and links that lead nowhere.
            Ok(_) => {}
            Err(_) if path.is_symlink() => {}
            Err(_) => each(&path, false),
        }
    }
    open.pop();
    Ok(())
}

/// A name with wildcards.
struct Wildcard {
    /// The folder below which it may match.
    folder: PathBuf,
    pattern: PathBuf,
    matcher: GlobMatcher,
}

impl Wildcard {
    /// Whether what lies in a folder may match.
    fn reaches_below(&self, folder: &Path) -> bool {
        let is_match = |part: &OsStr, name: &OsStr| {
            let glob = GlobBuilder::new(&part.to_string_lossy()).build();
            glob.map_or(true, |glob| glob.compile_matcher().is_match(name))
        };
        let (parts, names): (Vec<_>, Vec<_>) = (self.pattern.iter().collect(), folder.iter().collect());
        let any_depth = parts.iter().position(|part| *part == "**");
        let is_deeper = any_depth.is_some() || names.len() < parts.len();
        let before = &parts[..any_depth.unwrap_or(parts.len())];
        // Alternatives may be of several folders.
        self.pattern.to_string_lossy().contains('{')
            || (is_deeper && before.iter().zip(names).all(|(part, name)| is_match(part, name)))
    }
}

/// What a name with wildcards means; none of another.
fn wildcard(input: &Path) -> Result<Option<Wildcard>> {
    let text = input.to_string_lossy();
    if !text.contains(['*', '?', '[', '{']) {
        return Ok(None);
    }
    let glob = GlobBuilder::new(&text).literal_separator(true).build();
    let glob = glob.map_err(|error| Error::input(format!("{text}: {error}")))?;
    let is_plain = |part: &&OsStr| !part.to_string_lossy().contains(['*', '?', '[', '{']);
    let folder: PathBuf = input.iter().take_while(is_plain).collect();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    // Names below `.` are matched as they were written.
    let pattern = if folder == Path::new(".") { format!("./{text}") } else { text.into_owned() };
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build().unwrap_or(glob);
    Ok(Some(Wildcard { folder, pattern: pattern.into(), matcher: glob.compile_matcher() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_files_and_wildcards_are_found_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in
            [("a.md", "a"), ("sub/b.txt", "b"), ("sub/c.bin", "c"), (".hidden/d.md", "d"), ("sub/deep/e.md", "e")]
        {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let names = |inputs: &[&str]| {
            let inputs = Inputs::new(inputs.iter().map(|input| root.join(input)));
            let prefix = format!("{}/", name(root));
            inputs
                .files(&Readers::default())
                .map(|found| found.iter().map(|f| f.name.replace(&prefix, "")).collect::<Vec<_>>())
        };
        assert_eq!(names(&[""]).unwrap(), ["a.md", "sub/b.txt", "sub/deep/e.md"].map(|n| n.to_owned()));
        assert_eq!(names(&["sub", "sub/c.bin", "a.md"]).unwrap(), ["a.md", "sub/b.txt", "sub/c.bin", "sub/deep/e.md"]);
        assert_eq!(
            names(&["**/*.md"]).unwrap(),
            ["a.md", ".hidden/d.md", "sub/deep/e.md"].into_iter().filter(|n| !n.starts_with('.')).collect::<Vec<_>>()
        );
        assert_eq!(names(&["*.md"]).unwrap(), ["a.md"]);
        assert_eq!(names(&["a.md", "*.md", "a.*"]).unwrap(), ["a.md"]);
        assert_eq!(names(&["a.md", "sub/../a.md", "./a.md", "sub/../*.md"]).unwrap(), ["a.md"]);
        assert_eq!(names(&["sub/../a.md", "a.md"]).unwrap(), ["sub/../a.md"], "the first name stays");
        assert!(names(&["*.pdf"]).unwrap_err().to_string().contains("no file"));
        assert!(names(&["missing.md"]).is_err());
        std::os::unix::fs::symlink(root, root.join("sub/loop")).unwrap();
        assert_eq!(names(&[""]).unwrap().len(), 3, "a link to a folder above is not followed");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_cannot_be_looked_into_is_told_when_it_is_read_and_loses_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a.md"), "a").unwrap();
        std::fs::write(root.join("z.md"), "z").unwrap();
        // Whoever runs this, a path that is too long cannot be looked at: made by giving a folder above a longer name.
        let (short, long) = (root.join("s"), root.join("l".repeat(250)));
        let mut deep = short.clone();
        while deep.as_os_str().len() < 3900 {
            deep.push("d".repeat(100));
        }
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::rename(&short, &long).unwrap();
        for inputs in [Inputs::new([root]), Inputs::new([root.join("**/*.md")])] {
            let found = inputs.files(&Readers::default()).unwrap();
            let (read, unread): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.read().is_ok());
            assert_eq!(read.iter().map(|found| found.read().unwrap()).collect::<Vec<_>>(), [b"a", b"z"]);
            let [unread] = unread[..] else { panic!("{unread:?}") };
            assert!(unread.name.contains("lll/ddd"), "{}", unread.name);
            assert!(unread.read().unwrap_err().report().contains("too long"), "{:?}", unread.read());
        }
        // What no name could be of is not told.
        let count = |pattern: &str| Inputs::new([root.join(pattern)]).files(&Readers::default()).unwrap().len();
        assert_eq!(["*.md", "[az].md", "**/?.md"].map(count), [2, 2, 3]);
    }

    #[test]
    #[cfg(unix)]
    fn names_that_differ_stay_different() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        for bytes in [&b"\xff.txt"[..], b"\xfe.txt", "\u{fffd}.txt".as_bytes(), b"a/b.txt", b"a\\b.txt"] {
            std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(bytes)), "text").unwrap();
        }
        let found = Inputs::new([folder.path()]).files(&Readers::default()).unwrap();
        let prefix = format!("{}/", name(folder.path()));
        let names: Vec<_> = found.iter().map(|found| found.name.replace(&prefix, "")).collect();
        assert_eq!(names, ["\\xfe.txt", "\\xff.txt", "a/b.txt", "a\\b.txt", "\u{fffd}.txt"]);
        assert!(found.iter().all(|found| found.read().is_ok()));
    }
}
