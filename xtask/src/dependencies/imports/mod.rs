//! That imports go one way: no cycle between the crates of the workspace, nor between the modules of a crate or of a
//! module, and so none between files.
//!
//! The code is read without being compiled: every path in it is followed to the module that defines what it names. An
//! import through a re-export is one of the module behind it; one of what a module's own file defines is one of that
//! module. What goes on between a module and those inside it forms no cycle. Code for tests alone is left out.

mod cycles;
mod source;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::cycles::Graph;
use self::tree::{Import, Tree};
use crate::failure::Failure;
use crate::metadata::{self, Package};
use crate::workspace;

/// Cycles that `known` does not list, and what it lists that is on none.
pub(super) fn check(known: &[BTreeSet<String>]) -> Result<Vec<String>, Failure> {
    let root = workspace::root().canonicalize().map_err(|e| Failure(e.to_string()))?;
    Ok(Imports::of(&tree()?, &root).broken_by(known))
}

/// The code of every crate of the workspace: libraries and programs, without tests, examples and benches.
fn tree() -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    for package in metadata::of_workspace()? {
        let Package { name, targets, .. } = &package;
        if let Some(library) = package.library() {
            tree.add(name, Some(&library.name), &library.src_path)?;
        }
        for program in targets.iter().filter(|target| target.is_program()) {
            let label = if package.library().is_some() { format!("{name}/{}", program.name) } else { name.clone() };
            tree.add(&label, None, &program.src_path)?;
        }
    }
    Ok(tree)
}

/// Imports between crates, and between modules side by side.
struct Imports {
    /// For each two of them, the files that the imports are between, and what is imported.
    arrows: BTreeMap<Arrow, BTreeMap<Arrow, BTreeSet<String>>>,
}

/// From whom to whom.
type Arrow = (String, String);

impl Imports {
    /// The imports of a tree; files are told from the folder.
    fn of(tree: &Tree, root: &Path) -> Self {
        let told = |file: &Path| file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let mut arrows: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for Import { from, to, from_file, to_file, name } in tree.imports() {
            let files = arrows.entry((from, to)).or_default();
            files.entry((told(&from_file), told(&to_file))).or_default().insert(name);
        }
        Self { arrows }
    }

    /// The groups that form cycles, and what goes from whom to whom.
    fn cycles(&self) -> (Graph<'_>, Vec<BTreeSet<&str>>) {
        let mut graph = Graph::new();
        for (from, to) in self.arrows.keys() {
            graph.entry(from).or_default().insert(to);
        }
        let groups = cycles::groups(&graph);
        (graph, groups)
    }

    /// What is wrong: the first cycle that is not known, and what is known and is on none.
    fn broken_by(&self, known: &[BTreeSet<String>]) -> Vec<String> {
        let (graph, groups) = self.cycles();
        let is_known =
            |group: &BTreeSet<&str>| known.iter().any(|known| group.iter().all(|node| known.contains(*node)));
        let first = groups.iter().find(|group| !is_known(group));
        let gone = known.iter().flatten().filter(|node| !groups.iter().any(|group| group.contains(node.as_str())));
        let cycle = first.map(|group| self.told(&cycles::shortest(&graph, group)));
        cycle
            .into_iter()
            .chain(gone.map(|node| format!("{node} is listed under `cycles`, and is on none: strike it there")))
            .collect()
    }

    /// A cycle, with the files and the names that tie it.
    fn told(&self, cycle: &[&str]) -> String {
        let mut text = format!("imports must go one way, and these form a cycle: {}", cycle.join(" → "));
        for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
            for ((from, to), names) in self.arrows.get(&((*from).to_owned(), (*to).to_owned())).into_iter().flatten() {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                text += &format!("\n  {from} → {to}: {}", names.join(", "));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of a made-up crate, from its files' names and texts.
    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        for (name, _) in files.iter().filter(|(name, _)| name.ends_with("lib.rs")) {
            let label = name.strip_suffix("/lib.rs").unwrap();
            tree.add(label, Some(label), &folder.path().join(name)).unwrap();
        }
        let imports = Imports::of(&tree, folder.path());
        let names =
            |files: &BTreeMap<_, BTreeSet<String>>| files.values().flatten().cloned().collect::<Vec<_>>().join(" ");
        imports.arrows.iter().map(|((from, to), files)| format!("{from} → {to}: {}", names(files))).collect()
    }

    #[test]
    fn an_import_leads_to_the_file_that_defines_the_name() {
        let lib = ("x/lib.rs", "mod a; mod b; pub use b::inner::Thing; pub const ROOT: u8 = 0;");
        let b = ("x/b/mod.rs", "pub(crate) mod inner; pub(crate) use inner::*; pub(crate) fn own() {}");
        let inner = ("x/b/inner.rs", "pub struct Thing; pub fn f() {} fn g() { super::own() }");
        for (code, expected) in [
            ("use crate::Thing;", "x::a → x::b: Thing"),
            ("use crate::b::Thing as Other; type T = Other;", "x::a → x::b: Thing"),
            ("use super::b; fn g() { b::f(); b::own() }", "x::a → x::b: f own"),
            ("use crate::b::*; fn g() { f() }", "x::a → x::b: f"),
            ("fn g() { crate::b::inner::f() }", "x::a → x::b: f"),
            ("fn g() { any!(1, x::Thing, crate::b::own) }", "x::a → x::b: Thing own"),
            ("macro_rules! m { () => { $crate::Thing } }", "x::a → x::b: Thing"),
            ("trait T { fn t(&self) -> super::b::Thing; }", "x::a → x::b: Thing"),
        ] {
            assert_eq!(arrows(&[lib, b, inner, ("x/a.rs", code)]), [expected], "{code}");
        }
        // A module that is only named, what a module has from the one around it, tests, and other crates.
        for code in ["use crate::b;", "use crate::ROOT;", "#[cfg(test)] mod tests { use crate::Thing; }", "use std::f;"]
        {
            assert_eq!(arrows(&[lib, b, inner, ("x/a.rs", code)]), [""; 0], "{code}");
        }
    }

    #[test]
    fn crates_and_modules_at_any_depth_are_told() {
        let files = [
            ("x/lib.rs", "pub mod deep; mod odd { mod file; } #[macro_export] macro_rules! shout { () => {} }"),
            ("x/deep/mod.rs", "mod one; mod two; macro_rules! quiet { () => {} } pub use one::One;"),
            ("x/deep/one.rs", "pub struct One; use super::two::Two;"),
            ("x/deep/two.rs", "pub(super) struct Two(super::One); quiet!();"),
            ("x/odd/file.rs", "use crate::deep::One;"),
            ("y/lib.rs", "x::shout!(); extern crate x as z; fn f(_: z::deep::One) {}"),
        ];
        let expected = [
            "x::deep::one → x::deep::two: Two",
            "x::deep::two → x::deep::one: One",
            "x::odd → x::deep: One",
            "y → x: One shout",
        ];
        assert_eq!(arrows(&files), expected);
    }

    #[test]
    fn a_cycle_is_told_unless_it_is_known_and_what_is_known_must_be_there() {
        let arrow = |from: &str, to: &str| {
            (
                (from.to_owned(), to.to_owned()),
                [(("f.rs".to_owned(), "t.rs".to_owned()), ["N".to_owned()].into())].into(),
            )
        };
        let imports = Imports { arrows: [arrow("a", "b"), arrow("b", "a"), arrow("b", "c")].into() };
        let known = |names: &[&str]| [names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>()];
        let told = imports.broken_by(&[]);
        assert_eq!(
            told,
            ["imports must go one way, and these form a cycle: a → b\n  f.rs → t.rs: N\n  f.rs → t.rs: N"]
        );
        assert_eq!(imports.broken_by(&known(&["a", "b"])), [""; 0]);
        assert_eq!(imports.broken_by(&known(&["a"])), told);
        assert!(imports.broken_by(&known(&["a", "b", "c"]))[0].starts_with("c is listed"));
    }

    #[test]
    fn imports_of_this_workspace_go_one_way() {
        assert_eq!(check(&super::super::rules().unwrap().cycles).unwrap(), [""; 0]);
    }
}
