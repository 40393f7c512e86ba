//! `serve`: a program that is started, asked and stopped as operators do.
#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embedkit"));
    command.arg("serve").args(arguments).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A server on a free port, which ends with the test.
struct Server {
    child: Child,
    address: String,
    /// The line of the log that says the address.
    line: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Starts it with these variables.
    fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = program(arguments);
        Self::until(command.env("EMBEDKIT_PORT", "0").envs(variables.iter().copied()), "http://")
    }

    /// Starts it, and waits for a line of the log that says this before the address.
    fn until(command: &mut Command, says: &str) -> Self {
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(says) {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended before it listened");
        }
        let address = line.split(says).nth(1).unwrap();
        let address = address.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c))).next().unwrap().to_owned();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address, line }
    }

    fn ask(&self, head: &str, body: &str) -> String {
        self.ask_with("", head, body)
    }

    /// Asks with further headers, each on a line.
    fn ask_with(&self, headers: &str, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let rest = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
        write!(stream, "{head} HTTP/1.1\r\n{rest}\r\n{headers}content-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program says that ends by itself; one that serves instead is ended.
fn ended(program: &mut Command) -> Output {
    let mut child = program.spawn().unwrap();
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() && since.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    child.wait_with_output().unwrap()
}

#[test]
fn without_arguments_it_serves_the_compiled_in_model_until_it_is_told_to_stop() {
    let mut server = Server::start(&[]);
    let body = r#"{"input": ["a cat", "a dog"], "encoding_format": "base64"}"#;
    let answer = server.ask("POST /v1/embeddings", body);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("embedkit/static-minilm-en"), "{answer}");
    server.signal("TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// A log that nobody reads any more, or whose disk is full, is lost; the server goes on.
#[test]
fn a_log_that_cannot_be_written_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let ask = |head: &str, body: &str| {
        let mut stream = UnixStream::connect(&path).ok()?;
        let rest = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
        write!(stream, "{head} HTTP/1.1\r\n{rest}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let has_code = |answer: Option<String>, code: &str| answer.is_some_and(|answer| answer[9..].starts_with(code));
    let mut logs = vec![("a reader that left", Stdio::piped())];
    if cfg!(target_os = "linux") {
        logs.push(("a full disk", std::fs::File::options().write(true).open("/dev/full").unwrap().into()));
    }
    for (name, log) in logs {
        let mut child = program(&["--unix-socket", path.to_str().unwrap()]).stderr(log).spawn().unwrap();
        drop(child.stderr.take());
        let since = Instant::now();
        while !has_code(ask("GET /ready", ""), "200") {
            assert!(since.elapsed() < Duration::from_secs(30), "{name}: it is never ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        for _ in 0..2 {
            assert!(has_code(ask("POST /v1/embeddings", r#"{"input": "a cat"}"#), "200"), "{name}");
        }
        let is_alone = |metrics: String| metrics.contains("\nembedkit_connections 1\n");
        while !ask("GET /metrics", "").is_some_and(is_alone) {
            assert!(since.elapsed() < Duration::from_secs(30), "{name}: connections are counted that ended");
        }
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
    }
}

#[test]
fn told_twice_in_one_moment_it_ends_in_good_order_and_later_at_once() {
    for (pause, code) in [("0", 0), ("0.02", 0), ("0.4", 130)] {
        let mut server = Server::start(&["--drain-delay", "1s"]);
        let process = server.child.id();
        // By one program, so that none has to start in between.
        let twice = format!("kill -TERM {process}; sleep {pause}; kill -INT {process}");
        let since = Instant::now();
        assert!(Command::new("sh").args(["-c", &twice]).status().unwrap().success());
        let is_late = code == 0 && since.elapsed() > Duration::from_millis(150);
        let ended = server.child.wait().unwrap().code();
        assert!(ended == Some(code) || is_late, "after {pause} s: {ended:?}");
    }
}

#[test]
fn a_socket_is_gone_after_the_end_and_one_that_was_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let start = || Server::until(&mut program(&["--unix-socket", path.to_str().unwrap()]), "listening on /");
    let mut killed = start();
    killed.signal("KILL");
    killed.child.wait().unwrap();
    assert!(path.exists());
    let mut stopped = start();
    stopped.signal("TERM");
    assert_eq!(stopped.child.wait().unwrap().code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn flags_go_before_variables_and_these_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("serve.toml");
    std::fs::write(
        &file,
        "max-inputs = 1\nlog-format = \"json\"\nbase-path = \"/file\"\nalias = [\"mine=static-minilm-en\"]\n",
    )
    .unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let server = Server::start(&[&config[..], &["--base-path", "/flag"]].concat());
    assert!(server.line.starts_with('{'), "{}", server.line);
    let two = server.ask("POST /flag/v1/embeddings", r#"{"input": ["a", "b"]}"#);
    assert!(two.starts_with("HTTP/1.1 413"), "{two}");
    let one = server.ask("POST /flag/v1/embeddings", r#"{"input": "a", "model": "mine"}"#);
    assert!(one.starts_with("HTTP/1.1 200"), "{one}");
    assert!(server.ask("GET /file/v1/models", "").starts_with("HTTP/1.1 404"));
    let plain = Server::start(&[&config[..], &["--log-format", "text"]].concat());
    assert!(!plain.line.starts_with('{'), "{}", plain.line);
}

#[test]
fn what_cannot_be_served_says_why_and_how_it_was_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("serve.toml");
    std::fs::write(&file, "prot = 1\n").unwrap();
    let of_port = folder.path().join("port.toml");
    std::fs::write(&of_port, "port = 9999\n").unwrap();
    for (arguments, code, says) in [
        (&["--max-inputs", "0"][..], 2, "max-inputs"),
        (&["--config", file.to_str().unwrap()], 2, "prot"),
        (&["--token-ids", "some"], 2, "`reject` or `model`"),
        (&["-m", "no/such-model"], 1, "no/such-model"),
        (&["--host", "192.0.2.1", "--port", "0"], 1, "192.0.2.1"),
        (&["--unix-socket", "s.sock", "--port", "9999"], 2, "port says where to listen"),
        (&["--unix-socket", "s.sock", "--host", "127.0.0.1"], 2, "host says where to listen"),
        (&["--config", of_port.to_str().unwrap(), "--unix-socket", "s.sock"], 2, "port says where to listen"),
        (&["--api-key", ""], 2, "api-key is empty"),
        (&["--api-key", " "], 2, "api-key"),
        (&["--api-key", "a", "--api-key", ""], 2, "api-key is empty"),
        (&["--model-dir", "no,such"], 1, "no,such"),
        (&["--image-host", "example.org"], 2, "image-host is for models of images"),
        (&["--cors-origin", "nonsense"], 2, "cors-origin"),
        (&["--cors-origin", "https://example.org/"], 2, "cors-origin"),
    ] {
        // What is no error would be a server that runs.
        let output = ended(program(arguments).current_dir(folder.path()));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(says), "{arguments:?}: {told}");
    }
}

#[test]
fn variables_are_looked_at_as_flags_are() {
    let folder = tempfile::tempdir().unwrap();
    for (variables, arguments, says) in [
        (&[("EMBEDKIT_API_KEY", "")][..], &[][..], "api-key is empty"),
        (&[("EMBEDKIT_PORT", "9999")], &["--unix-socket", "s.sock"], "port says where to listen"),
        (&[("EMBEDKIT_UNIX_SOCKET", "s.sock")], &["--port", "9999"], "port says where to listen"),
        (&[("EMBEDKIT_IMAGE_HOST", "example.org")], &[], "image-host is for models of images"),
        (&[("EMBEDKIT_CORS_ORIGIN", "nonsense")], &[], "cors-origin"),
    ] {
        let mut program = program(arguments);
        let output = ended(program.envs(variables.iter().copied()).current_dir(folder.path()));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{variables:?} {arguments:?}: {told}");
        assert!(told.contains(says), "{variables:?} {arguments:?}: {told}");
    }
}

/// A comma may be a part of a key.
#[test]
fn a_key_is_one_key_whatever_is_in_it() {
    let by_flag = Server::start(&["--api-key", "s3cret,x", "--api-key", "other"]);
    let by_variable = Server::start_with(&[], &[("EMBEDKIT_API_KEY", "s3cret,x")]);
    for (server, key, expected) in [
        (&by_flag, "s3cret,x", true),
        (&by_flag, "other", true),
        (&by_flag, "s3cret", false),
        (&by_flag, "x", false),
        (&by_variable, "s3cret,x", true),
        (&by_variable, "s3cret", false),
        (&by_variable, "x", false),
    ] {
        let answer = server.ask_with(&format!("x-api-key: {key}\r\n"), "GET /v1/models", "");
        assert_eq!(answer.starts_with("HTTP/1.1 200"), expected, "{key}: {answer}");
    }
}

/// An image of 2,000 pixels a side by its head, of which the rest is missing: what it takes is known before.
fn large_image() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../image/tests/fixtures/formats/rgb.png");
    base64::encode(embedkit_fixtures::png_of_sides(std::fs::read(file).unwrap(), 2000, 2000))
}

#[test]
fn what_images_may_take_is_said_by_flag_variable_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../image/tests/fixtures/clip");
    let config = |name: &str, top: &str, bottom: &str| {
        let path = folder.path().join(name);
        let text = format!("{top}\n[[model]]\nname = \"pictures\"\ndir = \"{model}\"\nfamily = \"image\"\n{bottom}\n");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (plain, of_server) = (config("plain", "", ""), config("server", "decode-memory = 1", ""));
    let of_model = config("model", "max-pixels = 3999999", "max-pixels = 4000000\ndecode-memory = 1");
    let body = format!(r#"{{"input": {{"image": "{}"}}}}"#, large_image());
    for (arguments, says) in [
        (&["--config", &*plain][..], "cannot be decoded"),
        (&["--config", &plain, "--max-pixels", "3999999"], "max-pixels"),
        (&["--config", &plain, "--decode-memory", "1"], "decode-memory"),
        (&["--config", &of_server], "decode-memory"),
        (&["--config", &of_server, "--decode-memory", "1000"], "cannot be decoded"),
        (&["--config", &of_model], "decode-memory"),
    ] {
        let server = Server::start(arguments);
        let answer = server.ask("POST /v1/embeddings", &body);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(says), "{arguments:?}: {answer}");
    }
    let output = program(&["--decode-memory", "9"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("decode-memory is for models of images"), "{told}");
}
