//! The documentation's pages about the benchmark: a page and a chart for every run that is kept, and what the runs on all
//! processors come to.

mod chart;
mod headline;
mod python;
mod run;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::print;
use crate::failure::{Failure, Outcome, failed};
use crate::files::{entries, read, write};
use crate::workspace;
use run::Run;

/// What the files of runs start with.
const PREFIX: &str = "benchmark-";

/// Runs that are kept, by their names, the latest first.
type Runs = [(String, Run)];

/// A part of a page that is written here, between two lines.
struct Part {
    page: &'static str,
    marks: [&'static str; 2],
    write: fn(&Runs) -> Result<String, Failure>,
}

const PARTS: [Part; 2] = [
    Part {
        page: "benchmark.md",
        marks: ["<!-- headline: written by `cargo xtask bench publish` -->\n", "<!-- end of headline -->"],
        write: |runs| Ok(headline::table(runs)),
    },
    Part {
        page: "python.md",
        marks: ["<!-- speed: written by `cargo xtask bench publish` -->\n", "<!-- end of speed -->"],
        write: python::tables,
    },
];

/// Puts a run among those that are kept, under its name, and the pages that quote it right. `report` is the run's JSON and Markdown,
/// without an extension.
pub(super) fn publish(name: &str, report: &Path) -> Outcome {
    let file = |extension: &str| docs().join(format!("{PREFIX}{name}.{extension}"));
    let (json, markdown) = (read(&report.with_extension("json"))?, read(&report.with_extension("md"))?);
    let run = parse(report, &json)?;
    write(&file("json"), &json)?;
    write(&file("svg"), chart::svg(&run))?;
    let (title, rest) = markdown.split_once('\n').unwrap_or((&markdown, ""));
    write(&file("md"), format!("{title}: {name}\n\n![{name}]({PREFIX}{name}.svg)\n{rest}"))?;
    let kept = kept()?;
    for part in &PARTS {
        let page = docs().join(part.page);
        write(&page, &part.put(&read(&page)?, &kept)?)?;
    }
    print(&format!("README.md should say: {}", headline::quote(&kept)));
    Ok(())
}

/// The runs that are kept, by their names, the latest first.
fn kept() -> Result<Vec<(String, Run)>, Failure> {
    let name = |path: &Path| Some(path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(".json")?.to_owned());
    // Paths with endings are sorted otherwise.
    let named: BTreeMap<String, PathBuf> =
        entries(&docs())?.into_iter().filter_map(|path| Some((name(&path)?, path))).collect();
    let runs = named.into_iter().map(|(name, path)| Ok((name, parse(&path, &read(&path)?)?)));
    let mut runs: Vec<(String, Run)> = runs.collect::<Result<_, Failure>>()?;
    // Dates are written so that the later one is the larger; runs of long ago have none.
    runs.sort_by_cached_key(|(_, run)| Reverse(run.fact("date").map(str::to_owned)));
    Ok(runs)
}

impl Part {
    /// The page's text with what the runs come to.
    fn put(&self, text: &str, runs: &Runs) -> Result<String, Failure> {
        let [start, end] = self.marks;
        let parts = text.split_once(start).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let lacks = || failed(format!("{} lacks the lines {start:?} and {end:?}", self.page));
        let (before, after) = parts.ok_or_else(lacks)?;
        Ok(format!("{before}{start}\n{}\n{end}{after}", (self.write)(runs)?))
    }
}

fn docs() -> PathBuf {
    workspace::root().join("crates/embedkit/docs")
}

fn parse(path: &Path, json: &str) -> Result<Run, Failure> {
    serde_json::from_str(json).map_err(|e| failed(format!("{}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are quoted are those of the runs that are kept.
    #[test]
    fn the_readme_and_the_pages_quote_the_runs() {
        let runs = kept().unwrap();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let readme = words(&read(&workspace::root().join("README.md")).unwrap());
        let quote = words(&headline::quote(&runs));
        assert!(readme.contains(&quote), "README.md should say: {quote}");
        for part in &PARTS {
            let page = read(&docs().join(part.page)).unwrap();
            assert_eq!(part.put(&page, &runs).unwrap(), page, "{}", part.page);
        }
    }

    #[test]
    fn marks_are_needed() {
        let part = Part { page: "a.md", marks: ["<start>\n", "<end>"], write: |_| Ok("new".to_owned()) };
        assert_eq!(part.put("a\n<start>\nold<end>\nb", &[]).unwrap(), "a\n<start>\n\nnew\n<end>\nb");
        assert!(part.put("a", &[]).is_err());
    }
}
