//! The server under load, over the loopback, beside its peers: `wrk` asks, and its own summary is read.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use super::place::{place, print, write};
use crate::failure::{Failure, Outcome, failed};
use crate::{test, workspace};

/// How the server is measured.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeOptions {
    /// JSON Lines with `text`.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// all-MiniLM-L6-v2: model.onnx, tokenizer.json and so on; without it, the compiled-in model is measured alone.
    #[arg(long, value_name = "DIR")]
    model_dir: Option<PathBuf>,
    /// A peer that runs already, as NAME=URL of its embeddings, of the same model.
    #[arg(long = "peer", value_name = "NAME=URL")]
    peers: Vec<String>,
    /// Seconds of each measurement.
    #[arg(long, value_name = "S", default_value = "10")]
    seconds: u32,
    /// How often everything is measured, by turns.
    #[arg(long, value_name = "N", default_value = "2")]
    rounds: usize,
    /// The program; default: a release is built.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// A side that is asked.
struct Side {
    name: String,
    url: String,
}

/// A server that ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `wrk` says of a measurement.
struct Measured {
    requests: f64,
    median: String,
    slowest: String,
    failures: String,
}

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
const PORTS: [u16; 3] = [8971, 8972, 8973];

pub(super) fn run(options: &ServeOptions) -> Outcome {
    let program = program(options)?;
    let place = place();
    let runtime = test::runtime()?;
    let config = |name: &str, text: String| -> Result<PathBuf, Failure> {
        write(&place.join(name), &text)?;
        Ok(place.join(name))
    };
    let mut servers = vec![start(&program, &config("static.toml", String::new())?, PORTS[0], &runtime)?];
    let mut sides = Vec::new();
    if let Some(folder) = &options.model_dir {
        let folder = std::path::absolute(folder).map_err(|error| failed(error.to_string()))?;
        let model = format!("[[model]]\nid = {MINILM:?}\ndir = {:?}\n", folder.display().to_string());
        for (number, (name, more)) in
            [("embedkit", ""), ("embedkit, a call a request", "share-batches = false\n")].into_iter().enumerate()
        {
            let file = config(&format!("minilm-{number}.toml"), format!("{model}{more}"))?;
            servers.push(start(&program, &file, PORTS[number + 1], &runtime)?);
            sides.push(side(name, PORTS[number + 1]));
        }
    }
    for peer in &options.peers {
        let (name, url) = peer.split_once('=').ok_or_else(|| failed(format!("{peer}: write it as NAME=URL")))?;
        sides.push(Side { name: name.to_owned(), url: url.to_owned() });
    }
    let bodies = bodies(options, &place)?;
    let mut report = String::from(
        "| work | clients | side | texts a second | p50 | p99 | failed |\n| --- | --: | --- | --: | --: | --: | --: |\n",
    );
    let compiled_in = [side("embedkit, compiled-in model", PORTS[0])];
    for round in 0..options.rounds {
        for (work, texts, file) in &bodies {
            for clients in [1, 8, 64] {
                for side in compiled_in.iter().chain(&sides) {
                    let measured = measure(options, &side.url, clients, file)?;
                    let Measured { requests, median, slowest, failures } = measured;
                    let rate = requests * *texts as f64;
                    let line = format!(
                        "| {work} | {clients} | {} | {rate:.0} | {median} | {slowest} | {failures} |",
                        side.name
                    );
                    eprintln!("round {}: {line}", round + 1);
                    let _ = writeln!(report, "{line}");
                }
            }
        }
    }
    drop(servers);
    write(&place.join("serve.md"), &report)?;
    print(&report);
    Ok(())
}

fn side(name: &str, port: u16) -> Side {
    Side { name: name.to_owned(), url: format!("http://127.0.0.1:{port}/v1/embeddings") }
}

fn program(options: &ServeOptions) -> Result<PathBuf, Failure> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    let mut cargo = Command::new(workspace::cargo());
    workspace::succeed(cargo.current_dir(workspace::root()).args(["build", "--release", "--package", "embedkit-cli"]))?;
    Ok(workspace::target().join("release/embedkit").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Starts a server, and waits until it is ready; tells how long that took.
fn start(program: &Path, config: &Path, port: u16, runtime: &Path) -> Result<Server, Failure> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let since = Instant::now();
    let mut command = Command::new(program);
    command.args(["--quiet", "serve", "--port", &port.to_string(), "--config"]).arg(config);
    command.env("ORT_DYLIB_PATH", runtime).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| failed(format!("{} cannot be run: {error}", program.display())))?;
    let server = Server(child);
    let ready = format!("http://127.0.0.1:{port}/ready");
    while !Command::new("curl").args(["-sf", "-o", "/dev/null", &ready]).status().is_ok_and(|status| status.success()) {
        if since.elapsed() > PATIENCE {
            return Err(failed(format!("{ready} was never answered well")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    eprintln!("{}: ready after {:?}", config.display(), since.elapsed());
    Ok(server)
}

/// The bodies of requests: short texts one by one, and 32 of mixed lengths together.
fn bodies(options: &ServeOptions, place: &Path) -> Result<Vec<(&'static str, usize, PathBuf)>, Failure> {
    let corpus = std::fs::read_to_string(&options.corpus).map_err(|error| failed(error.to_string()))?;
    let text = |line: &str| -> Option<String> {
        serde_json::from_str::<serde_json::Value>(line).ok()?["text"].as_str().map(str::to_owned)
    };
    let texts: Vec<String> = corpus.lines().filter_map(text).take(512).collect();
    let short = |text: &String| {
        let words: Vec<&str> = text.split_whitespace().take(12).collect();
        Some(words.join(" ")).filter(|text| (20..=80).contains(&text.len()))
    };
    let body = |input: serde_json::Value| serde_json::json!({"input": input, "encoding_format": "base64"}).to_string();
    let ones: Vec<String> = texts.iter().filter_map(short).take(256).map(|text| body(text.into())).collect();
    let many: Vec<String> = texts.chunks_exact(32).map(|texts| body(texts.into())).collect();
    if ones.is_empty() || many.is_empty() {
        return Err(failed(format!("{} has too few texts", options.corpus.display())));
    }
    let mut files = Vec::new();
    for (name, texts, lines) in [("short texts, one a request", 1, ones), ("mixed texts, 32 a request", 32, many)] {
        let file = place.join(format!("bodies-{texts}.jsonl"));
        write(&file, &(lines.join("\n") + "\n"))?;
        files.push((name, texts, file));
    }
    Ok(files)
}

fn measure(options: &ServeOptions, url: &str, clients: usize, bodies: &Path) -> Result<Measured, Failure> {
    let script = workspace::root().join("xtask/bench/serve.lua");
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "--latency", "--timeout", "60"]).args([format!("-c{clients}"), format!("-d{}s", options.seconds)]);
    let summary = workspace::output(wrk.arg("-s").arg(script).arg(url).env("BODIES", bodies))?;
    let after = |name: &str| {
        let line = summary.lines().map(str::trim).find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim_start_matches(':').trim().to_owned())
    };
    let requests = after("Requests/sec").and_then(|rate| rate.parse().ok());
    Ok(Measured {
        requests: requests.ok_or_else(|| failed(format!("wrk said no rate:\n{summary}")))?,
        median: after("50%").unwrap_or_default(),
        slowest: after("99%").unwrap_or_default(),
        failures: after("Non-2xx or 3xx responses").unwrap_or_else(|| "0".to_owned()),
    })
}
