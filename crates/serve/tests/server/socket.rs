//! Sockets of the file system: who may listen there, and what is left behind.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;

use embedkit_serve::{Bound, Ended, Error, Handle, Server};

use crate::common::serving;

fn bind(path: &Path) -> Result<Bound, Error> {
    let mut config = serving([]);
    config.unix_socket = Some(path.to_owned());
    Server::builder().config(config).build().unwrap().bind()
}

/// A server in a thread, and what stops it.
fn start(path: &Path) -> (Handle, JoinHandle<Result<Ended, Error>>) {
    let bound = bind(path).unwrap();
    (bound.handle(), std::thread::spawn(move || bound.run()))
}

fn stop((handle, server): (Handle, JoinHandle<Result<Ended, Error>>)) {
    handle.stop();
    assert_eq!(server.join().unwrap().unwrap(), Ended::Gracefully);
}

fn is_alive(path: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(path) else { return false };
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: any\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200")
}

#[test]
fn a_socket_is_there_as_long_as_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let server = start(&path);
    assert!(is_alive(&path));
    let refused = bind(&path).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("socket cannot be listened on"), "{refused}");
    assert!(is_alive(&path), "who came second did no harm");
    stop(server);
    assert!(!path.exists());
}

#[test]
fn one_that_nobody_listens_on_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "as a server leaves it that was killed");
    let server = start(&path);
    assert!(is_alive(&path));
    // Another's, put there meanwhile, is not this server's to remove.
    std::fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    stop(server);
    assert!(path.exists());
    drop(other);
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    assert!(bind(&file).is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
