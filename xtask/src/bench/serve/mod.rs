//! The server under load, over the loopback, beside its peers: `wrk` asks, and its own summary is read.

mod bodies;
mod server;
mod side;
mod wrk;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::place::{place, print, write};
use crate::failure::{Failure, Outcome, failed};
use crate::{test, workspace};
use bodies::Bodies;
use server::Server;
use side::Side;
use wrk::Measured;

/// How the server is measured.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeOptions {
    /// JSON Lines with `text`.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// all-MiniLM-L6-v2: model.onnx, tokenizer.json and so on; without it, the compiled-in model is measured alone.
    #[arg(long, value_name = "DIR")]
    model_dir: Option<PathBuf>,
    /// A peer that runs already, as NAME=URL of its embeddings, of the same model; its process after a comma tells its
    /// memory.
    #[arg(long = "peer", value_name = "NAME=URL[,PID]")]
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

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
const PORTS: [u16; 3] = [8971, 8972, 8973];
const CLIENTS: [usize; 3] = [1, 8, 64];

pub(super) fn run(options: &ServeOptions) -> Outcome {
    let program = program(options)?;
    let place = place();
    let bodies = Bodies::write(&options.corpus, &place)?;
    let servers = servers(options, &program, &place)?;
    let mut sides: Vec<Side> = servers.iter().map(Server::side).collect();
    for peer in &options.peers {
        sides.push(Side::peer(peer)?);
    }
    let mut report = String::from("## Start\n\n");
    for server in &servers {
        let _ = writeln!(report, "* {}: ready after {:?}", server.name, server.ready);
    }
    load(options, &sides, &bodies, &mut report)?;
    beside(options, &sides, &bodies, &mut report)?;
    large_answers(&servers, &bodies, &mut report)?;
    report.push_str("\n## Memory\n\n| side | peak, MiB | processor seconds |\n| --- | --: | --: |\n");
    for side in &sides {
        let (peak, seconds) = side.resources();
        let _ = writeln!(report, "| {} | {peak} | {seconds} |", side.name);
    }
    drop(servers);
    write(&place.join("serve.md"), &report)?;
    print(&report);
    Ok(())
}

/// Ours: the compiled-in model, and MiniLM twice.
fn servers(options: &ServeOptions, program: &Path, place: &Path) -> Result<Vec<Server>, Failure> {
    let runtime = test::runtime()?;
    let mut configs = vec![("embedkit, compiled-in model", String::new())];
    if let Some(folder) = &options.model_dir {
        let folder = std::path::absolute(folder).map_err(|error| failed(error.to_string()))?;
        let model = format!("[[model]]\nid = {MINILM:?}\ndir = {:?}\n", folder.display().to_string());
        configs.push(("embedkit", model.clone()));
        configs.push(("embedkit, a call a request", model + "share-batches = false\n"));
    }
    let start = |((name, config), port): ((&'static str, String), u16)| {
        let file = place.join(format!("serve-{port}.toml"));
        // A job of long texts takes longer than most requests should.
        write(&file, &format!("request-timeout = \"15m\"\n{config}"))?;
        Server::start(name, program, &file, port, &runtime)
    };
    configs.into_iter().zip(PORTS).map(start).collect()
}

fn program(options: &ServeOptions) -> Result<PathBuf, Failure> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    let mut cargo = Command::new(workspace::cargo());
    workspace::succeed(cargo.current_dir(workspace::root()).args(["build", "--release", "--package", "embedkit-cli"]))?;
    Ok(workspace::target().join("release/embedkit").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Requests of one text and of 32, from several clients at once.
fn load(options: &ServeOptions, sides: &[Side], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str(
        "\n## Load\n\n| work | clients | side | texts a second | mean | p50 | p99 | beside the model, mean | failed |\n\
         | --- | --: | --- | --: | --: | --: | --: | --: | --: |\n",
    );
    for round in 0..options.rounds {
        for (work, texts, file) in
            [("short texts, one a request", 1, &bodies.short), ("mixed texts, 32 a request", 32, &bodies.mixed)]
        {
            for clients in CLIENTS {
                for side in sides {
                    let before = side.time_in_model();
                    let measured = wrk::measure(&side.url, clients, options.seconds, file)?;
                    let Measured { requests, mean, median, slowest, failures } = &measured;
                    let rate = requests * f64::from(texts);
                    // What one client waits for beside its model: with more of them it waits for others.
                    let beside = before.zip(side.time_in_model()).filter(|_| clients == 1);
                    let beside = beside.and_then(|(before, after)| measured.beside(after.since(before)));
                    let beside = beside.map_or_else(String::new, |time| format!("{:.2} ms", time * 1e3));
                    let line = format!(
                        "| {work} | {clients} | {} | {rate:.0} | {mean} | {median} | {slowest} | {beside} | {failures} |",
                        side.name
                    );
                    eprintln!("round {}: {line}", round + 1);
                    let _ = writeln!(report, "{line}");
                }
            }
        }
    }
    Ok(())
}

/// Short texts, alone and while another client has a job of 2,048 long ones.
fn beside(options: &ServeOptions, sides: &[Side], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str(
        "\n## Short texts beside a job of 2,048\n\n| side | p50 alone | p99 alone | p50 beside it | p99 beside it | a batch, mean |\n\
         | --- | --: | --: | --: | --: | --: |\n",
    );
    for side in sides {
        let alone = wrk::measure(&side.url, 1, options.seconds, &bodies.short)?;
        let before = side.time_in_model();
        let is_over = AtomicBool::new(false);
        let crowded = std::thread::scope(|scope| {
            scope.spawn(|| side.keep_busy(&bodies.job, || is_over.load(Ordering::Relaxed)));
            // The job has begun.
            std::thread::sleep(std::time::Duration::from_secs(2));
            let crowded = wrk::measure(&side.url, 1, options.seconds * 3, &bodies.short);
            is_over.store(true, Ordering::Relaxed);
            crowded
        })?;
        let batch = before.zip(side.time_in_model()).and_then(|(before, after)| after.since(before).of_a_batch());
        let batch = batch.map_or_else(String::new, |time| format!("{:.0} ms", time * 1e3));
        let line = format!(
            "| {} | {} | {} | {} | {} | {batch} |",
            side.name, alone.median, alone.slowest, crowded.median, crowded.slowest
        );
        eprintln!("{line}");
        let _ = writeln!(report, "{line}");
    }
    Ok(())
}

/// What an answer of 2,048 vectors takes beside the model: reading the request, and writing the answer.
fn large_answers(servers: &[Server], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str("\n## 2,048 vectors in one answer, beside the model\n\n| format | ms |\n| --- | --: |\n");
    let Some(server) = servers.first() else { return Ok(()) };
    for (format, body) in [("JSON floats", &bodies.job_of_short), ("base64", &bodies.job_of_short_base64)] {
        let mut times = (0..9).map(|_| server.beside_model(body)).collect::<Result<Vec<f64>, _>>()?;
        times.sort_by(f64::total_cmp);
        let _ = writeln!(report, "| {format} | {:.1} |", times[times.len() / 2]);
    }
    Ok(())
}
