//! Requests of one text and of 32, from several clients at once.

use std::fmt::Write as _;
use std::path::Path;

use super::bodies::{Bodies, MIXED};
use super::figures::{Figures, milliseconds};
use super::{Group, wrk};
use crate::bench::serve_options::ServeOptions;
use crate::failure::{Failure, Outcome};

/// What the library's own row is called.
const LIBRARY: &str = "the library, called";
/// And that of one caller with so many texts a call: what can be had where nobody waits for an answer.
const BEST: (&str, usize) = ("the library, 256 texts a call", 256);

/// The texts of requests.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    a_request: usize,
}

const SHORT: Work = Work { name: "short texts, one a request", a_request: 1 };
const MANY: Work = Work { name: "mixed texts, 32 a request", a_request: MIXED };

impl Work {
    /// Its requests.
    fn requests(self, bodies: &Bodies) -> &Path {
        if self.a_request == 1 { &bodies.short } else { &bodies.mixed }
    }

    /// Their texts, for the library.
    fn texts(self, bodies: &Bodies) -> &Path {
        if self.a_request == 1 { &bodies.short_texts } else { &bodies.mixed_texts }
    }
}

/// Measures all sides by turns, and tells the medians of the rounds.
pub(super) fn measure(options: &ServeOptions, groups: &mut [Group], bodies: &Bodies, report: &mut String) -> Outcome {
    report.push_str(
        "\n## Load\n\n| model | work | clients | side | texts a second | p50, ms | p99, ms | p50 beside the library's, ms | failed \
         |\n| --- | --- | --: | --- | --: | --: | --: | --: | --: |\n",
    );
    for group in groups {
        for (part, work) in group.load.into_iter().zip([SHORT, MANY]) {
            for &clients in options.clients.iter().filter(|_| options.wants(part)) {
                let mut rows = rows(options, group, bodies, work, clients)?;
                if Some(&clients) == options.clients.iter().max() {
                    let (name, a_call) = BEST;
                    let best = group.limit.measure(1, options.seconds, work.texts(bodies), a_call)?;
                    // Its rate in requests, as those of the others are.
                    let rate = best.rate * a_call as f64 / work.a_request as f64;
                    rows.push((name.to_owned(), Figures { rate, ..best }));
                }
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
    let names = group.sides().into_iter().map(|side| side.name.clone()).chain([LIBRARY.to_owned()]);
    let mut rows: Vec<(String, Vec<Figures>)> = names.map(|name| (name, Vec::new())).collect();
    for round in 0..options.rounds {
        let limit = group.limit.measure(clients, options.seconds, work.texts(bodies), work.a_request)?;
        let sides = group.sides();
        let measured =
            sides.iter().map(|side| wrk::measure(&side.url, clients, options.seconds, work.requests(bodies)));
        for ((name, rounds), figures) in rows.iter_mut().zip(measured.chain([Ok(limit)])) {
            let figures = figures?;
            eprintln!("round {}, {}, {clients} clients: {name}: {figures:?}", round + 1, work.name);
            rounds.push(figures);
        }
    }
    Ok(rows.into_iter().map(|(name, rounds)| (name, Figures::of_rounds(&rounds))).collect())
}
