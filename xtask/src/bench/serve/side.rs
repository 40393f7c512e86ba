//! A side that is asked: a server of ours, or a peer.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::bench::process::{peak_bytes, processor_seconds};
use crate::failure::{Failure, failed};
use crate::workspace;

/// A side that is asked.
pub(super) struct Side {
    pub(super) name: String,
    /// Where embeddings are asked for.
    pub(super) url: String,
    pub(super) process: Option<u32>,
    /// Where it tells of itself; peers do not, in a way that is read here.
    pub(super) metrics: Option<String>,
}

/// What a model took since the server started: seconds of preparing and running batches, and how many there were.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelTime {
    seconds: f64,
    batches: f64,
}

impl ModelTime {
    pub(super) fn since(self, before: Self) -> Self {
        Self { seconds: self.seconds - before.seconds, batches: self.batches - before.batches }
    }

    /// The mean of a batch, in seconds; none where there was none.
    pub(super) fn of_a_batch(self) -> Option<f64> {
        (self.batches > 0.0).then_some(self.seconds / self.batches)
    }
}

impl Side {
    /// A peer, as an argument says it.
    pub(super) fn peer(text: &str) -> Result<Self, Failure> {
        let (name, url) = text.split_once('=').ok_or_else(|| failed(format!("{text}: write it as NAME=URL")))?;
        let (url, process) = match url.rsplit_once(',') {
            Some((url, process)) => (url, process.parse().ok()),
            None => (url, None),
        };
        Ok(Self { name: name.to_owned(), url: url.to_owned(), process, metrics: None })
    }

    /// Posts a file again and again until there is enough; the last request is given up.
    pub(super) fn keep_busy(&self, body: &Path, is_enough: impl Fn() -> bool) {
        while !is_enough() {
            let mut curl = Command::new("curl");
            curl.args(["-s", "-o", "/dev/null", "-H", "content-type: application/json", "--data-binary"]);
            let Ok(mut asking) = curl.arg(format!("@{}", body.display())).arg(&self.url).spawn() else { return };
            while asking.try_wait().is_ok_and(|ended| ended.is_none()) {
                if is_enough() {
                    let _ = asking.kill();
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// What its model took so far, where it tells.
    pub(super) fn time_in_model(&self) -> Option<ModelTime> {
        let text = workspace::output(Command::new("curl").args(["-s", self.metrics.as_ref()?])).ok()?;
        let sum = |name: &str| -> f64 {
            let is_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
            text.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let seconds = sum("embedkit_prepare_duration_seconds_sum") + sum("embedkit_inference_duration_seconds_sum");
        Some(ModelTime { seconds, batches: sum("embedkit_inference_duration_seconds_count") })
    }

    /// Its peak memory in MiB and its processor time in seconds, as the system has them.
    pub(super) fn resources(&self) -> (String, String) {
        self.process.map_or_else(Default::default, |process| {
            ((peak_bytes(process) >> 20).to_string(), format!("{:.0}", processor_seconds(process)))
        })
    }
}
