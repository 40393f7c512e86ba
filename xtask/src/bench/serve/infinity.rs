//! infinity as a peer: with its engine for ONNX graphs, on the same file, as it is started for that and as it is at
//! its best.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use crate::bench::programs;
use crate::failure::{Failure, failed};

/// How it is called, its port, and what else it is told. By default it runs a graph in 8 bits where there is one, and
/// says so only in its log; by its warm-up it reports ready later.
const SIDES: [(&str, u16, &[&str]); 2] = [
    ("infinity", 8981, &["--no-model-warmup", "--onnx-disable-optimize"]),
    ("infinity, optimised and warmed up", 8982, &["--model-warmup", "--no-onnx-disable-optimize"]),
];

/// Starts its sides, of an environment, or of one that is made.
pub(super) fn start(environment: Option<&Path>, model: &Path, place: &Path) -> Result<Vec<Server>, Failure> {
    let program = match environment {
        Some(folder) => folder.join("bin/infinity_emb"),
        None => programs::infinity()?.program("infinity_emb"),
    };
    let side = |(name, port, more): (&str, u16, &[&str])| {
        // A copy: its optimiser writes beside the model.
        let home = place.join(format!("infinity-{port}"));
        let copy = copied(model, &home.join("model"))?;
        let mut command = Command::new(&program);
        command.args(["v2", "--served-model-name", "minilm", "--engine", "optimum", "--device", "cpu"]);
        command.args(["--pooling-method", "mean", "--no-trust-remote-code", "--no-bettertransformer"]);
        command.args(["--onnx-do-not-prefer-quantized", "--host", "127.0.0.1", "--url-prefix", "/v1"]);
        command.args(["--port", &port.to_string(), "--model-id"]).arg(&copy).args(more);
        command.env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE");
        command.envs([("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_OFFLINE", "1"), ("DO_NOT_TRACK", "1")]);
        command.env("INFINITY_ANONYMOUS_USAGE_STATS", "0").env("INFINITY_HOME", &home).env("HF_HOME", &home);
        Server::start(name, command, &format!("http://127.0.0.1:{port}"), "/health")
    };
    SIDES.into_iter().map(side).collect()
}

/// Copies a model; the copy's plain path, as infinity knows no file of a folder with `..` in it.
fn copied(from: &Path, to: &Path) -> Result<PathBuf, Failure> {
    let copy = || -> std::io::Result<PathBuf> {
        if to.exists() {
            std::fs::remove_dir_all(to)?;
        }
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            if entry.path().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        to.canonicalize()
    };
    copy().map_err(|error| failed(format!("{}: {error}", to.display())))
}
