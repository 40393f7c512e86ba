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

/// Asks, and gives the connection.
fn begin(path: &Path, head: &str, body: &str) -> std::io::Result<UnixStream> {
    let mut stream = UnixStream::connect(path)?;
    let rest = "host: any\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head} HTTP/1.1\r\n{rest}\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    Ok(stream)
}

fn ask(path: &Path, head: &str, body: &str) -> std::io::Result<String> {
    let mut answer = String::new();
    begin(path, head, body)?.read_to_string(&mut answer)?;
    Ok(answer)
}

fn is_alive(path: &Path) -> bool {
    ask(path, "GET /live", "").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// How many bytes of bodies and answers the server says that it holds.
fn buffered(path: &Path) -> u64 {
    let metrics = ask(path, "GET /metrics", "").unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("embedkit_buffered_bytes "));
    line.unwrap().parse().unwrap()
}

/// A socket of the file system holds little, so that an answer that nobody reads stays with the server.
#[test]
fn answers_that_are_not_read_are_counted_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let mut config = serving([]);
    config.unix_socket = Some(path.clone());
    (config.max_body, config.max_buffered) = (1 << 20, 4 << 20);
    let bound = Server::builder().config(config).build().unwrap().bind().unwrap();
    let server = (bound.handle(), std::thread::spawn(move || bound.run()));
    let many = format!("{{\"input\": [{}]}}", vec!["\"a b c\""; 1000].join(","));
    let mut unread = Vec::new();
    let refused = loop {
        let mut stream = begin(&path, "POST /v1/embeddings", &many).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        if first != *b"HTTP/1.1 200" {
            break first;
        }
        unread.push(stream);
        assert!(unread.len() < 10, "answers are held without a bound");
    };
    assert_eq!(&refused, b"HTTP/1.1 429");
    assert!(((2 << 20)..(20 << 20)).contains(&buffered(&path)), "{}", buffered(&path));
    let mut rest = String::new();
    unread.pop().unwrap().read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with('}'), "what was let in is answered whole");
    drop(unread);
    let since = std::time::Instant::now();
    while buffered(&path) > 0 {
        assert!(since.elapsed().as_secs() < 30, "answers are counted that nobody waits for");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(ask(&path, "POST /v1/embeddings", &many).unwrap().starts_with("HTTP/1.1 200"));
    stop(server);
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
