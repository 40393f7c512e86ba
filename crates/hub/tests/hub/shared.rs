//! Caches that others use too: their links, their leftovers, their rights.

use std::time::{Duration, SystemTime};

use embedkit_fixtures::hub::{COMMIT, git_blob, sha256};

use super::*;

/// A file or folder that nothing has changed for two days.
fn age(path: &Path) {
    let file = std::fs::File::open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(2 * 24 * 3600)).unwrap();
}

#[cfg(unix)]
#[test]
fn links_in_a_shared_cache_are_not_written_through() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let victim = cache.path().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    let etag = sha256(&weights());
    for name in [
        format!("models--org--model/blobs/{etag}.incomplete"),
        format!("models--org--model/blobs/{}.incomplete", git_blob(b"{}")),
        format!("models--org--model/.no_exist/{COMMIT}/tokenizer.json"),
        format!("models--org--model/snapshots/{COMMIT}/config.json"),
        format!(".locks/models--org--model/{etag}.lock"),
    ] {
        let link = cache.path().join(name);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&victim, link).unwrap();
    }
    let folder = hub(&server, cache.path()).repair(&request().expected("config.json", Expected::default().size(2)));
    assert_complete(&folder.unwrap());
    assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
}

#[test]
fn what_dead_transfers_left_is_swept() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let blobs = cache.path().join("models--org--model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let old = ["0123.incomplete", "4567.0a1b.incomplete", ".89ab.1-2.new", "held.incomplete"];
    for name in old.iter().chain(&["fresh.incomplete"]) {
        std::fs::write(blobs.join(name), "left").unwrap();
    }
    old.iter().for_each(|name| age(&blobs.join(name)));
    let locks = cache.path().join(".locks/models--org--model");
    std::fs::create_dir_all(&locks).unwrap();
    let held = std::fs::File::create(locks.join("held.lock")).unwrap();
    held.lock().unwrap();

    hub(&server, cache.path()).fetch(&request()).unwrap();
    let mut left: Vec<_> =
        std::fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.retain(|name| name.contains('.'));
    left.sort();
    assert_eq!(left, ["fresh.incomplete", "held.incomplete"]);
}

/// A folder that cannot be looked into is not one without files: downloading would not help.
#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_said() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    hub(&server, cache.path()).fetch(&request()).unwrap();
    let before = server.seen().len();
    for name in ["refs/main".to_owned(), format!("snapshots/{COMMIT}/onnx/model.onnx")] {
        let path = cache.path().join("models--org--model").join(name);
        let saved = path.with_extension("saved");
        std::fs::rename(&path, &saved).unwrap();
        std::os::unix::fs::symlink(path.file_name().unwrap(), &path).unwrap();
        for hub in [hub(&server, cache.path()), offline_hub(cache.path())] {
            let error = hub.fetch(&request()).unwrap_err();
            assert!(matches!(&error, HubError::Io { path: named, .. } if *named == path), "{error}");
        }
        std::fs::rename(&saved, &path).unwrap();
    }
    assert_eq!(server.seen().len(), before);
}

#[cfg(unix)]
#[test]
fn permission_denied_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    hub(&server, cache.path()).fetch(&request()).unwrap();
    let refs = cache.path().join("models--org--model/refs");
    std::fs::set_permissions(&refs, std::fs::Permissions::from_mode(0o0)).unwrap();
    let fetched = offline_hub(cache.path()).fetch(&request());
    // The administrator may look everywhere.
    let may_look = std::fs::read(refs.join("main")).is_ok();
    std::fs::set_permissions(&refs, std::fs::Permissions::from_mode(0o755)).unwrap();
    match fetched {
        Ok(_) => assert!(may_look),
        Err(error) => assert!(error.to_string().contains("permission denied"), "{error}"),
    }
}
