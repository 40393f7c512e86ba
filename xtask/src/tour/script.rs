//! A block's commands, run by a shell as a user would type them.

use std::fs::File;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::blocks::Block;
use super::stage::Stage;
use crate::failure::{Failure, failed};

/// How long commands may take that neither build nor install.
const PATIENCE: Duration = Duration::from_secs(600);
/// The same of those that do.
const LONG_PATIENCE: Duration = Duration::from_secs(7200);
/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(120);
/// Where servers listen that are not told otherwise.
const ADDRESS: &str = "127.0.0.1:8080";

/// What a run took and printed.
pub(super) struct Run {
    pub(super) seconds: f64,
    pub(super) processor_seconds: f64,
    pub(super) printed: String,
}

/// Runs a block to its end.
pub(super) fn run(stage: &Stage, block: &Block) -> Result<Run, Failure> {
    let begun = Instant::now();
    let patience = if block.is_whole { LONG_PATIENCE } else { PATIENCE };
    let scene = stage.scene(block)?;
    let mut server: Option<Server> = None;
    let (mut printed, mut processor_seconds) = (String::new(), 0.0);
    for part in parts(block) {
        if block.has_server && is_server(part) {
            drop(server.take());
            server = Some(Server::start(shell(part, &scene.folder, &scene.environment))?);
            continue;
        }
        let times = scene.folder.join(".times");
        let script = format!("{part}\ntimes > {}", times.display());
        let output = finished(&mut shell(&script, &scene.folder, &scene.environment), &scene.folder, patience)?;
        printed += &output;
        processor_seconds += std::fs::read_to_string(&times).map_or(0.0, |times| seconds_of(&times));
        let _ = std::fs::remove_file(times);
    }
    Ok(Run { seconds: begun.elapsed().as_secs_f64(), processor_seconds, printed })
}

/// The commands that are run together: all, or with a server, each line.
fn parts(block: &Block) -> Vec<&str> {
    match block.has_server {
        true => block.script.lines().filter(|line| !line.trim().is_empty()).collect(),
        false => vec![&block.script],
    }
}

fn is_server(line: &str) -> bool {
    line.starts_with("embedkit serve")
}

fn shell(script: &str, folder: &Path, environment: &[(String, String)]) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", script]).current_dir(folder);
    shell.envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    shell
}

/// What a command prints, if it succeeds in time. Output goes to files, which no pipe can fill up.
fn finished(command: &mut Command, folder: &Path, patience: Duration) -> Result<String, Failure> {
    let (out, err) = (folder.join(".out"), folder.join(".err"));
    let create = |path: &Path| File::create(path).map_err(|error| failed(error.to_string()));
    let mut child = command
        .stdout(create(&out)?)
        .stderr(create(&err)?)
        .spawn()
        .map_err(|error| failed(format!("bash cannot be run: {error}")))?;
    let end = Instant::now() + patience;
    let status = loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None if Instant::now() > end => {
                let _ = child.kill();
                return Err(failed(format!("it takes more than {} s", patience.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let text = |path: &Path| {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|mut file| file.read_to_end(&mut text));
        let _ = (read, std::fs::remove_file(path));
        String::from_utf8_lossy(&text).into_owned()
    };
    let (out, err) = (text(&out), text(&err));
    match status.success() {
        true => Ok(out),
        false => Err(failed(format!("{status}\n{}{}", end_of(&out), end_of(&err)))),
    }
}

/// The end of what was printed, which says what went wrong.
fn end_of(text: &str) -> &str {
    const SHOWN: usize = 2000;
    let start = text.len().saturating_sub(SHOWN);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    &text[start..]
}

/// Seconds of processors of a shell's children, by what its `times` says.
fn seconds_of(times: &str) -> f64 {
    let of_children = times.lines().nth(1).unwrap_or_default();
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.replace(',', ".").parse::<f64>().ok()?)
    };
    of_children.split_whitespace().filter_map(seconds).sum()
}

/// A server that ends with this.
struct Server(Child);

impl Server {
    /// Starts one and waits until it answers.
    fn start(mut command: Command) -> Result<Self, Failure> {
        if TcpStream::connect(ADDRESS).is_ok() {
            return Err(failed(format!("something else answers at {ADDRESS}")));
        }
        // The shell gives its place to the server, which ends when it is told to.
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Self(child.map_err(|error| failed(format!("bash cannot be run: {error}")))?);
        let end = Instant::now() + START;
        while Instant::now() < end {
            if let Ok(Some(status)) = server.0.try_wait() {
                return Err(failed(format!("the server ended with {status}")));
            }
            if TcpStream::connect(ADDRESS).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(failed(format!("nothing answers at {ADDRESS}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is left to do when it has ended already.
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_tells_the_time_of_its_children() {
        assert!((seconds_of("0m0.001s 0m0.002s\n1m2.500s 0m0.250s\n") - 62.75).abs() < 1e-9);
        assert!(seconds_of("").abs() < 1e-9);
    }
}
