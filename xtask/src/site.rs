//! `cargo xtask site [--check]`: the documentation site, made of the pages in `crates/embedkit/docs` by MkDocs, which is
//! installed with pip below `target/`.
//!
//! MkDocs is strict: a link or an anchor that leads nowhere, or a page that the menu lacks, fails the verb. So do links
//! among the files at the top of the repository, a page with Rust code that is not among the umbrella's doc tests, and a
//! field of a model's row or a parameter of an architecture that the reference of fields lacks.

use std::path::{Path, PathBuf};

use embedkit_core::Registry;

use crate::failure::{Failure, Outcome, failed};
use crate::files::{absolute, create, entries, read, remove, unusable, write};
use crate::python::Environment;
use crate::workspace;

/// What the generator is installed by.
const REQUIREMENTS: &str = "xtask/site.txt";
/// The pages, and the generator's settings beside them.
const PAGES: &str = "crates/embedkit/docs";
const SETTINGS: &str = "mkdocs.yml";
/// Where the pages' code is compiled.
const DOC_TESTS: &str = "crates/embedkit/src/lib.rs";
/// What a row's fields are, and the page that lists them.
const ROW: &str = "crates/core/src/model/description.rs";
const FIELDS: &str = "catalogue-fields.md";
/// Pages for people who come to the repository, which are no part of the site.
const REPOSITORY_PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Builds the site into `target/site`, or only checks that it can be built.
pub(crate) fn run(only_check: bool) -> Outcome {
    let sources = workspace::root().join(PAGES);
    let faults = [
        untested_pages(&sources)?,
        unlisted_fields(&sources)?,
        unlisted_parameters(&sources)?,
        dead_repository_links()?,
    ];
    let faults = faults.concat();
    if !faults.is_empty() {
        return Err(failed(faults.join("\n")));
    }
    let place = workspace::target().join("site-build");
    let site = if only_check { place.join("site") } else { workspace::target().join("site") };
    let cleaned = place.join("pages");
    copy_cleaned(&sources, &cleaned)?;
    let mut mkdocs = Environment::with("site", &[workspace::root().join(REQUIREMENTS)])?.python();
    // Not quietly: warnings that are not shown are not counted, and then none fails.
    mkdocs.args(["-m", "mkdocs", "build", "--strict", "--clean", "--config-file"]);
    mkdocs.arg(sources.join(SETTINGS)).arg("--site-dir").arg(absolute(&site)?);
    workspace::succeed(mkdocs.env("EMBEDKIT_SITE_PAGES", absolute(&cleaned)?))
}

/// Pages whose Rust code is not compiled.
fn untested_pages(folder: &Path) -> Result<Vec<String>, Failure> {
    let doc_tests = read(&workspace::root().join(DOC_TESTS))?;
    let mut faults = Vec::new();
    for page in files(folder)?.into_iter().filter(|file| is_page(file)) {
        if is_untested(&name(&page), &read(&page)?, &doc_tests) {
            faults.push(format!("{PAGES}/{}: its Rust code is not among the doc tests of {DOC_TESTS}", name(&page)));
        }
    }
    Ok(faults)
}

/// Fields of a row that the reference of fields lacks.
fn unlisted_fields(folder: &Path) -> Result<Vec<String>, Failure> {
    let missing = missing_fields(&read(&folder.join(FIELDS))?, &read(&workspace::root().join(ROW))?)?;
    Ok(missing.into_iter().map(|key| format!("{PAGES}/{FIELDS}: the field `{key}` is missing")).collect())
}

/// Parameters of architectures that the reference of fields lacks. Where it names a module, that has them.
fn unlisted_parameters(folder: &Path) -> Result<Vec<String>, Failure> {
    let page = read(&folder.join(FIELDS))?;
    let mut faults = Vec::new();
    for architecture in Registry::global().architectures() {
        let (family, name) = (architecture.family(), architecture.name());
        let missing = missing_parameters(&page, family, name, architecture.parameters());
        faults.extend(missing.into_iter().map(|parameter| {
            format!("{PAGES}/{FIELDS}: the parameter `{parameter}` of the {family} architecture `{name}` is missing")
        }));
    }
    Ok(faults)
}

/// Parameters that the row of an architecture, in the table of families, architectures and parameters, does not name.
fn missing_parameters<'p>(page: &str, family: &str, name: &str, parameters: &[&'p str]) -> Vec<&'p str> {
    let quoted = |name: &str| format!("`{name}`");
    let row = page.lines().find_map(|line| {
        let [_, families, architectures, parameters, _] = line.split('|').collect::<Vec<_>>()[..] else { return None };
        (families.contains(&quoted(family)) && architectures.contains(&quoted(name))).then_some(parameters)
    });
    // Some have a second name, as the reference writes them.
    let quoted_name = |parameter: &str| quoted(&parameter.replace('_', "-"));
    let is_named = |parameter: &&str| {
        row.is_some_and(|row| row.contains("see the module") || row.contains(&quoted_name(parameter)))
    };
    parameters.iter().copied().filter(|parameter| !is_named(parameter)).collect()
}

/// Links of the repository's own pages that lead nowhere.
fn dead_repository_links() -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    for page in REPOSITORY_PAGES {
        let text = |path: &str| read(&workspace::root().join(if path.is_empty() { page } else { path })).ok();
        let dead = dead_links(&read(&workspace::root().join(page))?, text);
        faults.extend(dead.into_iter().map(|link| format!("{page}: {link} leads nowhere")));
    }
    Ok(faults)
}

/// Copies all but the settings, pages as readers should see them.
fn copy_cleaned(from: &Path, to: &Path) -> Outcome {
    remove(to)?;
    create(to)?;
    for file in files(from)?.into_iter().filter(|file| name(file) != SETTINGS) {
        let target = to.join(name(&file));
        if is_page(&file) {
            write(&target, cleaned(&read(&file)?))?;
        } else {
            std::fs::copy(&file, &target).map_err(unusable(&target))?;
        }
    }
    Ok(())
}

/// A page without what only rustdoc understands: words after `rust` at the head of a block of code, and lines that it
/// compiles and does not show.
fn cleaned(page: &str) -> String {
    let mut in_rust = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            in_rust = !in_rust && is_rust(language);
            lines.push(if in_rust { "```rust" } else { line });
        } else if !(in_rust && (line == "#" || line.starts_with("# "))) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// Whether what follows a fence says that rustdoc compiles the block.
fn is_rust(language: &str) -> bool {
    language.split(',').next() == Some("rust")
}

/// Whether a page has Rust code and the doc tests do not include it.
fn is_untested(page: &str, text: &str, doc_tests: &str) -> bool {
    let has_rust = text.lines().filter_map(|line| line.strip_prefix("```")).any(is_rust);
    has_rust && !doc_tests.contains(&format!("include_str!(\"../docs/{page}\")"))
}

/// Links to files, and to headings of them, that are not there; `text` is what a path holds, of the page itself for an
/// empty one. Addresses are left alone.
fn dead_links(page: &str, text: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let is_alive = |target: &str| {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        text(path).is_some_and(|text| anchor.is_empty() || text.lines().filter_map(anchor_of).any(|a| a == anchor))
    };
    targets.filter(|target| !target.contains("://") && !is_alive(target)).map(str::to_owned).collect()
}

/// What a link to a heading names it.
fn anchor_of(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?.to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

/// Keys of a row that the page has no line for; `code` is the file that defines the row.
fn missing_fields(page: &str, code: &str) -> Result<Vec<String>, Failure> {
    let file = syn::parse_file(code).map_err(|error| failed(format!("{ROW}: {error}")))?;
    let fields = file.items.into_iter().find_map(|item| match item {
        syn::Item::Struct(row) if row.ident == "ModelDescription" => Some(row.fields),
        _ => None,
    });
    let fields = fields.ok_or_else(|| failed(format!("{ROW} does not define a row")))?;
    let keys = fields.into_iter().filter_map(|field| Some(field.ident?.to_string().replace('_', "-")));
    Ok(keys.filter(|key| !page.contains(&format!("\n| `{key}` |"))).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_file()).collect())
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_do_not_see_what_only_rustdoc_does() {
        let page =
            "# Title\n```rust,no_run\n# fn main() {\n#\n#[test]\nlet a = 1;\n# }\n```\n```sh\n# a comment\n```\n";
        let shown = "# Title\n```rust\n#[test]\nlet a = 1;\n```\n```sh\n# a comment\n```\n";
        assert_eq!(cleaned(page), shown);
    }

    #[test]
    fn a_parameter_that_the_table_lacks_is_told() {
        let page = "| family | architecture | parameters |\n| --- | --- | --- |\n| `dense`, `sparse` | `static` | `steps` |\n\
                    | `colbert` | `colbert` | see the module `x` |\n";
        assert_eq!(missing_parameters(page, "sparse", "static", &["steps", "step"]), ["step"]);
        assert!(missing_parameters("| `a` | `b` | `avg-len` |", "a", "b", &["avg-len", "avg_len"]).is_empty());
        assert!(missing_parameters(page, "colbert", "colbert", &["strip"]).is_empty());
        assert_eq!(missing_parameters(page, "colbert", "static", &["labels"]), ["labels"], "it has no row");
    }

    #[test]
    fn pages_with_rust_code_are_tested() {
        let doc_tests = "#[doc = include_str!(\"../docs/a.md\")]";
        for (page, text, untested) in [
            ("a.md", "```rust\n```", false),
            ("b.md", "```rust,no_run\n```", true),
            ("b.md", "```sh\n```", false),
            ("b.md", "no code", false),
        ] {
            assert_eq!(is_untested(page, text, doc_tests), untested, "{page} {text}");
        }
    }

    #[test]
    fn fields_that_the_reference_lacks_are_told() {
        let code = "pub struct ModelDescription { pub id: String, pub size_gb: f64 }";
        assert_eq!(missing_fields("\n| `id` | text |", code).unwrap(), ["size-gb"]);
        assert!(missing_fields("", "pub struct Other;").is_err());
    }

    #[test]
    fn dead_links_are_found() {
        let text = |path: &str| match path {
            "" => Some("# Here".to_owned()),
            "there.md" => Some("text\n## Part, the `first`\n".to_owned()),
            _ => None,
        };
        let alive = "[a](there.md) [b](there.md#part-the-first) [c](https://example.org/x) [d](#here)";
        assert!(dead_links(alive, text).is_empty());
        assert_eq!(
            dead_links("[a](gone.md#x) [b](there.md#second) [c](#there)", text),
            ["gone.md#x", "there.md#second", "#there",]
        );
    }
}
