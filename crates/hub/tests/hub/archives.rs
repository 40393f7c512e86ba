//! Models that come as `.tar.gz`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;
use embedkit_fixtures::hub::{Fault, sha256};

/// An entry: type, name, link target or content.
type Entry<'a> = (EntryType, &'a str, &'a str);

const GOOD: &[Entry<'_>] = &[
    (EntryType::Directory, "model/", ""),
    (EntryType::Regular, "model/config.json", "{}"),
    (EntryType::Regular, "model/onnx/model.onnx", "weights"),
];

/// Writes names as they are given; `tar`'s own builder refuses the bad ones.
fn tarball(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (kind, name, text) in entries {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_mut_bytes()[157..157 + text.len()].copy_from_slice(text.as_bytes());
        }
        let content = if is_link { "" } else { text };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn archived(server: &Server, sha256: Option<&str>) -> Request {
    without_source().archive(format!("{}/files/model.tar.gz?key=secret", server.url), sha256)
}

fn serve(archive: Vec<u8>) -> Server {
    let server = Server::start();
    server.raw("/files/model.tar.gz", archive);
    server
}

#[test]
fn an_archive_is_unpacked_once() {
    let archive = tarball(GOOD);
    for digest in [None, Some(sha256(&archive))] {
        let (server, cache) = (serve(archive.clone()), tempfile::tempdir().unwrap());
        server.fault("GET", "model.tar.gz", 1, Fault::Cut(50));
        let request = archived(&server, digest.as_deref());
        for hub in [hub(&server, cache.path()), hub(&server, cache.path()), offline_hub(cache.path())] {
            let folder = hub.fetch(&request).unwrap();
            assert_eq!(text(&folder, "onnx/model.onnx"), "weights");
            assert!(hub.verify(&request).unwrap().is_ok());
        }
        assert_eq!(server.seen().len(), 2);
        let left: Vec<_> = std::fs::read_dir(cache.path().join(".archives")).unwrap().flatten().collect();
        assert_eq!(left.len(), 2, "the folder and its lock: {left:?}");
    }
}

#[test]
fn a_wrong_archive_is_refused_and_leaves_nothing() {
    let (server, cache) = (serve(tarball(GOOD)), tempfile::tempdir().unwrap());
    let error = hub(&server, cache.path()).fetch(&archived(&server, Some(&"0".repeat(64)))).unwrap_err();
    assert!(matches!(error, HubError::Mismatch { what: "SHA-256", .. }), "{error}");

    let mut broken = tarball(GOOD);
    let end = broken.len() - 8;
    broken[end] ^= 1;
    let truncated = broken[..broken.len() / 2].to_vec();
    let mut trailing = Vec::new();
    trailing.write_all(b"no gzip").unwrap();
    let link = |target| [GOOD, &[(EntryType::Symlink, "model/link", target)]].concat();
    for (archive, expected) in [
        (broken, ""),
        (truncated, ""),
        (trailing, ""),
        (tarball(&[GOOD, &[(EntryType::Regular, "model/../../evil", "x")]].concat()), "leaves the archive"),
        (tarball(&[GOOD, &[(EntryType::Regular, "/tmp/evil", "x")]].concat()), "leaves the archive"),
        (tarball(&[GOOD, &[(EntryType::Regular, "model\\evil", "x")]].concat()), "leaves the archive"),
        (tarball(&[GOOD, &[(EntryType::Fifo, "model/pipe", "")]].concat()), "neither a file"),
        (tarball(&[GOOD, &[(EntryType::Char, "model/null", "")]].concat()), "neither a file"),
        (tarball(&link("/etc/passwd")), "a link to no file"),
        (tarball(&link("../../../../../../../../etc/passwd")), "a link to no file"),
        (tarball(&link("..")), "a link to no file"),
        (tarball(&[GOOD, &[(EntryType::Link, "model/link", "../model.tar.gz")]].concat()), "a link to no file"),
        (tarball(&[(EntryType::Regular, "config.json", "{}")]), "one top-level folder"),
        (tarball(&[GOOD, &[(EntryType::Directory, "other/", "")]].concat()), "one top-level folder"),
        (tarball(&GOOD[..2]), "it has no onnx/model.onnx"),
    ] {
        let (server, cache) = (serve(archive), tempfile::tempdir().unwrap());
        let error = hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, HubError::Archive { .. }) && text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("secret"), "{text}");
        let left: Vec<_> = std::fs::read_dir(cache.path().join(".archives")).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "only the lock: {left:?}");
    }
}

/// A header that says how much follows, and what of it does.
fn with_size(kind: EntryType, name: &str, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    if let (EntryType::GNUSparse, Some(gnu)) = (kind, header.as_gnu_mut()) {
        gnu.set_real_size(size);
        gnu.sparse[0].set_offset(size);
        gnu.sparse[0].set_length(0);
        header.set_size(0);
    }
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn archives_that_grow_without_measure_are_refused() {
    const GIB: u64 = 1 << 30;
    let many: Vec<u8> = {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for number in 0..10_001 {
            let mut header = Header::new_ustar();
            header.set_size(0);
            builder.append_data(&mut header, format!("model/{number}"), &b""[..]).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    };
    let zeros = |mebibytes: usize| vec![0; mebibytes << 20];
    let trailing = {
        let mut gzip = GzEncoder::new(tarball(GOOD), Compression::fast());
        gzip.write_all(&zeros(2)).unwrap();
        gzip.finish().unwrap()
    };
    for (archive, max_unpacked_bytes, is_too_large, expected) in [
        (tarball(GOOD), 8, true, "`max_unpacked_bytes`"),
        (with_size(EntryType::Regular, "model/zeros", 2 * GIB, &[]), GIB, true, "more than 1073741824 bytes"),
        (with_size(EntryType::Regular, "model/zeros", 2 * GIB, &[]), 64 * GIB, false, "100 times its size"),
        (with_size(EntryType::GNUSparse, "model/sparse", 1 << 62, &[]), 64 * GIB, true, "more than 68719476736 bytes"),
        (with_size(EntryType::GNULongName, "././@LongLink", 2 << 20, &zeros(2)), 64 * GIB, false, "belong to no file"),
        (with_size(EntryType::XHeader, "pax", 2 << 20, &zeros(2)), 64 * GIB, false, "belong to no file"),
        (many, 64 * GIB, false, "more than 10000 files"),
        (trailing, 64 * GIB, false, "belong to no file"),
    ] {
        let (server, cache) = (serve(archive), tempfile::tempdir().unwrap());
        let hub = hub_with(&server, cache.path(), |options| options.max_unpacked_bytes = max_unpacked_bytes);
        let error = hub.fetch(&archived(&server, None)).unwrap_err();
        assert_eq!(matches!(error, HubError::TooLarge { .. }), is_too_large, "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        let left: Vec<_> = std::fs::read_dir(cache.path().join(".archives")).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "only the lock: {left:?}");
    }
}

#[test]
fn what_dead_processes_left_of_archives_is_swept() {
    let (server, cache) = (serve(tarball(GOOD)), tempfile::tempdir().unwrap());
    let archives = cache.path().join(".archives");
    for name in ["old-1.unpacking", "new-1.unpacking"] {
        std::fs::create_dir_all(archives.join(name)).unwrap();
    }
    for name in ["old-2.tar.gz", "old-3.tar.gz.incomplete", "new-3.tar.gz.incomplete"] {
        std::fs::write(archives.join(name), "left").unwrap();
    }
    for name in ["old-1.unpacking", "old-2.tar.gz", "old-3.tar.gz.incomplete"] {
        let file = std::fs::File::open(archives.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(2 * 24 * 3600)).unwrap();
    }
    hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap();
    let names = std::fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<_> = names.filter(|name| !name.ends_with(".lock") && !name.starts_with("model-")).collect();
    left.sort();
    assert_eq!(left, ["new-1.unpacking", "new-3.tar.gz.incomplete"]);
}

#[test]
fn links_inside_an_archive_become_files() {
    let links =
        [(EntryType::Symlink, "model/a.json", "./config.json"), (EntryType::Link, "model/b", "model/config.json")];
    let (server, cache) = (serve(tarball(&[GOOD, &links].concat())), tempfile::tempdir().unwrap());
    let folder = hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap();
    for name in ["a.json", "b"] {
        assert_eq!(text(&folder, name), "{}");
        assert!(!folder.join(name).is_symlink());
    }
}

#[test]
fn what_tar_reads_is_read() {
    let member = |content: &str| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(content.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let padded = [tarball(GOOD), vec![0; 5000]].concat();
    let empty_member_between = [tarball(GOOD), vec![0; 7], member(""), vec![0; 1]].concat();
    for archive in [padded, empty_member_between] {
        let (server, cache) = (serve(archive), tempfile::tempdir().unwrap());
        let folder = hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap();
        assert_eq!(text(&folder, "onnx/model.onnx"), "weights");
    }
    let no_zeros = [tarball(GOOD), b"no gzip".to_vec()].concat();
    let (server, cache) = (serve(no_zeros), tempfile::tempdir().unwrap());
    assert!(hub(&server, cache.path()).fetch(&archived(&server, None)).is_err());
}

#[test]
fn links_lead_to_later_ones() {
    let links = [
        (EntryType::Symlink, "model/a", "./onnx/../b"),
        (EntryType::Symlink, "model/b", "onnx/c"),
        (EntryType::Link, "model/onnx/c", "model/onnx/model.onnx"),
    ];
    let (server, cache) = (serve(tarball(&[GOOD, &links].concat())), tempfile::tempdir().unwrap());
    let folder = hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap();
    assert!(["a", "b", "onnx/c"].iter().all(|name| text(&folder, name) == "weights"));

    let circle = [(EntryType::Symlink, "model/a", "b"), (EntryType::Symlink, "model/b", "a")];
    let (server, cache) = (serve(tarball(&[GOOD, &circle].concat())), tempfile::tempdir().unwrap());
    let error = hub(&server, cache.path()).fetch(&archived(&server, None)).unwrap_err().to_string();
    assert!(error.contains("a link to no file"), "{error}");
}
