//! The least of an HTTP client: every byte of a request can be said.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Asks a server, with a connection for each request.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    patience: Duration,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new(), patience: Duration::from_secs(60) }
    }

    /// Waits so long for each answer.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Posts JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    /// Posts a text as JSON.
    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        self.clone().with("content-type", "application/json").send("POST", path, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    /// Sends a request and reads the answer.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        self.write(&mut stream, method, path, body);
        read(stream)
    }

    /// Sends a request, and gives the connection on which it will be answered.
    pub fn begin(&self, path: &str, body: &Value) -> TcpStream {
        let mut stream = self.connect();
        self.clone().with("content-type", "application/json").write(&mut stream, "POST", path, &body.to_string());
        stream
    }

    /// A connection for one request after the other.
    pub fn keep(&self) -> Connection {
        Connection { client: self.clone(), reader: None }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(self.patience)).unwrap();
        stream
    }

    fn write(&self, stream: &mut TcpStream, method: &str, path: &str, body: &str) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head.push_str("host: localhost\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        // A server may answer, and close, before all of it was sent.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
    }

    /// Waits until the server is ready.
    pub fn wait_until_ready(&self) {
        self.wait_for("it to be ready", || self.get("/ready").status == 200);
    }

    /// Waits until something is so.
    pub fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let since = Instant::now();
        while !is_so() {
            assert!(since.elapsed() < Duration::from_secs(60), "waited too long for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The value of a counter with these labels; 0 where it is not there.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.get("/metrics").body;
        let is_it = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && labels.iter().all(|label| line.contains(label))
        };
        text.lines().filter(is_it).map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }
}

/// Reads an answer to its end.
pub fn read(stream: TcpStream) -> Answer {
    receive(&mut BufReader::new(stream)).unwrap()
}

/// Reads an answer; an error where the connection ends before it.
fn receive(reader: &mut impl BufRead) -> std::io::Result<Answer> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let status = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers: BTreeMap<String, String> = lines
        .iter()
        .skip(1)
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let mut body = String::new();
    match headers.get("content-length").and_then(|length| length.parse::<u64>().ok()) {
        Some(length) => drop(reader.take(length).read_to_string(&mut body)?),
        None => drop(reader.read_to_string(&mut body)),
    }
    Ok(Answer { status: status.unwrap_or(0), headers, body })
}

/// A connection for one request after the other.
pub struct Connection {
    client: Client,
    reader: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// Posts JSON, on a new connection if the server closed the last.
    pub fn post(&mut self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        loop {
            let is_new = self.reader.is_none();
            let reader = self.reader.get_or_insert_with(|| BufReader::new(self.client.connect()));
            let sent = reader.get_mut().write_all(format!("{head}{body}").as_bytes());
            let answer = sent.and_then(|()| receive(reader)).ok().filter(|answer| answer.status != 0);
            if answer.as_ref().is_none_or(|answer| answer.header("connection") == "close") {
                self.reader = None;
            }
            if let Some(answer) = answer {
                return answer;
            }
            assert!(!is_new, "a new connection was not answered");
        }
    }
}
