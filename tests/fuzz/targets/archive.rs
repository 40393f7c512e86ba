//! Archives of models and of ONNX Runtime: whatever they hold, nothing is written outside of the folder.
//!
//! What is no gzip is compressed first, so that the bytes of a tar or zip archive are mutated and not those of gzip.
#![no_main]

use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;

use embedkit_core::fuzzing::unpack_runtime;
use embedkit_hub::fuzzing::unpack as unpack_model;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|archive: &[u8]| {
    let around = tempfile::tempdir().expect("a folder can be made");
    // Paths that lead up meet a folder beside the target's, and the target's own parents.
    let (inside, beside) = (around.path().join("a/inside"), around.path().join("a/beside"));
    for folder in [&inside, &beside] {
        std::fs::create_dir_all(folder).expect("folders can be made");
    }
    for (name, content) in
        [("model.tar.gz", &gzip(archive)), ("runtime.tgz", &gzip(archive)), ("runtime.zip", &Cow::Borrowed(archive))]
    {
        std::fs::write(around.path().join(name), content).expect("a file can be written");
    }
    let _ = unpack_model(&around.path().join("model.tar.gz"), &inside);
    for name in ["runtime.tgz", "runtime.zip"] {
        let _ = unpack_runtime(&around.path().join(name), &inside);
    }
    assert_eq!(names(around.path()), ["a", "model.tar.gz", "runtime.tgz", "runtime.zip"]);
    assert_eq!(names(&around.path().join("a")), ["beside", "inside"]);
    assert!(names(&beside).is_empty());
    check_inside(&inside);
});

fn gzip(archive: &[u8]) -> Cow<'_, [u8]> {
    if archive.starts_with(b"\x1f\x8b") {
        return archive.into();
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(archive).expect("memory can be written");
    gzip.finish().expect("memory can be written").into()
}

/// No link leads out of the folder, as none is made.
fn check_inside(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let kind = entry.file_type().expect("a type");
        assert!(!kind.is_symlink());
        if kind.is_dir() {
            check_inside(&entry.path());
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
