//! What the numbers were measured on and with.

use std::process::Command;

use super::options::Options;
use super::programs::Programs;
use crate::failure::Failure;
use crate::workspace;

/// Facts, each with its name.
pub(super) fn facts(options: &Options, programs: &Programs) -> Result<Vec<(&'static str, String)>, Failure> {
    const VERSIONS: &str = "import importlib.metadata as m, platform; \
        print('Python', platform.python_version(), *[', %s %s' % (d, m.version(d)) for d in \
        ('fastembed', 'onnxruntime', 'tokenizers', 'numpy', 'model2vec') \
        if any(x.metadata['Name'] == d for x in m.distributions())], sep=' ')";
    let proc = |file: &str, field: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(field));
        line.and_then(|line| line.split_once(':')).map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let versions = match &programs.python {
        Some(python) => workspace::output(Command::new(python).args(["-c", VERSIONS]))?.trim().replace(" ,", ","),
        None => String::new(),
    };
    Ok(vec![
        ("date", workspace::output(Command::new("date").args(["-u", "+%F"]))?.trim().to_owned()),
        ("processor", proc("/proc/cpuinfo", "model name")),
        ("cores", std::thread::available_parallelism().map_or_else(|e| e.to_string(), |cores| cores.to_string())),
        ("memory", proc("/proc/meminfo", "MemTotal")),
        ("load at the end (1, 5, 15 minutes)", load.split(' ').take(3).collect::<Vec<_>>().join(", ")),
        ("versions", versions),
        ("compiler", workspace::output(Command::new("rustc").arg("--version"))?.trim().to_owned()),
        ("peers in Rust", "fastembed 7.5.0, model2vec-rs 0.4.0, with the same ONNX Runtime library".to_owned()),
        ("threads", "every side as it comes: all cores; `A×B` is A sessions of B threads".to_owned()),
        ("rounds", format!("{}; of each number the median, and in brackets the least and the most", options.rounds())),
        ("job", format!("done again, on the same items, until it has taken {} s", options.seconds())),
    ])
}
