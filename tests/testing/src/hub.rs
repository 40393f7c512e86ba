//! A real HTTP server on loopback that plays the Hugging Face Hub, and misbehaves as told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The commit of `main` on every repository here.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// As `GET`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
}

/// How a request is answered instead of properly.
#[derive(Clone, Debug)]
pub enum Fault {
    /// With this status and these headers, and no body.
    Status(u16, Vec<(&'static str, String)>),
    /// With nothing at all, on an open connection.
    Silence,
    /// With this many bytes of the body, then silence.
    Stall(usize),
    /// With this many bytes of the body, then the end of the connection.
    Cut(usize),
    /// With other bytes, of which the headers speak truly.
    Body(Vec<u8>),
    /// A thousand bytes at a time, with pauses.
    Trickle(Duration),
    /// Whole, whatever range was asked for.
    IgnoreRange,
    /// From the start, whatever range was asked for, and cut after this many bytes.
    Restart(usize),
    /// Properly, with these headers besides.
    Headers(Vec<(&'static str, String)>),
    /// Without saying how long it is, and cut after this many bytes.
    Unsized(usize),
    /// In chunks; without the last one, if it is to be cut.
    Chunked {
        /// Whether the end is missing.
        cut: bool,
    },
}

struct Rule {
    method: &'static str,
    ending: &'static str,
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct State {
    /// Contents by path.
    files: BTreeMap<String, Vec<u8>>,
    rules: Vec<Rule>,
    seen: Vec<Seen>,
    /// The origin that large files are redirected to.
    cdn: Option<String>,
    /// Without this token, everything is refused.
    token: Option<String>,
}

/// The server; it lives as long as the test's process.
#[derive(Clone)]
pub struct Server {
    /// Its address, as `HF_ENDPOINT` has it.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { url: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        let state = server.state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || {
                    let _ = serve(&state, stream);
                });
            }
        });
        server
    }

    /// Puts a file into repository `org/model`, as the hub serves it.
    pub fn file(&self, name: &str, content: impl Into<Vec<u8>>) -> &Self {
        self.file_of("org/model", name, content)
    }

    /// Puts a file into a repository, as the hub serves and lists it.
    pub fn file_of(&self, repo: &str, name: &str, content: impl Into<Vec<u8>>) -> &Self {
        let content = content.into();
        for revision in ["main", COMMIT] {
            self.raw(&format!("/{repo}/resolve/{revision}/{name}"), content.clone());
        }
        self
    }

    /// Puts a content at a path.
    pub fn raw(&self, path: &str, content: impl Into<Vec<u8>>) -> &Self {
        self.state.lock().unwrap().files.insert(path.to_owned(), content.into());
        self
    }

    /// Has the next requests with this method and end of path answered wrongly.
    pub fn fault(&self, method: &'static str, ending: &'static str, times: usize, fault: Fault) -> &Self {
        self.state.lock().unwrap().rules.push(Rule { method, ending, times, fault });
        self
    }

    /// Redirects the contents of `.onnx` files to another server, which is given them.
    pub fn redirect_to(&self, cdn: &Server) -> &Self {
        let mut state = self.state.lock().unwrap();
        for (_, content) in state.files.iter().filter(|(path, _)| path.ends_with(".onnx")) {
            cdn.raw(&format!("/{}", sha256(content)), content.clone());
        }
        state.cdn = Some(cdn.url.clone());
        drop(state);
        self
    }

    /// Refuses requests without this token.
    pub fn require_token(&self, token: &str) -> &Self {
        self.state.lock().unwrap().token = Some(token.to_owned());
        self
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// How many requests there were with this method and end of path.
    pub fn count(&self, method: &str, ending: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method && seen.path.ends_with(ending)).count()
    }
}

/// A content's SHA-256 in hexadecimal digits.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Git's name of a content, in hexadecimal digits.
pub fn git_blob(content: &[u8]) -> String {
    let hasher = Sha1::new().chain_update(format!("blob {}\0", content.len())).chain_update(content);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Small files have git's name as their etag, large ones their SHA-256.
fn etag(path: &str, content: &[u8]) -> String {
    if is_large(path) { sha256(content) } else { git_blob(content) }
}

/// Whether a file is in large-file storage.
fn is_large(path: &str) -> bool {
    [".onnx", "_data", ".safetensors"].iter().any(|ending| path.ends_with(ending))
}

/// Files on one page of a listing.
const PAGE: usize = 4;

/// What the hub's interface tells of a repository, and where the next page is: of `/api/models/REPO/revision/…` and
/// `/api/models/REPO/tree/…?cursor=N`.
fn interface(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Option<(Vec<u8>, Option<String>)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let rest = path.strip_prefix("/api/models/")?;
    let prefix = |repo: &str| format!("/{repo}/resolve/{COMMIT}/");
    if let Some((repo, revision)) = rest.split_once("/revision/") {
        let is_known = ["main", COMMIT].contains(&revision) && files.keys().any(|file| file.starts_with(&prefix(repo)));
        return is_known.then(|| (format!("{{\"id\":\"{repo}\",\"sha\":\"{COMMIT}\"}}").into_bytes(), None));
    }
    let (repo, _) = rest.split_once("/tree/")?;
    let start: usize = query.split('&').find_map(|part| part.strip_prefix("cursor=")?.parse().ok()).unwrap_or(0);
    let entry = |(path, content): (&String, &Vec<u8>)| {
        let name = path.strip_prefix(&prefix(repo))?;
        let (oid, size) = (git_blob(content), content.len());
        let lfs = format!(",\"lfs\":{{\"oid\":\"{}\",\"size\":{size},\"pointerSize\":134}}", sha256(content));
        let lfs = if is_large(name) { lfs } else { String::new() };
        Some(format!("{{\"type\":\"file\",\"oid\":\"{oid}\",\"size\":{size}{lfs},\"path\":\"{name}\"}}"))
    };
    let mut entries: Vec<String> = files.iter().filter_map(entry).collect();
    entries.push("{\"type\":\"directory\",\"oid\":\"0\",\"size\":0,\"path\":\"folder\"}".to_owned());
    let end = (start + PAGE).min(entries.len());
    let next = (end < entries.len()).then(|| format!("<{path}?recursive=true&cursor={end}>; rel=\"next\""));
    Some((format!("[{}]", entries.get(start..end)?.join(",")).into_bytes(), next))
}

fn serve(state: &Mutex<State>, stream: TcpStream) -> std::io::Result<()> {
    let seen = read_request(&stream)?;
    let (fault, content, link, cdn, refused) = {
        let mut state = state.lock().unwrap();
        state.seen.push(seen.clone());
        let path = seen.path.split('?').next().unwrap_or_default();
        let rule = state
            .rules
            .iter_mut()
            .find(|rule| rule.times > 0 && rule.method == seen.method && path.ends_with(rule.ending));
        let fault = rule.map(|rule| {
            rule.times -= 1;
            rule.fault.clone()
        });
        let token = seen.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let refused = state.token.is_some() && state.token.as_deref() != token;
        let file = state.files.get(path).map(|content| (content.clone(), None));
        let (content, link) = file.or_else(|| interface(&state.files, &seen.path)).unzip();
        (fault, content, link.flatten(), state.cdn.clone(), refused)
    };
    answer(stream, &seen, fault, content, link, cdn, refused)
}

fn read_request(stream: &TcpStream) -> std::io::Result<Seen> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    for line in lines {
        match line?.split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    Ok(Seen { method, path, headers })
}

fn answer(
    mut stream: TcpStream,
    seen: &Seen,
    fault: Option<Fault>,
    content: Option<Vec<u8>>,
    link: Option<String>,
    cdn: Option<String>,
    refused: bool,
) -> std::io::Result<()> {
    let is_hub = seen.path.contains("/resolve/");
    let mut headers: Vec<(&str, String)> = link.into_iter().map(|link| ("link", link)).collect();
    if is_hub {
        headers.push(("x-repo-commit", COMMIT.to_owned()));
    }
    match &fault {
        Some(Fault::Status(status, more)) => {
            headers.retain(|_| *status == 404);
            headers.extend(more.iter().map(|(name, value)| (*name, value.clone())));
            return head(&mut stream, *status, &headers, 0);
        }
        Some(Fault::Silence) => {
            std::thread::sleep(Duration::from_secs(5));
            return Ok(());
        }
        _ => {}
    }
    if refused {
        return head(&mut stream, 401, &[("x-error-code", "RepoNotFound".to_owned())], 0);
    }
    let Some(mut content) = content else {
        headers.push(("x-error-code", "EntryNotFound".to_owned()));
        return head(&mut stream, 404, &headers, 0);
    };
    if let (Some(cdn), true, true) = (cdn, is_hub, seen.path.ends_with(".onnx")) {
        let hash = sha256(&content);
        headers.push(("x-linked-etag", format!("\"{hash}\"")));
        headers.push(("x-linked-size", content.len().to_string()));
        headers.push(("location", format!("{cdn}/{hash}?Signature=secret")));
        return head(&mut stream, 302, &headers, 0);
    }
    headers.push(("etag", format!("\"{}\"", etag(&seen.path, &content))));
    match &fault {
        Some(Fault::Body(other)) => content.clone_from(other),
        Some(Fault::Headers(more)) => headers.extend(more.iter().map(|(name, value)| (*name, value.clone()))),
        _ => {}
    }
    let range = seen.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.split('-').next());
    let is_ignored = matches!(fault, Some(Fault::IgnoreRange | Fault::Restart(_)));
    let from: usize = range.filter(|_| !is_ignored).and_then(|from| from.parse().ok()).unwrap_or(0);
    let status = if from > 0 { 206 } else { 200 };
    if from > 0 {
        headers.push(("content-range", format!("bytes {from}-{}/{}", content.len() - 1, content.len())));
    }
    let body = &content[from..];
    match fault {
        Some(Fault::Unsized(_)) => head_without_length(&mut stream, status, &headers)?,
        Some(Fault::Chunked { .. }) => {
            headers.push(("transfer-encoding", "chunked".to_owned()));
            head_without_length(&mut stream, status, &headers)?;
        }
        _ => head(&mut stream, status, &headers, body.len())?,
    }
    if seen.method == "HEAD" {
        return Ok(());
    }
    match fault {
        Some(Fault::Stall(length)) => {
            stream.write_all(&body[..length])?;
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        }
        Some(Fault::Cut(length) | Fault::Restart(length) | Fault::Unsized(length)) => {
            stream.write_all(&body[..length.min(body.len())])
        }
        Some(Fault::Chunked { cut }) => {
            for chunk in body.chunks(1000) {
                write!(stream, "{:x}\r\n", chunk.len())?;
                stream.write_all(chunk)?;
                stream.write_all(b"\r\n")?;
            }
            if cut { Ok(()) } else { stream.write_all(b"0\r\n\r\n") }
        }
        Some(Fault::Trickle(pause)) => body.chunks(1000).try_for_each(|chunk| {
            std::thread::sleep(pause);
            stream.write_all(chunk)
        }),
        _ => stream.write_all(body),
    }
}

fn head(stream: &mut TcpStream, status: u16, headers: &[(&str, String)], length: usize) -> std::io::Result<()> {
    let headers = [headers, &[("Content-Length", length.to_string())]].concat();
    head_without_length(stream, status, &headers)
}

fn head_without_length(stream: &mut TcpStream, status: u16, headers: &[(&str, String)]) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n").as_bytes())
}
