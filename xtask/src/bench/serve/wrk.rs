//! A measurement by `wrk`.

use std::path::Path;
use std::process::Command;

use super::side::ModelTime;
use crate::failure::{Failure, failed};
use crate::workspace;

/// What `wrk` says of a measurement.
pub(super) struct Measured {
    pub(super) requests: f64,
    pub(super) mean: String,
    pub(super) median: String,
    pub(super) slowest: String,
    pub(super) failures: String,
}

impl Measured {
    /// Of a request's mean time, what was not the model's, in seconds.
    pub(super) fn beside(&self, model: ModelTime) -> Option<f64> {
        Some(seconds(&self.mean)? - model.of_a_batch()?)
    }
}

/// Asks for so long, with so many clients; the bodies are lines of a file.
pub(super) fn measure(url: &str, clients: usize, seconds: u32, bodies: &Path) -> Result<Measured, Failure> {
    let script = workspace::root().join("xtask/bench/serve.lua");
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "--latency", "--timeout", "60"]).args([format!("-c{clients}"), format!("-d{seconds}s")]);
    let summary = workspace::output(wrk.arg("-s").arg(script).arg(url).env("BODIES", bodies))?;
    let after = |name: &str| {
        let line = summary.lines().map(str::trim).find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim_start_matches(':').trim().to_owned())
    };
    let requests = after("Requests/sec").and_then(|rate| rate.parse().ok());
    // The first line of this name has mean, deviation and maximum, the second is a heading.
    let mean = after("Latency").and_then(|line| line.split_whitespace().next().map(str::to_owned));
    Ok(Measured {
        requests: requests.ok_or_else(|| failed(format!("wrk said no rate:\n{summary}")))?,
        mean: mean.unwrap_or_default(),
        median: after("50%").unwrap_or_default(),
        slowest: after("99%").unwrap_or_default(),
        failures: after("Non-2xx or 3xx responses").unwrap_or_else(|| "0".to_owned()),
    })
}

/// A time as `wrk` writes it: `1.23ms`, `456.00us`, `2.10s`.
fn seconds(text: &str) -> Option<f64> {
    let units = [("us", 1e6), ("ms", 1e3), ("s", 1.0), ("m", 1.0 / 60.0)];
    units.iter().find_map(|(unit, in_a_second)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? / in_a_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        for (text, expected) in [("1.50ms", Some(0.0015)), ("20us", Some(2e-5)), ("2.10s", Some(2.1)), ("", None)] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
