//! Which models, architectures and families there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::near::near;
use super::{Architecture, Family, ModelFilter, Plugin};
use crate::model::check_row;
use crate::{
    ContentKind, EmbeddingKind, Error, Manifest, ModelDescription, ModelFiles, Result, Source, read_toml_text,
};

/// The models, architectures and families a program knows. Cheap to clone; clones share their contents.
#[derive(Clone, Default)]
pub struct Registry(Arc<RwLock<Contents>>);

#[derive(Default)]
struct Contents {
    plugins: BTreeMap<&'static str, &'static Plugin>,
    families: BTreeMap<&'static str, &'static dyn Family>,
    architectures: BTreeMap<Key, &'static dyn Architecture>,
    models: Vec<Arc<ModelDescription>>,
    /// Position in `models` by family and lower-case name.
    names: BTreeMap<Key, usize>,
    faults: Vec<String>,
}

/// Family and lower-case name.
type Key = (String, String);

impl Registry {
    /// A registry without any model, for programs that name each plug-in themselves.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The registry of everything that is linked into this program. Rows added to it at run time are
    /// seen by the whole program.
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<Registry> = LazyLock::new(|| {
            let registry = Registry::empty();
            // Linking has no order, and of two of one name the first stays.
            let mut plugins: Vec<_> = inventory::iter::<&'static Plugin>.into_iter().copied().collect();
            plugins.sort_by_key(|plugin| (!plugin.name.starts_with("embedkit-"), plugin.name));
            for plugin in plugins {
                if let Err(error) = registry.add(plugin) {
                    tracing::error!(plugin = plugin.name, %error, "a linked plug-in could not be registered");
                    registry.write().faults.push(format!("{}: {error}", plugin.name));
                }
            }
            registry.note_wrong_rows();
            registry
        });
        &GLOBAL
    }

    /// Takes note of rows that their architectures refuse: they could not be loaded. The architectures of a plug-in's rows
    /// may be another's, so that it is done when all are there. One that is not there at all is told of when such a row is
    /// asked for, with the feature that has it: small programs are built without most.
    fn note_wrong_rows(&self) {
        let is_linked = |family: &str| self.read().families.contains_key(family);
        for model in self.list(&ModelFilter::default()).iter().filter(|model| is_linked(&model.family)) {
            let checked = self.check(model);
            if let Err(error) = checked
                && !matches!(error, Error::UnknownArchitecture { .. })
            {
                tracing::error!(model = model.id, %error, "a linked plug-in has a wrong row");
                self.write().faults.push(error.to_string());
            }
        }
    }

    /// Adds a crate's rows and architectures; adding the same crate again does nothing. Rows of its own architectures, and
    /// of those that are registered, are checked by them.
    ///
    /// # Errors
    /// [`Error::Manifest`], for a family, an architecture or a plug-in of a name that is taken too, and
    /// [`Error::AlreadyRegistered`], or what an architecture finds wrong; then nothing of the plug-in is added.
    pub fn add(&self, plugin: &'static Plugin) -> Result<()> {
        let manifest = Manifest::parse(plugin.name, plugin.manifest)?;
        let mut contents = self.write();
        match contents.plugins.get(plugin.name) {
            Some(known) if known.is(plugin) => return Ok(()),
            Some(_) => return Err(Error::manifest(plugin.name, "another plug-in is registered by this name")),
            None => {}
        }
        contents.check_names(plugin)?;
        for model in &manifest.models {
            let wanted = key(&model.family, &model.architecture);
            let is_it = |own: &&&dyn Architecture| key(own.family(), own.name()) == wanted;
            let own = plugin.architectures.iter().find(is_it).copied();
            if let Some(architecture) = own.or_else(|| contents.architectures.get(&wanted).copied()) {
                architecture.check_row(model)?;
            }
        }
        contents.add_rows(manifest)?;
        contents.plugins.insert(plugin.name, plugin);
        contents.families.extend(plugin.families.iter().map(|family| (family.name(), *family)));
        contents.architectures.extend(plugin.architectures.iter().map(|one| (key(one.family(), one.name()), *one)));
        Ok(())
    }

    /// Adds one row.
    ///
    /// # Errors
    /// [`Error::Manifest`] when the row cannot be right, [`Error::AlreadyRegistered`] when its id or
    /// an alias is taken, [`Error::UnknownArchitecture`], or what its architecture finds wrong.
    pub fn register(&self, model: ModelDescription) -> Result<()> {
        check_row(&model).map_err(|message| Error::manifest(&model.id, message))?;
        self.check(&model)?;
        self.write().add_rows(Manifest { models: vec![model] })
    }

    /// Adds the rows of a manifest's text; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`register`](Self::register); then none of its rows is added.
    pub fn register_manifest(&self, origin: &str, text: &str) -> Result<()> {
        let manifest = Manifest::parse(origin, text)?;
        manifest.models.iter().try_for_each(|model| self.check(model))?;
        self.write().add_rows(manifest)
    }

    /// Adds the rows of a manifest file.
    ///
    /// # Errors
    /// As [`register_manifest`](Self::register_manifest), and [`Error::Io`].
    pub fn register_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read_toml_text(path)?;
        self.register_manifest(&path.display().to_string(), &text)
    }

    /// Adds a model folder that describes itself, under an id.
    ///
    /// # Errors
    /// [`Error::UnknownFamily`], as [`Family::describe`] and as [`register`](Self::register).
    pub fn register_folder(&self, family: &str, id: impl Into<String>, folder: impl Into<PathBuf>) -> Result<()> {
        let folder = folder.into();
        let mut model = self.family(family)?.describe(&ModelFiles::folder(&folder)?)?;
        model.id = id.into();
        model.sources = vec![Source::Folder { folder }];
        self.register(model)
    }

    /// Has the row's architecture check it.
    ///
    /// # Errors
    /// [`Error::UnknownArchitecture`], or what the architecture finds wrong.
    pub fn check(&self, model: &ModelDescription) -> Result<()> {
        self.architecture(model)?.check_row(model)
    }

    /// Takes a row that was added out again, with its aliases; models that were loaded from it stay. Gives whether it
    /// was there.
    pub fn remove(&self, family: &str, id: &str) -> bool {
        let mut contents = self.write();
        let Some(&position) = contents.names.get(&key(family, id)) else { return false };
        contents.models.remove(position);
        contents.names.retain(|_, at| *at != position);
        contents.names.values_mut().filter(|at| **at > position).for_each(|at| *at -= 1);
        true
    }

    /// The model of this family with this id or alias, without regard to case.
    ///
    /// # Errors
    /// [`Error::UnknownModel`], with near ids.
    pub fn find(&self, family: &str, id: &str) -> Result<Arc<ModelDescription>> {
        let contents = self.read();
        match contents.names.get(&key(family, id)) {
            Some(&position) => Ok(contents.models[position].clone()),
            None => Err(contents.unknown(id, Some(family))),
        }
    }

    /// The models of any family with this id or alias.
    pub fn find_all(&self, id: &str) -> Vec<Arc<ModelDescription>> {
        let is_named = |model: &&Arc<ModelDescription>| model.names().any(|n| n.to_lowercase() == id.to_lowercase());
        self.read().models.iter().filter(is_named).cloned().collect()
    }

    /// The error that no model of the family is called so, or of any where none is named; it names near ids.
    pub fn unknown(&self, id: &str, family: Option<&str>) -> Error {
        self.read().unknown(id, family)
    }

    /// The models that pass a filter, in the order of registration.
    pub fn list(&self, filter: &ModelFilter) -> Vec<Arc<ModelDescription>> {
        self.read().models.iter().filter(|model| filter.matches(model)).cloned().collect()
    }

    /// The family of this name.
    ///
    /// # Errors
    /// [`Error::UnknownFamily`].
    pub fn family(&self, name: &str) -> Result<&'static dyn Family> {
        let contents = self.read();
        contents.families.get(name).copied().ok_or_else(|| Error::UnknownFamily {
            name: name.to_owned(),
            known: contents.families.keys().map(|known| (*known).to_owned()).collect(),
        })
    }

    /// The families, by name.
    pub fn families(&self) -> Vec<&'static dyn Family> {
        self.read().families.values().copied().collect()
    }

    /// The family that a folder shows to be of, so that nobody need say so; none where it shows nothing. A folder of which
    /// several are true is of the one whose results say most about one: dense vectors, scores, multi-vectors, sparse ones,
    /// and families of images alone behind all others, as files for images lie beside models of texts too.
    pub fn family_of(&self, files: &ModelFiles) -> Option<&'static dyn Family> {
        let rank = |family: &&dyn Family| {
            let of_output = match family.output() {
                EmbeddingKind::Dense => 0,
                EmbeddingKind::Score => 1,
                EmbeddingKind::Multi => 2,
                EmbeddingKind::Sparse => 3,
                EmbeddingKind::Several => 4,
            };
            (family.inputs() == [ContentKind::Image], of_output)
        };
        let mut families = self.families();
        families.sort_by_key(rank);
        families.into_iter().find(|family| family.recognizes(files))
    }

    /// The architecture of a row.
    ///
    /// # Errors
    /// [`Error::UnknownArchitecture`].
    pub fn architecture(&self, model: &ModelDescription) -> Result<&'static dyn Architecture> {
        let contents = self.read();
        let wanted = key(&model.family, &model.architecture);
        contents.architectures.get(&wanted).copied().ok_or_else(|| Error::UnknownArchitecture {
            model: model.id.clone(),
            family: model.family.clone(),
            name: model.architecture.clone(),
            known: contents.architectures.keys().filter(|k| k.0 == wanted.0).map(|k| k.1.clone()).collect(),
        })
    }

    /// The registered architectures, by family and name.
    pub fn architectures(&self) -> Vec<&'static dyn Architecture> {
        self.read().architectures.values().copied().collect()
    }

    /// Names of the registered crates.
    pub fn plugins(&self) -> impl Iterator<Item = &'static str> {
        self.read().plugins.keys().copied().collect::<Vec<_>>().into_iter()
    }

    /// Linked plug-ins that could not be registered and rows that could not be loaded, and why.
    pub fn faults(&self) -> Vec<String> {
        self.read().faults.clone()
    }

    /// The files of a row that are at hand, compiled in or in a folder that the row names; none where a source on the
    /// network comes before them.
    ///
    /// # Errors
    /// [`Error::MissingFile`] of a folder that is not there, and [`Error::Manifest`] of files that no linked crate has, where the row
    /// has no other source.
    pub fn local_files(&self, model: &ModelDescription) -> Result<Option<ModelFiles>> {
        let mut missing = None;
        for source in &model.sources {
            match self.source_files(model, source) {
                Ok(Some(files)) => return Ok(Some(files)),
                Ok(None) => return Ok(None),
                Err(error) => missing = missing.or(Some(error)),
            }
        }
        missing.map_or(Ok(None), Err)
    }

    /// The files of one of a row's sources; none of one that is on the network.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when the folder is not there, [`Error::Manifest`] when the crate is not linked.
    pub(crate) fn source_files(&self, model: &ModelDescription, source: &Source) -> Result<Option<ModelFiles>> {
        match source {
            Source::Folder { folder } => ModelFiles::folder(folder).map(Some),
            Source::Embedded { embedded } => match self.read().plugins.get(embedded.as_str()) {
                Some(plugin) => Ok(Some(ModelFiles::memory(plugin.files.iter().copied()))),
                None => {
                    let message = format!(
                        "its files are compiled into the crate {embedded:?}, which is not linked: add it, or name a model \
                         folder"
                    );
                    Err(Error::manifest(&model.id, message))
                }
            },
            Source::Hub { .. } | Source::Archive { .. } => Ok(None),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Contents> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contents = self.read();
        f.debug_struct("Registry")
            .field("plugins", &contents.plugins.keys())
            .field("models", &contents.models.len())
            .finish_non_exhaustive()
    }
}

impl Contents {
    /// Refuses a plug-in with a family or an architecture of a name that is taken: its rows would run another's code.
    fn check_names(&self, plugin: &Plugin) -> Result<()> {
        let mut families = BTreeSet::new();
        for family in plugin.families {
            let name = family.name();
            if self.families.contains_key(name) || !families.insert(name) {
                return Err(Error::manifest(plugin.name, format!("a family {name:?} is already registered")));
            }
        }
        let mut keys = BTreeSet::new();
        for architecture in plugin.architectures {
            let key = key(architecture.family(), architecture.name());
            if self.architectures.contains_key(&key) || !keys.insert(key) {
                let (family, name) = (architecture.family(), architecture.name());
                let message =
                    format!("a {family} architecture {name:?} is already registered; call this one otherwise");
                return Err(Error::manifest(plugin.name, message));
            }
        }
        Ok(())
    }

    /// Adds all rows or none.
    fn add_rows(&mut self, manifest: Manifest) -> Result<()> {
        for model in &manifest.models {
            if let Some(taken) = model.names().find(|name| self.names.contains_key(&key(&model.family, name))) {
                return Err(Error::AlreadyRegistered { id: taken.to_owned(), family: model.family.clone() });
            }
        }
        for model in manifest.models {
            for name in model.names() {
                self.names.insert(key(&model.family, name), self.models.len());
            }
            self.models.push(Arc::new(model));
        }
        Ok(())
    }

    fn unknown(&self, id: &str, family: Option<&str>) -> Error {
        let searched = self.models.iter().filter(|model| family.is_none_or(|family| model.family == family));
        let near = near(id, searched.map(|model| &**model));
        // One that is linked may have no rows.
        let with_rows = self.models.iter().map(|model| model.family.as_str());
        let families: BTreeSet<&str> = with_rows.chain(self.families.keys().copied()).collect();
        Error::UnknownModel {
            id: id.to_owned(),
            family: family.map(str::to_owned),
            near,
            families: families.into_iter().map(str::to_owned).collect(),
        }
    }
}

fn key(family: &str, name: &str) -> Key {
    (family.to_owned(), name.to_lowercase())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    static PLUGIN: Plugin = Plugin::new("test").manifest(
        r#"
        [[model]]
        id = "a/first"
        aliases = ["first"]
        family = "dense"
        architecture = "x"
        [[model]]
        id = "b/second"
        family = "dense"
        architecture = "x"
        "#,
    );

    /// Wants a width.
    struct Wide;

    impl Architecture for Wide {
        fn name(&self) -> &'static str {
            "wide"
        }

        fn family(&self) -> &'static str {
            "dense"
        }

        fn check(&self, model: &ModelDescription) -> Result<()> {
            model.require_dim().map(drop)
        }

        fn load(&self, _: &crate::LoadContext) -> Result<crate::AnyPipeline> {
            Err(Error::input("it is never loaded"))
        }
    }

    /// A family that is there.
    struct Dense;

    impl Family for Dense {
        fn name(&self) -> &'static str {
            "dense"
        }

        fn inputs(&self) -> &'static [crate::ContentKind] {
            &[crate::ContentKind::Text]
        }

        fn output(&self) -> crate::EmbeddingKind {
            crate::EmbeddingKind::Dense
        }

        fn describe(&self, _: &ModelFiles) -> Result<ModelDescription> {
            Err(Error::input("it describes nothing"))
        }

        fn engine(&self, _: crate::LoadedModel) -> Result<crate::Engine<crate::Content, crate::Embedding>> {
            Err(Error::input("it runs nothing"))
        }
    }

    const WRONG: &str = "[[model]]\nid = \"c/wrong\"\nfamily = \"dense\"\narchitecture = \"wide\"\n";
    static ARCHITECTURE: Plugin = Plugin::new("architecture").architectures(&[&Wide]);
    static ROWS: Plugin = Plugin::new("rows").manifest(WRONG);
    static BOTH: Plugin = Plugin::new("both").manifest(WRONG).architectures(&[&Wide]);

    #[test]
    fn a_wrong_row_of_a_plug_in_is_refused_by_its_architecture() {
        for plugins in [&[&BOTH][..], &[&ARCHITECTURE, &ROWS]] {
            let registry = Registry::empty();
            let (last, before) = plugins.split_last().unwrap();
            before.iter().for_each(|plugin| registry.add(plugin).unwrap());
            let refused = registry.add(last).unwrap_err().to_string();
            assert!(refused.contains("c/wrong") && refused.contains("dim"), "{refused}");
            assert!(registry.find("dense", "c/wrong").is_err(), "nothing of it is added");
        }
        // Whichever is linked first.
        let registry = Registry::empty();
        registry.add(&ROWS).unwrap();
        registry.note_wrong_rows();
        assert!(registry.faults().is_empty(), "its family is not there");
        registry.write().families.insert("dense", &Dense);
        registry.note_wrong_rows();
        assert!(registry.faults().is_empty(), "its architecture is not there, as in a small program");
        registry.add(&ARCHITECTURE).unwrap();
        registry.note_wrong_rows();
        assert!(registry.faults().iter().any(|fault| fault.contains("c/wrong")), "{:?}", registry.faults());
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        static SAME_NAME: Plugin = Plugin::new("architecture");
        static SAME_ARCHITECTURE: Plugin = Plugin::new("another").architectures(&[&Wide]);
        static TWICE: Plugin = Plugin::new("twice").architectures(&[&Wide, &Wide]);
        static SAME_FAMILY: Plugin = Plugin::new("relative").families(&[&Dense]);
        static FAMILY: Plugin = Plugin::new("family").families(&[&Dense]);
        let registry = Registry::empty();
        registry.add(&ARCHITECTURE).unwrap();
        registry.add(&FAMILY).unwrap();
        for (plugin, expected) in [
            (&SAME_ARCHITECTURE, "architecture \"wide\" is already"),
            (&SAME_FAMILY, "family \"dense\" is already"),
            (&SAME_NAME, "another plug-in"),
        ] {
            let refused = registry.add(plugin).unwrap_err().to_string();
            assert!(refused.contains(plugin.name) && refused.contains(expected), "{refused}");
            assert!(plugin.name == "architecture" || !registry.plugins().any(|name| name == plugin.name));
        }
        assert!(Registry::empty().add(&TWICE).unwrap_err().to_string().contains("already registered"));
        // The same item again, and a copy of it, are it.
        let copy: &'static Plugin = Box::leak(Box::new(ARCHITECTURE));
        registry.add(&ARCHITECTURE).unwrap();
        registry.add(copy).unwrap();
    }

    #[test]
    fn a_row_that_is_removed_is_gone_with_its_aliases_and_no_other() {
        let registry = Registry::empty();
        registry.add(&PLUGIN).unwrap();
        assert!(registry.remove("dense", "FIRST"));
        assert!(!registry.remove("dense", "a/first"));
        assert!(registry.find("dense", "first").is_err());
        assert_eq!(registry.find("dense", "b/second").unwrap().id, "b/second");
        assert_eq!(registry.list(&ModelFilter::default()).len(), 1);
    }
}
