//! Takes ONNX Runtime's libraries out of an archive, and nothing else.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use tar::EntryType;

use super::{InstallError, files};
use crate::BoxError;
use crate::surroundings::{is_library, is_provider};

/// The most that an archive may unpack to. The largest releases, with all of CUDA's providers, have a third of it.
const MOST_UNPACKED: u64 = 4 << 30;
/// The longest that what a tar archive says of an entry, its name above all, may be.
const LONGEST_HEADER: u64 = 64 << 10;

/// Whether a file's name is that of an archive.
pub(super) fn is_archive(path: &Path) -> bool {
    is_tar(path) || has_suffix(path, &[".whl", ".zip"])
}

fn is_tar(path: &Path) -> bool {
    has_suffix(path, &[".tgz", ".tar.gz"])
}

fn has_suffix(path: &Path, suffixes: &[&str]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    suffixes.iter().any(|suffix| name.ends_with(suffix))
}

/// Writes the archive's ONNX Runtime libraries for this system into a folder, flat: no path of the archive is used,
/// so none can lead elsewhere. Links are left out.
///
/// # Errors
/// The archive cannot be read, has the library twice, or unpacks to more than 4 GiB.
pub(crate) fn extract(archive: &Path, to: &Path) -> Result<(), InstallError> {
    Extraction { archive, to, limit: MOST_UNPACKED }.run()
}

struct Extraction<'a> {
    archive: &'a Path,
    to: &'a Path,
    /// The most that it may unpack to, in bytes.
    limit: u64,
}

impl Extraction<'_> {
    fn run(&self) -> Result<(), InstallError> {
        let file = BufReader::new(files::open(self.archive)?);
        if is_tar(self.archive) { self.tar(file) } else { self.zip(file) }
    }

    /// Entries are taken as they are in the file: the reader's own handling of long names keeps them in memory,
    /// however long they are.
    fn tar(&self, file: BufReader<File>) -> Result<(), InstallError> {
        let mut left = self.limit;
        let mut tar = tar::Archive::new(Bounded { from: flate2::bufread::GzDecoder::new(file), left: &mut left });
        let mut long_name = None;
        for entry in tar.entries().map_err(|e| self.unreadable(e))?.raw(true) {
            let mut entry = entry.map_err(|e| self.unreadable(e))?;
            match entry.header().entry_type() {
                EntryType::GNULongName => long_name = Some(header(&mut entry).map_err(|e| self.unreadable(e))?),
                EntryType::XHeader => {
                    let header = header(&mut entry).map_err(|e| self.unreadable(e))?;
                    long_name = path_in(&header).or(long_name);
                }
                EntryType::Regular | EntryType::Continuous => {
                    let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                    let name = String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned();
                    self.entry(&name, &mut entry)?;
                }
                EntryType::XGlobalHeader | EntryType::GNULongLink => {}
                _ => long_name = None,
            }
        }
        // gzip's checksum is at the very end, behind the archive's.
        io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|e| self.unreadable(e))?;
        Ok(())
    }

    fn zip(&self, file: BufReader<File>) -> Result<(), InstallError> {
        let mut left = self.limit;
        let mut zip = zip::ZipArchive::new(file).map_err(|e| self.unreadable(e.into()))?;
        for index in 0..zip.len() {
            let entry = zip.by_index(index).map_err(|e| self.unreadable(e.into()))?;
            let path = entry.name().map_err(|e| self.unreadable(e.into()))?.into_owned();
            if entry.is_file() {
                self.entry(&path, &mut Bounded { from: entry, left: &mut left })?;
            }
        }
        Ok(())
    }

    fn entry(&self, path: &str, from: &mut impl Read) -> Result<(), InstallError> {
        let (folder, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
        // Debugging symbols on macOS have the library's name in a folder of their own.
        if folder.contains(".dSYM") || !(is_library(name) || is_provider(name)) {
            return Ok(());
        }
        files::write_new(from, &self.to.join(name)).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                InstallError::Ambiguous { path: self.archive.to_owned(), name: name.to_owned() }
            }
            _ => self.unreadable(error),
        })
    }

    fn unreadable(&self, error: io::Error) -> InstallError {
        let path = self.archive.to_owned();
        match error.kind() {
            ErrorKind::FileTooLarge => InstallError::TooLarge { path, limit: self.limit },
            _ => InstallError::Archive { path, source: BoxError::from(error) },
        }
    }
}

/// What a tar archive says of the entry that follows.
fn header(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    entry.take(LONGEST_HEADER + 1).read_to_end(&mut header)?;
    if header.len() as u64 > LONGEST_HEADER {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("a name of more than {LONGEST_HEADER} bytes")));
    }
    Ok(header)
}

/// The path among an entry's extended attributes.
fn path_in(header: &[u8]) -> Option<Vec<u8>> {
    let mut attributes = tar::PaxExtensions::new(header).flatten();
    attributes.find(|attribute| attribute.key_bytes() == b"path").map(|path| path.value_bytes().to_owned())
}

/// A reader that fails when it has given as much as is left.
struct Bounded<'a, R> {
    from: R,
    left: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => *self.left = left,
            None => return Err(ErrorKind::FileTooLarge.into()),
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;
    use crate::surroundings::{LIBRARY_NAME, entries, libraries_in};

    const LIBRARY: &str = LIBRARY_NAME;

    fn zip_of(path: PathBuf, files: &[(&str, &[u8])]) -> PathBuf {
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    /// With a link to somewhere else before the files.
    fn tar_of(path: PathBuf, files: &[(&str, &[u8])]) -> PathBuf {
        let gzip = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(EntryType::Symlink);
        link.set_size(0);
        tar.append_link(&mut link, format!("linked/{LIBRARY}"), "/etc/passwd").unwrap();
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    /// The same files as a zip and as a tar archive.
    fn archives(folder: &Path, files: &[(&str, &[u8])]) -> [PathBuf; 2] {
        [zip_of(folder.join("a.whl"), files), tar_of(folder.join("a.tgz"), files)]
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = entries(folder, |_| true).into_iter();
        names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn only_libraries_are_taken_and_only_by_name() {
        let provider =
            format!("{}onnxruntime_providers_shared{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        // Longer than a tar header's own field.
        let deep = format!("{}/{provider}", "pkg/capi".repeat(40));
        let files: [(&str, &[u8]); 5] = [
            (&format!("pkg/capi/{LIBRARY}"), b"the library"),
            (&deep, b"a provider"),
            (&format!("pkg/{LIBRARY}.dSYM/DWARF/{LIBRARY}"), b"symbols"),
            ("pkg/capi/onnxruntime_pybind11_state.so", b""),
            ("pkg/README", b""),
        ];
        let folder = tempfile::tempdir().unwrap();
        for archive in archives(folder.path(), &files) {
            let to = tempfile::tempdir().unwrap();
            assert!(is_archive(&archive));
            extract(&archive, to.path()).unwrap();
            let mut expected = [LIBRARY, provider.as_str()];
            expected.sort_unstable();
            assert_eq!(names(to.path()), expected);
            assert_eq!(std::fs::read_to_string(to.path().join(LIBRARY)).unwrap(), "the library");
        }
    }

    #[test]
    fn names_in_extended_attributes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("pax.tgz");
        let gzip = flate2::write::GzEncoder::new(File::create(&archive).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        let path = format!("{}/{LIBRARY}", "deep".repeat(40));
        tar.append_pax_extensions([("mtime", b"1.5".as_slice()), ("path", path.as_bytes())]).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(4);
        header.set_path("shortened").unwrap();
        header.set_cksum();
        tar.append(&header, "here".as_bytes()).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        let to = tempfile::tempdir().unwrap();
        extract(&archive, to.path()).unwrap();
        assert_eq!(std::fs::read_to_string(to.path().join(LIBRARY)).unwrap(), "here");
    }

    #[test]
    fn archives_that_do_not_serve_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["broken.zip", "broken.tgz"] {
            std::fs::write(path(name), "no archive").unwrap();
            let error = extract(&path(name), folder.path()).unwrap_err();
            assert!(matches!(error, InstallError::Archive { .. }), "{error}");
        }
        let two: [(&str, &[u8]); 2] = [(&format!("x64/{LIBRARY}"), b""), (&format!("arm64/{LIBRARY}"), b"")];
        for archive in archives(folder.path(), &two) {
            let to = tempfile::tempdir().unwrap();
            let error = extract(&archive, to.path()).unwrap_err();
            assert!(matches!(error, InstallError::Ambiguous { .. }), "{error}");
        }
        let cut = tar_of(path("cut.tgz"), &[(LIBRARY, &[7; 5000])]);
        let mut bytes = std::fs::read(&cut).unwrap();
        // The length and the checksum of the content, which gzip ends with.
        bytes.truncate(bytes.len() - 8);
        std::fs::write(&cut, bytes).unwrap();
        let to = tempfile::tempdir().unwrap();
        assert!(matches!(extract(&cut, to.path()), Err(InstallError::Archive { .. })));
    }

    #[test]
    fn a_path_that_leads_elsewhere_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        std::fs::create_dir(&to).unwrap();
        let up = zip_of(folder.path().join("up.zip"), &[(&format!("../../{LIBRARY}"), b""), ("../escaped", b"")]);
        extract(&up, &to).unwrap();
        assert_eq!(libraries_in(&to), [to.join(LIBRARY)]);
        assert!(!folder.path().join("escaped").exists() && !folder.path().join(LIBRARY).exists());
    }

    /// A few kilobytes that unpack to megabytes: in the library, in two files together, or in one that is skipped.
    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused() {
        let zeros = vec![0; 3 << 20];
        let provider =
            format!("{}onnxruntime_providers_shared{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let bombs: [&[(&str, &[u8])]; 2] =
            [&[(LIBRARY, &zeros)], &[(LIBRARY, &zeros[..1 << 20]), (&provider, &zeros[..(1 << 20) + 1])]];
        let folder = tempfile::tempdir().unwrap();
        let skipped = tar_of(folder.path().join("skipped.tgz"), &[("README", &zeros)]);
        let all = bombs.into_iter().flat_map(|files| {
            let own = tempfile::tempdir_in(folder.path()).unwrap().keep();
            archives(&own, files)
        });
        for archive in all.chain([skipped]) {
            let to = tempfile::tempdir().unwrap();
            let limit = 2 << 20;
            let error = Extraction { archive: &archive, to: to.path(), limit }.run().unwrap_err();
            assert!(matches!(error, InstallError::TooLarge { limit: 2_097_152, .. }), "{error}");
            let written: u64 = entries(to.path(), |_| true).iter().map(|file| file.metadata().unwrap().len()).sum();
            assert!(written <= limit, "{written}");
            let to = tempfile::tempdir().unwrap();
            Extraction { archive: &archive, to: to.path(), limit: 8 << 20 }.run().unwrap();
        }
    }

    /// The tar reader's own handling would keep the whole name in memory.
    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for kind in [EntryType::GNULongName, EntryType::XHeader] {
            let archive = folder.path().join("name.tgz");
            let gzip = flate2::write::GzEncoder::new(File::create(&archive).unwrap(), flate2::Compression::fast());
            let mut tar = tar::Builder::new(gzip);
            let name = vec![b'a'; 1 << 20];
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(name.len() as u64);
            header.set_cksum();
            tar.append(&header, name.as_slice()).unwrap();
            tar.into_inner().unwrap().finish().unwrap();
            let error = extract(&archive, folder.path()).unwrap_err();
            assert!(matches!(error, InstallError::Archive { .. }), "{error}");
        }
    }
}
