//! Takes ONNX Runtime's libraries out of an archive, and nothing else.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{InstallError, copy, search};

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

/// Whether a file's name is that of an execution provider, which the library loads from its own folder.
pub(super) fn is_provider(name: &str) -> bool {
    let name = name.strip_prefix("lib").unwrap_or(name);
    name.starts_with("onnxruntime_providers_") && name.ends_with(std::env::consts::DLL_SUFFIX)
}

/// Writes the archive's ONNX Runtime libraries for this system into a folder, flat: no path of the
/// archive is used, so none can lead elsewhere. Links are left out.
pub(crate) fn extract(archive: &Path, to: &Path) -> Result<(), InstallError> {
    let file = BufReader::new(File::open(archive).map_err(InstallError::io(archive))?);
    if is_tar(archive) { extract_tar(file, archive, to) } else { extract_zip(file, archive, to) }
}

fn extract_tar(file: BufReader<File>, archive: &Path, to: &Path) -> Result<(), InstallError> {
    let mut tar = tar::Archive::new(flate2::bufread::GzDecoder::new(file));
    for entry in tar.entries().map_err(unreadable(archive))? {
        let mut entry = entry.map_err(unreadable(archive))?;
        let path = entry.path().map_err(unreadable(archive))?.to_string_lossy().into_owned();
        if entry.header().entry_type().is_file() {
            extract_entry(&path, &mut entry, archive, to)?;
        }
    }
    Ok(())
}

fn extract_zip(file: BufReader<File>, archive: &Path, to: &Path) -> Result<(), InstallError> {
    let mut zip = zip::ZipArchive::new(file).map_err(unreadable(archive))?;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(unreadable(archive))?;
        let path = entry.name().map_err(unreadable(archive))?.into_owned();
        if entry.is_file() {
            extract_entry(&path, &mut entry, archive, to)?;
        }
    }
    Ok(())
}

fn extract_entry(path: &str, from: &mut impl Read, archive: &Path, to: &Path) -> Result<(), InstallError> {
    let (folder, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    // Debugging symbols on macOS have the library's name in a folder of their own.
    if folder.contains(".dSYM") || !(search::is_library(name) || is_provider(name)) {
        return Ok(());
    }
    match copy(from, &to.join(name)) {
        Err(InstallError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(InstallError::Ambiguous { path: archive.to_owned(), name: name.to_owned() })
        }
        copied => copied,
    }
}

fn unreadable<E: Into<crate::BoxError>>(archive: &Path) -> impl FnOnce(E) -> InstallError {
    let path = archive.to_owned();
    move |source| InstallError::Archive { path, source: source.into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;

    const LIBRARY: &str = search::LIBRARY_NAME;

    fn zip_of(path: PathBuf, files: &[String]) -> PathBuf {
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for file in files {
            zip.start_file(file.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(file.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    fn tar_of(path: PathBuf, files: &[String]) -> PathBuf {
        let gzip = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        tar.append_link(&mut link, format!("linked/{LIBRARY}"), "/etc/passwd").unwrap();
        for file in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(file.len() as u64);
            tar.append_data(&mut header, file, file.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    #[test]
    fn only_libraries_are_taken_and_only_by_name() {
        let provider =
            format!("{}onnxruntime_providers_shared{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let files = [
            format!("pkg/capi/{LIBRARY}"),
            format!("pkg/capi/{provider}"),
            format!("pkg/{LIBRARY}.dSYM/DWARF/{LIBRARY}"),
            "pkg/capi/onnxruntime_pybind11_state.so".to_owned(),
            "pkg/README".to_owned(),
        ];
        let folder = tempfile::tempdir().unwrap();
        for archive in [zip_of(folder.path().join("a.whl"), &files), tar_of(folder.path().join("a.tgz"), &files)] {
            let to = tempfile::tempdir().unwrap();
            assert!(is_archive(&archive));
            extract(&archive, to.path()).unwrap();
            let mut names: Vec<_> =
                std::fs::read_dir(to.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            let mut expected = [LIBRARY, provider.as_str()];
            expected.sort_unstable();
            assert_eq!(names, expected);
            assert_eq!(std::fs::read_to_string(to.path().join(LIBRARY)).unwrap(), files[0]);
        }
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
        let two = zip_of(path("two.zip"), &[format!("x64/{LIBRARY}"), format!("arm64/{LIBRARY}")]);
        let error = extract(&two, folder.path()).unwrap_err();
        assert!(matches!(error, InstallError::Ambiguous { .. }), "{error}");
    }

    #[test]
    fn a_path_that_leads_elsewhere_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        std::fs::create_dir(&to).unwrap();
        let up = zip_of(folder.path().join("up.zip"), &[format!("../../{LIBRARY}"), "../escaped".to_owned()]);
        extract(&up, &to).unwrap();
        assert_eq!(search::libraries_in(&to), [to.join(LIBRARY)]);
        assert!(!folder.path().join("escaped").exists() && !folder.path().join(LIBRARY).exists());
    }
}
