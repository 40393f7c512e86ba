//! A server of ours.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::side::Side;
use crate::failure::{Failure, failed};
use crate::workspace;

/// A server that ends with this.
pub(super) struct Server {
    pub(super) name: &'static str,
    /// How long it took until it was ready.
    pub(super) ready: Duration,
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts a server, and waits until it is ready.
    pub(super) fn start(
        name: &'static str,
        program: &Path,
        config: &Path,
        port: u16,
        runtime: &Path,
    ) -> Result<Self, Failure> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let since = Instant::now();
        let mut command = Command::new(program);
        command.args(["--quiet", "serve", "--port", &port.to_string(), "--config"]).arg(config);
        command.env("ORT_DYLIB_PATH", runtime).stderr(Stdio::null());
        let process =
            command.spawn().map_err(|error| failed(format!("{} cannot be run: {error}", program.display())))?;
        let mut server = Self { name, ready: Duration::ZERO, process, url: format!("http://127.0.0.1:{port}") };
        let ready = format!("{}/ready", server.url);
        let is_ready =
            || Command::new("curl").args(["-sf", "-o", "/dev/null", &ready]).status().is_ok_and(|it| it.success());
        while !is_ready() {
            if since.elapsed() > PATIENCE {
                return Err(failed(format!("{ready} was never answered well")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server.ready = since.elapsed();
        Ok(server)
    }

    /// The same as a side.
    pub(super) fn side(&self) -> Side {
        Side {
            name: self.name.to_owned(),
            url: format!("{}/v1/embeddings", self.url),
            process: Some(self.process.id()),
            metrics: Some(format!("{}/metrics", self.url)),
        }
    }

    /// Of a request's time in the server, what was not the model's, in milliseconds: the header `server-timing` tells.
    pub(super) fn beside_model(&self, body: &Path) -> Result<f64, Failure> {
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-o", "/dev/null", "-D", "-", "-H", "content-type: application/json", "--data-binary"]);
        let headers =
            workspace::output(curl.arg(format!("@{}", body.display())).arg(format!("{}/v1/embeddings", self.url)))?;
        let timing = headers.lines().find_map(|line| line.strip_prefix("server-timing:")).unwrap_or_default();
        let of = |name: &str| -> Option<f64> {
            let entry = timing.split(',').find_map(|entry| entry.trim().strip_prefix(name)?.strip_prefix(";dur="))?;
            entry.trim().parse().ok()
        };
        let times = of("total").zip(of("compute"));
        times.map(|(total, compute)| total - compute).ok_or_else(|| failed(format!("no times were told:\n{headers}")))
    }
}
