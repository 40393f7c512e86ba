//! A side that runs: asked, and watched for memory and processor time. Needs Linux's `/proc`.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bench_protocol::{Config, Reply, Request};

use crate::failure::{Failure, failed};

/// How often a side with worker processes is looked at.
const PERIOD: Duration = Duration::from_millis(100);
/// Clock ticks a second in `/proc`.
const TICKS: f64 = 100.0;

/// A started side. It ends when this is dropped.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub(super) started: Instant,
    watch: Watch,
}

impl Process {
    /// Starts a side.
    pub(super) fn start(mut command: Command, config: &Config) -> Result<Self, Failure> {
        let config = serde_json::to_string(config).map_err(|e| failed(e.to_string()))?;
        let started = Instant::now();
        let child = command.arg(config).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| failed(format!("{command:?}: {e}")))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| failed("no stdout"))?;
        let watch = Watch::start(child.id());
        Ok(Self { child, stdin, stdout: BufReader::new(stdout), started, watch })
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        let broken = |what: String| failed(format!("the side does not answer ({what}); its messages stand above"));
        let request = serde_json::to_string(request).map_err(|e| failed(e.to_string()))?;
        let stdin = self.stdin.as_mut().ok_or_else(|| failed("no stdin"))?;
        writeln!(stdin, "{request}").and_then(|()| stdin.flush()).map_err(|e| broken(e.to_string()))?;
        let mut line = String::new();
        self.stdout.read_line(&mut line).map_err(|e| broken(e.to_string()))?;
        serde_json::from_str(&line).map_err(|e| broken(e.to_string()))
    }

    /// Most memory so far, of the side and its workers, in bytes.
    pub(super) fn peak_bytes(&self) -> u64 {
        peak_bytes(self.child.id()).max(self.watch.peak.load(Ordering::Relaxed))
    }

    /// Memory at the moment, in bytes.
    pub(super) fn resident_bytes(&self) -> u64 {
        kilobytes(&format!("/proc/{}/status", self.child.id()), "VmRSS:") * 1024
    }

    /// Processor time so far, of the side and the workers it has ended.
    pub(super) fn processor_seconds(&self) -> f64 {
        processor_seconds(self.child.id())
    }
}

/// Most memory so far of a process alone, in bytes.
pub(super) fn peak_bytes(process: u32) -> u64 {
    kilobytes(&format!("/proc/{process}/status"), "VmHWM:") * 1024
}

/// Processor time so far of a process and of those that it has waited for.
pub(super) fn processor_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in brackets, may hold spaces; user and system time are the 14th to the 17th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: f64 = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS
}

impl Drop for Process {
    fn drop(&mut self) {
        self.watch.stop();
        // Its stdin ends, and so does the side.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Sums the memory of a process and its workers now and then, for as long as it has some.
struct Watch {
    peak: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn start(root: u32) -> Self {
        let (peak, stopped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (peak, stopped) = (peak.clone(), stopped.clone());
            move || {
                while !stopped.load(Ordering::Relaxed) {
                    let tree = tree(root);
                    if tree.len() > 1 {
                        peak.fetch_max(tree.iter().map(share).sum(), Ordering::Relaxed);
                    }
                    std::thread::sleep(PERIOD);
                }
            }
        });
        Self { peak, stopped, thread: Some(thread) }
    }

    fn stop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A process and all below it.
fn tree(root: u32) -> Vec<u32> {
    let mut processes = vec![root];
    let mut next = 0;
    while let Some(process) = processes.get(next).copied() {
        for task in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let children: PathBuf = task.path().join("children");
            let children = std::fs::read_to_string(children).unwrap_or_default();
            processes.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        next += 1;
    }
    processes
}

/// Memory of a process in bytes, that shared with others divided among them.
fn share(process: &u32) -> u64 {
    kilobytes(&format!("/proc/{process}/smaps_rollup"), "Pss:") * 1024
}

fn kilobytes(path: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(field));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
