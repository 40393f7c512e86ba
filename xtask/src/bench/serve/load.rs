//! Requests of one text and of 32, from several clients at once.

use std::fmt::Write as _;

use super::bodies::{Bodies, MIXED};
use super::figures::{Figures, milliseconds};
use super::options::ServeOptions;
use super::{Group, wrk};
use crate::failure::{Failure, Outcome};

const CLIENTS: [usize; 3] = [1, 8, 64];
/// What the library's own row is called.
const LIBRARY: &str = "the library, called";

/// The texts of requests.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    a_request: usize,
}

const SHORT: Work = Work { name: "short texts, one a request", a_request: 1 };
const MANY: Work = Work { name: "mixed texts, 32 a request", a_request: MIXED };

/// Measures all sides by turns, and tells the medians of the rounds.
pub(super) fn measure(options: &ServeOptions, groups: &mut [Group], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str(
        "\n## Load\n\n| model | work | clients | side | texts a second | p50, ms | p99, ms | p50 beside the library's, ms | failed \
         |\n| --- | --- | --: | --- | --: | --: | --: | --: | --: |\n",
    );
    for group in groups {
        for (part, work) in group.load.into_iter().zip([SHORT, MANY]) {
            for clients in CLIENTS.into_iter().filter(|_| options.wants(part)) {
                let rows = rows(options, group, bodies, work, clients)?;
                let library = rows.iter().find(|(name, _)| name == LIBRARY).map(|(_, figures)| figures.median);
                for (name, figures) in &rows {
                    // What one client waits for beside the library's call: with more of them it waits for others.
                    let beside = library.filter(|_| clients == 1 && name != LIBRARY);
                    let beside = beside.map_or_else(String::new, |time| milliseconds(figures.median - time));
                    let _ = writeln!(
                        report,
                        "| {} | {} | {clients} | {name} | {:.0} | {} | {} | {beside} | {} |",
                        group.name,
                        work.name,
                        figures.rate * work.a_request as f64,
                        milliseconds(figures.median),
                        milliseconds(figures.slowest),
                        figures.failures,
                    );
                }
            }
        }
    }
    Ok(())
}

/// What each side, and the library, gives for so many clients.
fn rows(
    options: &ServeOptions,
    group: &mut Group,
    bodies: &Bodies,
    work: Work,
    clients: usize,
) -> Result<Vec<(String, Figures)>, Failure> {
    let (requests, texts) = match work.a_request {
        1 => (&bodies.short, &bodies.short_texts),
        _ => (&bodies.mixed, &bodies.mixed_texts),
    };
    let names = group.sides().into_iter().map(|side| side.name.clone()).chain([LIBRARY.to_owned()]);
    let mut rows: Vec<(String, Vec<Figures>)> = names.map(|name| (name, Vec::new())).collect();
    for round in 0..options.rounds {
        let limit = group.limit.measure(clients, options.seconds, texts, work.a_request)?;
        let sides = group.sides();
        let measured = sides.iter().map(|side| wrk::measure(&side.url, clients, options.seconds, requests));
        for ((name, rounds), figures) in rows.iter_mut().zip(measured.chain([Ok(limit)])) {
            let figures = figures?;
            eprintln!("round {}, {}, {clients} clients: {name}: {figures:?}", round + 1, work.name);
            rounds.push(figures);
        }
    }
    Ok(rows.into_iter().map(|(name, rounds)| (name, Figures::of_rounds(&rounds))).collect())
}
