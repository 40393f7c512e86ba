//! A server that this starts: ours, or a peer.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::side::Side;
use crate::failure::{Failure, failed};
use crate::workspace;

/// A server that ends with this.
pub(super) struct Server {
    pub(super) side: Side,
    /// How long it took until it was ready.
    pub(super) ready: Duration,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts our program, with a configuration.
    pub(super) fn ours(name: &str, program: &Path, config: &Path, port: u16, runtime: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["--quiet", "serve", "--port", &port.to_string(), "--config"]).arg(config);
        command.env("ORT_DYLIB_PATH", runtime);
        let url = format!("http://127.0.0.1:{port}");
        let mut server = Self::start(name, command, &url, "/ready")?;
        server.side.metrics = Some(format!("{url}/metrics"));
        Ok(server)
    }

    /// Starts a server, and waits until it says at a path that it is ready.
    pub(super) fn start(name: &str, mut command: Command, url: &str, ready_at: &str) -> Result<Self, Failure> {
        const PATIENCE: Duration = Duration::from_secs(180);
        let since = Instant::now();
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.map_err(|error| failed(format!("{command:?}: {error}")))?;
        let side = Side {
            name: name.to_owned(),
            url: format!("{url}/v1/embeddings"),
            process: Some(process.id()),
            metrics: None,
        };
        let mut server = Self { side, ready: Duration::ZERO, process };
        let ready = format!("{url}{ready_at}");
        let is_ready =
            || Command::new("curl").args(["-sf", "-o", "/dev/null", &ready]).status().is_ok_and(|it| it.success());
        while !is_ready() {
            if since.elapsed() > PATIENCE || server.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Err(failed(format!("{name}: {ready} was never answered well by {command:?}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server.ready = since.elapsed();
        Ok(server)
    }

    /// Of a request's time in the server, what was not the model's, in seconds: the header `server-timing` tells.
    pub(super) fn beside_model(&self, body: &Path) -> Result<f64, Failure> {
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-o", "/dev/null", "-D", "-", "-H", "content-type: application/json", "--data-binary"]);
        let headers = workspace::output(curl.arg(format!("@{}", body.display())).arg(&self.side.url))?;
        let timing = headers.lines().find_map(|line| line.strip_prefix("server-timing:")).unwrap_or_default();
        let of = |name: &str| -> Option<f64> {
            let entry = timing.split(',').find_map(|entry| entry.trim().strip_prefix(name)?.strip_prefix(";dur="))?;
            entry.trim().parse().ok()
        };
        let times = of("total").zip(of("compute"));
        times
            .map(|(total, compute)| (total - compute) / 1e3)
            .ok_or_else(|| failed(format!("no times were told:\n{headers}")))
    }
}
