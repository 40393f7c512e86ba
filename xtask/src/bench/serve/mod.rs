//! The server under load, over the loopback, beside its peers and beside the library: `wrk` asks, and its own summary is
//! read.

mod agreement;
mod bodies;
mod figures;
mod infinity;
mod limit;
mod load;
mod server;
mod side;
mod wrk;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::named::Named;
use super::place::{place, print};
use super::programs::Programs;
use super::serve_options::{Part, ServeOptions};
use super::sides;
use crate::failure::{Failure, Outcome};
use crate::files::{absolute, write};
use crate::{test, workspace};
use bodies::Bodies;
use figures::milliseconds;
use limit::Limit;
use server::Server;
use side::Side;

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
/// The ports of ours.
const PORTS: [u16; 3] = [8971, 8972, 8973];

/// Sides with the same model, and the library with it.
struct Group {
    name: &'static str,
    /// The parts that are its load of short texts and of many.
    load: [Part; 2],
    servers: Vec<Server>,
    /// Peers that run already.
    peers: Vec<Side>,
    limit: Limit,
}

impl Group {
    fn sides(&self) -> Vec<&Side> {
        self.servers.iter().map(|server| &server.side).chain(&self.peers).collect()
    }
}

pub(super) fn run(options: &ServeOptions) -> Outcome {
    let place = place();
    let bodies = Bodies::write(&options.corpus, &place)?;
    let mut groups = groups(options, &place)?;
    let mut report = String::from("## Start\n\n| side | ready after, ms |\n| --- | --: |\n");
    for server in groups.iter().flat_map(|group| &group.servers) {
        let _ = writeln!(report, "| {} | {} |", server.side.name, milliseconds(server.ready.as_secs_f64()));
    }
    for group in &groups {
        agreement::check(&group.sides(), &bodies.some)?;
    }
    load::measure(options, &mut groups, &bodies, &mut report)?;
    report.push_str("\n## Memory\n\n| side | peak, MiB | processor seconds |\n| --- | --: | --: |\n");
    for side in groups.iter().flat_map(Group::sides) {
        let (peak, seconds) = side.resources();
        let _ = writeln!(report, "| {} | {peak} | {seconds} |", side.name);
    }
    if options.wants(Part::Answers) {
        large_answers(&groups, &bodies, &mut report)?;
    }
    if options.wants(Part::Beside) {
        report.push_str(BESIDE);
        for group in groups.into_iter().filter(|group| group.load != [Part::Static; 2]) {
            for server in group.servers {
                // It ends before the next is asked: some go on with a job that nobody waits for.
                beside(options, &server.side, &bodies, &mut report)?;
            }
            group.peers.iter().try_for_each(|side| beside(options, side, &bodies, &mut report))?;
        }
    }
    write(&place.join("serve.md"), &report)?;
    print(&report);
    Ok(())
}

/// The compiled-in model by itself, and MiniLM on all sides, as far as they are asked for.
fn groups(options: &ServeOptions, place: &Path) -> Result<Vec<Group>, Failure> {
    let program = program(options)?;
    let runtime = test::runtime()?;
    let library = Programs::ready(Named::default(), &[sides::ours()], place)?;
    let ours = |name, config: &str, port| {
        let file = place.join(format!("serve-{port}.toml"));
        // A job of long texts takes longer than most requests should.
        write(&file, format!("request-timeout = \"15m\"\n{config}"))?;
        Server::ours(name, &program, &file, port, &runtime)
    };
    let mut groups = Vec::new();
    if options.wants(Part::Static) || options.wants(Part::Answers) {
        let servers = vec![ours("embedkit, compiled-in model", "", PORTS[0])?];
        let limit = Limit::start(&library, "static", Path::new(""))?;
        let load = [Part::Static; 2];
        groups.push(Group { name: "compiled-in model", load, servers, peers: Vec::new(), limit });
    }
    let wants_minilm = [Part::Short, Part::Mixed, Part::Beside].into_iter().any(|part| options.wants(part));
    if let Some(folder) = options.model_dir.as_ref().filter(|_| wants_minilm) {
        let folder = absolute(folder)?;
        let model = format!("[[model]]\nid = {MINILM:?}\ndir = {:?}\n", folder.display().to_string());
        let mut servers = vec![
            ours("embedkit", &model, PORTS[1])?,
            ours("embedkit, a call a request", &format!("{model}share-batches = false\n"), PORTS[2])?,
        ];
        if let Some(environment) = &options.infinity {
            servers.extend(infinity::start(environment.as_deref(), &folder, place)?);
        }
        let peers = options.peers.iter().map(|peer| Side::peer(peer)).collect::<Result<_, _>>()?;
        let (load, limit) = ([Part::Short, Part::Mixed], Limit::start(&library, "dense", &folder)?);
        groups.push(Group { name: "MiniLM", load, servers, peers, limit });
    }
    Ok(groups)
}

fn program(options: &ServeOptions) -> Result<PathBuf, Failure> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    workspace::program("release")
}

const BESIDE: &str = "\n## Short texts beside a job of 2,048\n\n| side | p50 alone, ms | p99 alone, ms | p50 beside it, ms | p99 \
                      beside it, ms | a batch, mean, ms |\n| --- | --: | --: | --: | --: | --: |\n";

/// Short texts, alone and while another client has a job of 2,048 long ones.
fn beside(options: &ServeOptions, side: &Side, bodies: &Bodies, report: &mut String) -> Outcome {
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
    let line = format!(
        "| {} | {} | {} | {} | {} | {} |",
        side.name,
        milliseconds(alone.median),
        milliseconds(alone.slowest),
        milliseconds(crowded.median),
        milliseconds(crowded.slowest),
        batch.map_or_else(String::new, milliseconds)
    );
    eprintln!("{line}");
    let _ = writeln!(report, "{line}");
    Ok(())
}

/// What an answer of 2,048 vectors takes beside the model: reading the request, and writing the answer.
fn large_answers(groups: &[Group], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str(
        "\n## 2,048 vectors in one answer, beside the model\n\n| side | format | ms |\n| --- | --- | --: |\n",
    );
    for server in groups.iter().flat_map(|group| &group.servers).filter(|server| server.side.metrics.is_some()) {
        for (format, body) in [("JSON floats", &bodies.job_of_short), ("base64", &bodies.job_of_short_base64)] {
            let mut times = (0..9).map(|_| server.beside_model(body)).collect::<Result<Vec<f64>, _>>()?;
            times.sort_by(f64::total_cmp);
            let _ = writeln!(report, "| {} | {format} | {} |", server.side.name, milliseconds(times[times.len() / 2]));
        }
    }
    Ok(())
}
