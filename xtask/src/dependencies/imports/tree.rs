//! The modules of every crate in one tree, and what a path in one of them leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::source::{self, Code, Declared, NamePath};
use crate::failure::Failure;

/// A module, by its place in the tree.
type ModuleId = usize;

/// Every module that the crates hold.
#[derive(Debug, Default)]
pub(super) struct Tree {
    modules: Vec<Module>,
    /// The roots of libraries, by the names that other crates have for them.
    libraries: BTreeMap<String, ModuleId>,
}

#[derive(Debug)]
struct Module {
    /// Its path from its crate on: `embedkit-core::engine::window`.
    label: String,
    file: PathBuf,
    parent: Option<ModuleId>,
    names: BTreeMap<String, Vec<Meaning>>,
    macros: Vec<String>,
    globs: Vec<NamePath>,
    paths: Vec<NamePath>,
}

/// What a name in a module stands for.
#[derive(Clone, Debug)]
enum Meaning {
    /// What this module defines.
    Item(ModuleId),
    Module(ModuleId),
    Alias(NamePath),
}

/// What a path leads to: an item of this name that the module defines, or a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Item(ModuleId, String),
    Module(ModuleId),
}

/// Names that are being looked up, each in its module: what leads back to one of them leads nowhere.
type Pending = BTreeSet<(ModuleId, String)>;

/// An import, seen where two ways part: the crates, or the modules of one module, that it goes between.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) from_file: PathBuf,
    pub(super) to_file: PathBuf,
    pub(super) name: String,
}

impl Tree {
    /// Reads a crate from its root's file. A library can be imported by its name.
    pub(super) fn add(&mut self, label: &str, library: Option<&str>, root: &Path) -> Result<(), Failure> {
        let folder = root.parent().unwrap_or(Path::new(""));
        let module = self.load(label.to_owned(), None, root, folder)?;
        if let Some(name) = library {
            self.libraries.insert(name.replace('-', "_"), module);
        }
        Ok(())
    }

    /// Reads a module's file; modules that it declares are in the folder.
    fn load(
        &mut self,
        label: String,
        parent: Option<ModuleId>,
        file: &Path,
        folder: &Path,
    ) -> Result<ModuleId, Failure> {
        self.insert(label, parent, file, source::read(file)?, folder)
    }

    fn insert(
        &mut self,
        label: String,
        parent: Option<ModuleId>,
        file: &Path,
        code: Code,
        folder: &Path,
    ) -> Result<ModuleId, Failure> {
        let id = self.modules.len();
        let Code { items, macros, exported_macros, aliases, globs, paths, modules } = code;
        let mut names: BTreeMap<String, Vec<Meaning>> = BTreeMap::new();
        let meanings = items.into_iter().map(|name| (name, Meaning::Item(id)));
        for (name, meaning) in meanings.chain(aliases.into_iter().map(|(name, path)| (name, Meaning::Alias(path)))) {
            names.entry(name).or_default().push(meaning);
        }
        self.modules.push(Module { label, file: file.to_owned(), parent, names, macros, globs, paths });
        let root = self.around(id).last().unwrap_or(id);
        for name in exported_macros {
            self.modules[root].names.entry(name).or_default().push(Meaning::Item(id));
        }
        for module in modules {
            let name = module.name.clone();
            let inside = self.declared(id, module, folder)?;
            self.modules[id].names.entry(name).or_default().push(Meaning::Module(inside));
        }
        Ok(id)
    }

    /// Reads a module that another declares, whose modules' files are in the folder.
    fn declared(&mut self, parent: ModuleId, module: Declared, folder: &Path) -> Result<ModuleId, Failure> {
        let label = format!("{}::{}", self.modules[parent].label, module.name);
        let inside = folder.join(&module.name);
        let file = self.modules[parent].file.clone();
        if let Some(code) = module.inline {
            return self.insert(label, Some(parent), &file, code, &inside);
        }
        if let Some(path) = module.path {
            let path = file.parent().unwrap_or(folder).join(path);
            return self.load(label, Some(parent), &path, path.parent().unwrap_or(folder));
        }
        let own = inside.with_extension("rs");
        let path = if own.exists() { own } else { inside.join("mod.rs") };
        self.load(label, Some(parent), &path, &inside)
    }

    /// A module, the one around it, and so on to its crate's root.
    fn around(&self, module: ModuleId) -> impl Iterator<Item = ModuleId> {
        std::iter::successors(Some(module), |id| self.modules[*id].parent)
    }

    /// Every import from one crate of another, and from one module of another beside it. What a module takes from those
    /// inside it, and they from it, is its own affair: they are parts of it.
    pub(super) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (id, module) in self.modules.iter().enumerate() {
            for target in module.paths.iter().flat_map(|path| self.resolve(id, path, &mut Pending::new())) {
                // A module that is only named gives nothing yet: what is taken from it is a path of its own.
                let Target::Item(definer, name) = target else { continue };
                if let Some((from, to)) = self.parting(id, definer) {
                    imports.insert(Import {
                        from: self.modules[from].label.clone(),
                        to: self.modules[to].label.clone(),
                        from_file: module.file.clone(),
                        to_file: self.modules[definer].file.clone(),
                        name,
                    });
                }
            }
        }
        imports
    }

    /// The modules side by side that hold one and the other; none if one of the two holds the other.
    fn parting(&self, one: ModuleId, other: ModuleId) -> Option<(ModuleId, ModuleId)> {
        let from_the_root = |id| {
            let mut way: Vec<ModuleId> = self.around(id).collect();
            way.reverse();
            way
        };
        from_the_root(one).into_iter().zip(from_the_root(other)).find(|(one, other)| one != other)
    }

    /// Everything that a path in a module may mean: a name can stand for a type, a function and a macro at once.
    fn resolve(&self, module: ModuleId, path: &[String], pending: &mut Pending) -> BTreeSet<Target> {
        let Some((first, mut rest)) = path.split_first() else { return BTreeSet::new() };
        let mut targets: BTreeSet<Target> = match first.as_str() {
            "crate" => self.around(module).last().map(Target::Module).into_iter().collect(),
            "self" => [Target::Module(module)].into(),
            "super" => self.modules[module].parent.map(Target::Module).into_iter().collect(),
            "" => {
                let library = rest.split_off_first().and_then(|name| self.libraries.get(name));
                library.copied().map(Target::Module).into_iter().collect()
            }
            name => self.in_scope(module, name, pending),
        };
        for name in rest {
            // What can be looked into is a module or a type; if there is a module of the name, no type has it.
            if targets.iter().any(|target| matches!(target, Target::Module(_))) {
                targets.retain(|target| matches!(target, Target::Module(_)));
            }
            targets = targets
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(id) if name == "super" => {
                        self.modules[id].parent.map(Target::Module).into_iter().collect()
                    }
                    Target::Module(id) => self.lookup(id, name, pending),
                    item @ Target::Item(..) => [item].into(),
                })
                .collect();
        }
        targets
    }

    /// What a path's first name stands for: a name of the module, a library, or a macro of a module around it.
    fn in_scope(&self, module: ModuleId, name: &str, pending: &mut Pending) -> BTreeSet<Target> {
        let found = self.lookup(module, name, pending);
        if !found.is_empty() {
            return found;
        }
        let with_macro = self.around(module).find(|id| self.modules[*id].macros.iter().any(|known| known == name));
        let called = with_macro.map(|id| Target::Item(id, name.to_owned()));
        let library = self.libraries.get(name).copied().map(Target::Module);
        called.or(library).into_iter().collect()
    }

    /// What a module has under a name.
    fn lookup(&self, module: ModuleId, name: &str, pending: &mut Pending) -> BTreeSet<Target> {
        let place = (module, name.to_owned());
        if !pending.insert(place.clone()) {
            return BTreeSet::new();
        }
        let own = self.modules[module].names.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut found: BTreeSet<Target> = own
            .iter()
            .flat_map(|meaning| match meaning {
                Meaning::Item(id) => [Target::Item(*id, name.to_owned())].into(),
                Meaning::Module(id) => [Target::Module(*id)].into(),
                Meaning::Alias(path) => self.resolve(module, path, pending),
            })
            .collect();
        if own.is_empty() {
            for glob in &self.modules[module].globs {
                for target in self.resolve(module, glob, pending) {
                    if let Target::Module(id) = target {
                        found.extend(self.lookup(id, name, pending));
                    }
                }
            }
        }
        pending.remove(&place);
        found
    }
}
