//! A measurement by `wrk`.

use std::path::Path;
use std::process::Command;

use super::figures::Figures;
use crate::failure::{Failure, failed};
use crate::workspace;

/// Asks for so long, with so many clients; the bodies are lines of a file.
pub(super) fn measure(url: &str, clients: usize, seconds: u32, bodies: &Path) -> Result<Figures, Failure> {
    let script = workspace::root().join("xtask/bench/serve.lua");
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "--latency", "--timeout", "120"]).args([format!("-c{clients}"), format!("-d{seconds}s")]);
    let summary = workspace::output(wrk.arg("-s").arg(script).arg(url).env("BODIES", bodies))?;
    read(&summary).ok_or_else(|| failed(format!("wrk said no rate or no times:\n{summary}")))
}

/// What a summary says.
fn read(summary: &str) -> Option<Figures> {
    let after = |name: &str| {
        let line = summary.lines().map(str::trim).find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim_start_matches(':').trim())
    };
    let rate: f64 = after("Requests/sec")?.parse().ok()?;
    // Where nothing was answered in that time, it says that the times are 0.
    let time = |name| after(name).and_then(seconds).map(|time| if rate > 0.0 { time } else { f64::INFINITY });
    Some(Figures {
        rate,
        median: time("50%")?,
        slowest: time("99%")?,
        failures: after("Non-2xx or 3xx responses").map_or(Some(0), |count| count.parse().ok())?,
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

    #[test]
    fn a_summary_is_read() {
        let summary = "Running 1s test @ http://127.0.0.1:8080/\n  1 threads and 8 connections\n  Thread Stats   Avg      \
                       Stdev     Max   +/- Stdev\n    Latency     4.01ms    1.00ms  20.00ms   90.00%\n  Latency Distribution\n     \
                       50%    3.90ms\n     75%    4.50ms\n     90%    5.00ms\n     99%    8.00ms\n  200 requests in 1.00s, 1.00MB \
                       read\n  Non-2xx or 3xx responses: 3\nRequests/sec:    200.25\nTransfer/sec:      1.00MB\n";
        let Figures { rate, median, slowest, failures } = read(summary).unwrap();
        assert_eq!((rate, median, slowest, failures), (200.25, 0.0039, 0.008, 3));
        let none = read("Latency Distribution\n 50% 0.00us\n 99% 0.00us\nRequests/sec: 0.00\n").unwrap();
        assert_eq!((none.rate, none.median, none.slowest), (0.0, f64::INFINITY, f64::INFINITY));
        assert!(read("nothing").is_none());
    }
}
