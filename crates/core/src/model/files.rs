//! A model's files, in a folder or in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::{self, FileBytes};
use super::names_read::NamesRead;
use crate::{Error, Result};

/// A model's files: a folder, or bytes in memory. Equal are two of one folder's path, and two of the same bytes.
///
/// Files are named relative to the folder, with `/` between the parts. Some names come from the model's own files, so
/// none may lead out of the folder: one that does, by `..` or from the root, is an error when the file is read. So is a
/// file that is none, as a pipe or a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    storage: Storage,
    /// The graph that the caller named, for [`find_graph`](Self::find_graph).
    pub(super) graph: Option<String>,
    /// The bytes that stand for files, by their names.
    replaced: BTreeMap<String, Arc<[u8]>>,
    read: NamesRead,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Storage {
    Folder(PathBuf),
    Memory(Arc<BTreeMap<String, Cow<'static, [u8]>>>),
}

impl ModelFiles {
    /// The files of a folder.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when there is no such folder, and [`Error::InvalidFile`] for a file in its place.
    pub fn folder(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        if path.is_file() {
            return Err(Error::file(path, "is a file, and should be the model's folder"));
        }
        if !path.is_dir() {
            return Err(Error::MissingFile { path, needed_for: "it should be the model's folder".to_owned() });
        }
        Ok(Self::of(Storage::Folder(path)))
    }

    fn of(storage: Storage) -> Self {
        Self { storage, graph: None, replaced: BTreeMap::new(), read: NamesRead::default() }
    }

    /// The model's own name, for rows that describe it: the folder's.
    pub fn name(&self) -> &str {
        self.root().and_then(|root| root.file_name()?.to_str()).unwrap_or("model")
    }

    /// No files, for models that need none.
    pub fn none() -> Self {
        Self::memory(std::iter::empty::<(String, Vec<u8>)>())
    }

    /// Files in memory, by their names relative to the model's folder.
    pub fn memory<N: Into<String>, B: Into<Cow<'static, [u8]>>>(files: impl IntoIterator<Item = (N, B)>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into())).collect();
        Self::of(Storage::Memory(Arc::new(files)))
    }

    /// The same files, but that a file's bytes are others. One that was not there is added.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.replaced.insert(name.into(), bytes.into());
        self
    }

    /// The same files by their folder's real path, whatever graph was named: equal for all that read the same bytes.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder's path cannot be followed.
    pub fn by_real_path(&self) -> Result<Self> {
        let storage = match &self.storage {
            Storage::Folder(folder) => Storage::Folder(folder.canonicalize().map_err(Error::io(folder))?),
            memory => memory.clone(),
        };
        Ok(Self { replaced: self.replaced.clone(), ..Self::of(storage) })
    }

    /// Whether the file is there. One that must not be read counts, so that reading it says why.
    pub fn has(&self, name: &str) -> bool {
        match &self.storage {
            _ if self.replaced.contains_key(name) => true,
            Storage::Folder(folder) => {
                !is_inside(name) || std::fs::metadata(folder.join(name)).is_ok_and(|file| !file.is_dir())
            }
            Storage::Memory(files) => files.contains_key(name),
        }
    }

    /// Whether anything has the file's name: of a folder in its place, reading the file says that it is one.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.has(name) || self.path(name).is_some_and(|path| path.is_dir())
    }

    /// Names of the files that lie in a folder of the model's, not in folders of it; `""` is the model's own.
    pub(super) fn names_in(&self, folder: &str) -> Vec<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = self.names().filter_map(|name| name.strip_prefix(&prefix));
        let mut names: BTreeSet<String> = inside.filter(|name| !name.contains('/')).map(str::to_owned).collect();
        if let Some(root) = self.root() {
            let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            let files = entries.filter(|entry| entry.path().is_file());
            names.extend(files.filter_map(|file| file.file_name().into_string().ok()));
        }
        names.into_iter().collect()
    }

    /// The file's path, for readers that need one; none for files in memory, for those that other bytes stand for, and for
    /// names that lead out of the folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let is_file = is_inside(name) && !self.replaced.contains_key(name);
        self.root().filter(|_| is_file).map(|folder| folder.join(name))
    }

    /// The folder; none for files in memory.
    pub fn root(&self) -> Option<&Path> {
        match &self.storage {
            Storage::Folder(folder) => Some(folder),
            Storage::Memory(_) => None,
        }
    }

    /// Names of the files in memory: all of them, or those that stand for files of a folder.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let files = match &self.storage {
            Storage::Folder(_) => None,
            Storage::Memory(files) => Some(files.keys().filter(|name| !self.replaced.contains_key(*name))),
        };
        files.into_iter().flatten().chain(self.replaced.keys()).map(String::as_str)
    }

    /// Names of the files that were read so far, here or through a copy of these, sorted: what a model that was loaded from
    /// them depends on. One that other bytes stand for is among them, and so are those that a graph names.
    pub fn names_read(&self) -> Vec<String> {
        self.read.all().into_iter().collect()
    }

    /// Counts what was and will be read through other files among [`names_read`](Self::names_read): where one model, loaded
    /// from those, is used again for these.
    pub fn count_read(&self, others: &Self) {
        self.read.add_all(&others.read);
    }

    /// How errors name the file.
    pub fn label(&self, name: &str) -> PathBuf {
        self.root().unwrap_or(Path::new("memory:")).join(name)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when it is absent, [`Error::InvalidFile`] when it must not be read or there is no memory
    /// for it, [`Error::Io`] when it cannot be read.
    pub fn read(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        self.read_most(name, u64::MAX)
    }

    /// The file's bytes, of which there may be so many.
    pub(super) fn read_most(&self, name: &str, most: u64) -> Result<Cow<'_, [u8]>> {
        self.read.add(name);
        if let Some(bytes) = self.replaced.get(name) {
            return Ok(Cow::Borrowed(bytes));
        }
        match &self.storage {
            Storage::Folder(folder) => {
                let bytes = self.inside(folder, name).and_then(|path| bytes::read(&path, most));
                bytes.map(Cow::Owned).map_err(|error| self.or_missing(name, error))
            }
            Storage::Memory(files) => Ok(Cow::Borrowed(files.get(name).ok_or_else(|| self.missing(name))?)),
        }
    }

    /// The file's bytes to keep: mapped, if asked for and the file is in a folder; files compiled into
    /// the program are not copied.
    ///
    /// A mapped file must not be changed while it is in use: replace it by renaming another over it. What is read from
    /// one that was written to is undefined, and one that was cut ends the process when the bytes that are gone are
    /// touched (SIGBUS). [`FileBytes::check_unchanged`] notices both; a change after it was asked is not noticed.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn open(&self, name: &str, map: bool) -> Result<FileBytes> {
        self.read.add(name);
        if let Some(bytes) = self.replaced.get(name) {
            return Ok(FileBytes::shared(bytes.clone()));
        }
        match &self.storage {
            Storage::Folder(folder) if map => {
                let mapped = self.inside(folder, name).and_then(|path| FileBytes::mapped(&path));
                mapped.map_err(|error| self.or_missing(name, error))
            }
            Storage::Memory(files) if files.contains_key(name) => Ok(FileBytes::held(files[name].clone())),
            _ => Ok(FileBytes::held(self.read(name)?.into_owned())),
        }
    }

    /// The name of the file that another one names relative to its own folder.
    #[cfg(feature = "onnx")]
    pub(crate) fn beside(file: &str, named: &str) -> String {
        file.rsplit_once('/').map_or_else(|| named.to_owned(), |(folder, _)| format!("{folder}/{named}"))
    }

    /// Checks a file that another one names relative to its own folder, where the name is followed by others than
    /// [`read`](Self::read) and [`open`](Self::open). A link may lead to the model's folder or to the one that the file
    /// that names it is really in: in caches, models' files are links into a folder of their own.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when it is in another folder, or no file.
    #[cfg(feature = "onnx")]
    pub(crate) fn check_named_by(&self, file: &str, named: &str) -> Result<()> {
        let refused = |what: String| Error::file(self.label(file), format!("names the file {named:?}, {what}"));
        if !is_inside(named) {
            return Err(refused("which is not in its folder".to_owned()));
        }
        let name = Self::beside(file, named);
        self.read.add(&name);
        let Some((root, path)) = self.root().zip(self.path(&name)) else { return Ok(()) };
        // Whoever reads it says that it is absent.
        let Ok(real) = path.canonicalize() else { return Ok(()) };
        let beside = root.join(file).canonicalize().ok().and_then(|file| Some(file.parent()?.to_owned()));
        let mut folders = root.canonicalize().into_iter().chain(beside);
        if !folders.any(|folder| real.starts_with(folder)) {
            return Err(refused(format!("a link to {real:?}, outside of the model's folder")));
        }
        bytes::check_regular(&path)
    }

    /// The path of a file in the folder.
    fn inside(&self, folder: &Path, name: &str) -> Result<PathBuf> {
        if is_inside(name) {
            Ok(folder.join(name))
        } else {
            Err(Error::file(self.label(name), "is outside of the model's folder, where all its files must be"))
        }
    }

    fn or_missing(&self, name: &str, error: Error) -> Error {
        match error {
            Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => self.missing(name),
            error => error,
        }
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingFile { path: self.label(name), needed_for: "the model cannot be loaded without it".to_owned() }
    }
}

/// The name of a file or folder in a folder of a model's; `""` is the model's own.
///
/// ```
/// use embedkit_core::model::join;
///
/// assert_eq!([join("", "config.json"), join("1_Dense/", "config.json")], ["config.json", "1_Dense/config.json"]);
/// ```
pub fn join(folder: &str, name: &str) -> String {
    match folder.trim_end_matches('/') {
        "" => name.to_owned(),
        folder if name.is_empty() => folder.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Whether a name that a file states is that of a file or folder inside the model's folder.
pub(crate) fn is_inside(name: &str) -> bool {
    use std::path::Component;
    let mut components = Path::new(name).components();
    !name.contains('\\') && components.all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, ModelFiles) {
        let parent = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(parent.path().join("model/onnx")).unwrap();
        std::fs::write(parent.path().join("secret"), "secret").unwrap();
        std::fs::write(parent.path().join("model/config.json"), "{}").unwrap();
        std::fs::write(parent.path().join("model/onnx/model.onnx"), "graph").unwrap();
        let files = ModelFiles::folder(parent.path().join("model")).unwrap();
        (parent, files)
    }

    #[test]
    fn names_stay_in_the_folder() {
        let (parent, files) = folder();
        for name in ["config.json", "./config.json", "onnx/model.onnx"] {
            assert!(files.has(name) && files.read(name).is_ok() && files.path(name).is_some(), "{name}");
        }
        assert!(!files.has("onnx") && !files.has("onnx/") && !files.has(""), "folders are no files");
        let absolute = parent.path().join("secret");
        for name in ["../secret", "onnx/../../secret", "onnx/../config.json", "..", absolute.to_str().unwrap()] {
            assert!(files.has(name), "{name} is there, and what reads it says that it must not");
            let errors =
                [files.read(name).map(drop), files.open(name, true).map(drop), files.open(name, false).map(drop)];
            for error in errors {
                assert!(error.unwrap_err().to_string().contains("outside of the model's folder"), "{name}");
            }
            assert_eq!(files.path(name), None, "{name}");
            assert!(files.optional_json::<serde_json::Value>(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_read_is_known() {
        let (_parent, files) = folder();
        assert!(files.has("config.json") && files.names_read().is_empty());
        files.clone().read("config.json").unwrap();
        files.clone().with_file("x", *b"bytes").open("x", false).unwrap();
        files.open("onnx/model.onnx", true).unwrap();
        #[cfg(feature = "onnx")]
        files.check_named_by("onnx/model.onnx", "weights").unwrap();
        let with_weights = if cfg!(feature = "onnx") { &["onnx/weights"][..] } else { &[] };
        assert_eq!(files.names_read(), [&["config.json", "onnx/model.onnx"], with_weights, &["x"]].concat());
        let again = ModelFiles::folder(files.root().unwrap()).unwrap();
        again.count_read(&files);
        again.count_read(&again);
        files.count_read(&again);
        let _ = files.read("y");
        assert_eq!(again.names_read(), files.names_read());
        assert!(again.names_read().contains(&"y".to_owned()));
        assert_eq!(files, ModelFiles::folder(files.root().unwrap()).unwrap());
    }

    #[test]
    fn bytes_stand_for_any_number_of_files() {
        let (_parent, folder) = folder();
        let memory = ModelFiles::memory([("config.json", &b"{}"[..]), ("onnx/model.onnx", b"graph")]);
        for files in [folder, memory] {
            let replaced = files.with_file("config.json", *b"[]").with_file("onnx/other.onnx", *b"other");
            let replaced = replaced.with_file("config.json", *b"[1]").by_real_path().unwrap();
            for (name, expected) in
                [("config.json", &b"[1]"[..]), ("onnx/model.onnx", b"graph"), ("onnx/other.onnx", b"other")]
            {
                assert!(replaced.has(name), "{name}");
                assert_eq!(&*replaced.read(name).unwrap(), expected, "{name}");
                assert_eq!(&*replaced.open(name, true).unwrap(), expected, "{name}");
            }
            assert_eq!(replaced.names_in("onnx"), ["model.onnx", "other.onnx"]);
            assert_eq!(replaced.names_in(""), ["config.json"]);
            assert_eq!(replaced.path("config.json"), None);
            let mut names: Vec<_> = replaced.names().collect();
            names.sort_unstable();
            let original = if replaced.root().is_some() { None } else { Some("onnx/model.onnx") };
            let expected: Vec<_> = ["config.json"].into_iter().chain(original).chain(["onnx/other.onnx"]).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn what_is_absent_is_missing() {
        let (_parent, files) = folder();
        let errors = [files.read("x").map(drop), files.open("x", true).map(drop), files.open("x", false).map(drop)];
        for error in errors {
            assert!(matches!(error, Err(Error::MissingFile { .. })));
        }
    }

    #[test]
    fn a_file_larger_than_memory_is_an_error() {
        let (parent, files) = folder();
        let file = std::fs::File::create(parent.path().join("model/large")).unwrap();
        if file.set_len(1 << 62).or_else(|_| file.set_len(1 << 43)).is_err() {
            return;
        }
        let error = files.read("large").unwrap_err().to_string();
        assert!(error.contains("no memory"), "{error}");
        for error in [files.text("large").map(drop), files.json::<serde_json::Value>("large").map(drop)] {
            assert!(error.unwrap_err().to_string().contains("no such file of a model"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_refused_by_name() {
        let (parent, files) = folder();
        let link = |name, target| std::os::unix::fs::symlink(target, parent.path().join("model").join(name)).unwrap();
        link("zero", "/dev/zero");
        link("folder.json", "onnx");
        let pipe = parent.path().join("model/pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (name, kind) in [("zero", "a device"), ("pipe", "a named pipe"), ("folder.json", "a folder")] {
            let errors = [
                files.read(name).map(drop),
                files.open(name, true).map(drop),
                files.open(name, false).map(drop),
                files.text(name).map(drop),
                files.json::<serde_json::Value>(name).map(drop),
            ];
            for error in errors {
                let error = error.unwrap_err().to_string();
                assert!(error.contains(name) && error.contains(kind), "{error}");
            }
        }
        for name in ["pipe", "folder.json"] {
            assert!(files.optional_json::<serde_json::Value>(name).is_err(), "{name} is not passed over");
        }
    }

    #[test]
    fn a_change_of_a_mapped_file_is_noticed_and_its_replacement_is_none() {
        let (parent, files) = folder();
        let path = parent.path().join("model/onnx/model.onnx");
        for change in [b"grap".as_slice(), b"graph, longer", b"GRAPH"] {
            std::fs::write(&path, "graph").unwrap();
            let bytes = files.open("onnx/model.onnx", true).unwrap();
            bytes.check_unchanged().unwrap();
            // The file's time of change has the resolution of the system's clock ticks.
            std::thread::sleep(std::time::Duration::from_millis(20));
            std::fs::write(&path, change).unwrap();
            let error = bytes.check_unchanged().unwrap_err().to_string();
            let what = if change.len() == 5 { "was written to" } else { "was changed from 5 bytes" };
            assert!(error.contains("model.onnx") && error.contains(what), "{error}");
        }
        std::fs::write(&path, "graph").unwrap();
        let (mapped, read) =
            (files.open("onnx/model.onnx", true).unwrap(), files.open("onnx/model.onnx", false).unwrap());
        let other = parent.path().join("other");
        std::fs::write(&other, "other").unwrap();
        std::fs::rename(&other, &path).unwrap();
        mapped.check_unchanged().unwrap();
        read.check_unchanged().unwrap();
        assert_eq!((&*mapped, &*read), (b"graph".as_slice(), b"graph".as_slice()));
    }
}
