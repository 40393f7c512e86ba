//! What the catalogue asks of a row beyond what every manifest must be.

use std::collections::{BTreeMap, BTreeSet};

use embedkit_core::{Manifest, ModelDescription, Registry, Source};

/// Everything wrong with the catalogue, a line each.
pub(super) fn faults(manifest: &Manifest, registry: &Registry) -> Vec<String> {
    let families = Families::of(manifest, registry);
    let of_row = |model: &ModelDescription| {
        let mut messages = row_faults(model, &families);
        if families.known.contains(&model.family) {
            messages.extend(registry.check(model).err().map(|error| error.to_string()));
        }
        messages
            .into_iter()
            .map(|message| format!("{} model {}: {message}", model.family, model.id))
            .collect::<Vec<_>>()
    };
    manifest.models.iter().flat_map(of_row).chain(space_faults(manifest)).collect()
}

/// What the families' rows have in common.
struct Families<'m> {
    /// Those that a crate has architectures of.
    known: BTreeSet<String>,
    /// Those whose vectors have a width, and those whose models speak languages: what one row of a family states, all do.
    with_width: BTreeSet<&'m str>,
    with_languages: BTreeSet<&'m str>,
}

impl<'m> Families<'m> {
    fn of(manifest: &'m Manifest, registry: &Registry) -> Self {
        let that = |states: fn(&ModelDescription) -> bool| {
            manifest.models.iter().filter(|model| states(model)).map(|model| model.family.as_str()).collect()
        };
        Self {
            known: registry.architectures().into_iter().map(|architecture| architecture.family().to_owned()).collect(),
            with_width: that(|model| model.dim.is_some()),
            with_languages: that(|model| !model.languages.is_empty()),
        }
    }
}

fn row_faults(model: &ModelDescription, families: &Families<'_>) -> Vec<String> {
    let family = model.family.as_str();
    let has_files = model.required_files().next().is_some();
    let mut faults = Vec::new();
    let mut require = |holds: bool, message: &str| {
        if !holds {
            faults.push(message.to_owned());
        }
    };
    require(families.known.contains(family), "`family` is none that a crate of this workspace has");
    require(is_sentence(&model.description), "`description` is no sentence with a full stop");
    require(spdx::Expression::parse(&model.license).is_ok(), "`license` is no SPDX expression");
    require(model.languages.iter().all(|tag| is_language(tag)), "`languages` has what is no BCP 47 tag");
    let needs_languages = families.with_languages.contains(family);
    require(
        !model.languages.is_empty() || !needs_languages,
        "`languages` is empty, and other rows of the family state it",
    );
    let needs_width = families.with_width.contains(family);
    require(model.dim.is_some() || !needs_width, "`dim` is missing, and other rows of the family state it");
    require(model.prompts.values().all(|prompt| !prompt.trim().is_empty()), "`prompts` has an empty one");
    require(!model.sources.is_empty() || !has_files, "`sources` is empty, but there are files to fetch");
    require(model.sources.is_empty() || has_files, "there are `sources`, but no file to fetch from them");
    require(model.size_gb > 0.0 || !has_files, "`size-gb` is missing");
    require(model.sources.iter().all(is_address), "`sources` has what is no `owner/name` and no https address");
    faults
}

fn is_sentence(text: &str) -> bool {
    text.ends_with('.') && text.trim() == text && text.len() > 1
}

/// Whether this is `multilingual` or has the shape of a language tag: a language of two or three
/// letters, then subtags.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_code = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    tag == "multilingual" || is_code && parts.all(is_subtag)
}

fn is_address(source: &Source) -> bool {
    match source {
        Source::Hub { hf, .. } => hf.split('/').filter(|part| !part.is_empty() && part.trim() == *part).count() == 2,
        Source::Archive { url, .. } => url.starts_with("https://"),
        _ => true,
    }
}

/// A space is shared by two models at least, and all its vectors have one width.
fn space_faults(manifest: &Manifest) -> Vec<String> {
    let mut spaces: BTreeMap<&str, Vec<Option<usize>>> = BTreeMap::new();
    for model in &manifest.models {
        if let Some(space) = &model.space {
            spaces.entry(space).or_default().push(model.dim);
        }
    }
    let is_shared = |widths: &Vec<Option<usize>>| widths.len() > 1 && widths.windows(2).all(|pair| pair[0] == pair[1]);
    let faulty = spaces.into_iter().filter(|(_, widths)| !is_shared(widths));
    faulty.map(|(space, _)| format!("space {space}: must be of several models, all of one width")).collect()
}

#[cfg(test)]
mod tests {
    use embedkit_core::{AnyPipeline, LoadContext};
    use embedkit_core::{Architecture, Error, Plugin, Result, RowField};

    use super::*;

    fn good_row() -> ModelDescription {
        let mut model = ModelDescription::new("a/b", "dense", "transformer");
        model.description = "A model.".to_owned();
        model.license = "MIT OR LicenseRef-gemma".to_owned();
        model.languages = vec!["en".to_owned(), "zh-Hant".to_owned()];
        model.size_gb = 0.1;
        model.dim = Some(8);
        model.model_file = "model.onnx".to_owned();
        model.sources = vec![Source::Hub { hf: "a/b".to_owned(), revision: None }];
        model
    }

    fn catalogue(models: impl IntoIterator<Item = ModelDescription>) -> Manifest {
        let mut manifest = Manifest::default();
        manifest.models.extend(models);
        manifest
    }

    #[test]
    fn each_fault_is_named() {
        let registry = registry();
        type Change = fn(&mut ModelDescription);
        let changes: [(Change, &str); 13] = [
            (|row| row.family = "audio".to_owned(), "`family`"),
            (|row| row.description.clear(), "`description`"),
            (|row| row.description = "No full stop".to_owned(), "`description`"),
            (|row| row.license.clear(), "`license`"),
            (|row| row.license = "apache 2".to_owned(), "`license`"),
            (|row| row.languages = vec!["English".to_owned()], "`languages`"),
            (|row| row.languages.clear(), "`languages`"),
            (|row| row.dim = None, "`dim`"),
            (|row| drop(row.prompts.insert("query".to_owned(), " ".to_owned())), "`prompts`"),
            (|row| row.sources.clear(), "`sources`"),
            (|row| row.sources = vec![Source::Hub { hf: "b".to_owned(), revision: None }], "`sources`"),
            (|row| row.size_gb = 0.0, "`size-gb`"),
            (|row| row.space = Some("alone".to_owned()), "space alone"),
        ];
        assert_eq!(faults(&catalogue([good_row()]), &registry), [""; 0]);
        for (change, expected) in changes {
            let mut row = good_row();
            change(&mut row);
            let faults = faults(&catalogue([good_row(), row]), &registry);
            assert!(faults.len() == 1 && faults[0].contains(expected), "{expected}: {faults:?}");
        }
    }

    #[test]
    fn a_row_without_files_needs_no_source() {
        let mut row = good_row();
        row.sources.clear();
        row.model_file.clear();
        row.size_gb = 0.0;
        assert_eq!(faults(&catalogue([row.clone()]), &registry()), [""; 0]);
        row.sources = good_row().sources;
        assert!(faults(&catalogue([row]), &registry())[0].contains("no file"));
    }

    #[test]
    fn a_space_has_one_width() {
        let shared = |id: &str, dim| {
            let mut row = good_row();
            (row.id, row.dim, row.space) = (id.to_owned(), Some(dim), Some("s".to_owned()));
            row
        };
        assert_eq!(faults(&catalogue([shared("a", 8), shared("b", 8)]), &registry()), [""; 0]);
        assert_eq!(faults(&catalogue([shared("a", 8), shared("b", 9)]), &registry()).len(), 1);
    }

    struct Picky;

    impl Architecture for Picky {
        fn name(&self) -> &'static str {
            "transformer"
        }

        fn family(&self) -> &'static str {
            "dense"
        }

        fn fields(&self) -> &'static [RowField] {
            &[RowField::Prompts]
        }

        fn check(&self, model: &ModelDescription) -> Result<()> {
            if model.dim != Some(0) { Ok(()) } else { Err(Error::manifest(&model.id, "0 will not do")) }
        }

        fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
            Err(Error::manifest(&context.model.id, "never loaded"))
        }
    }

    static PICKY: Plugin = Plugin::new("picky").architectures(&[&Picky]);

    /// A registry of one architecture.
    fn registry() -> Registry {
        let registry = Registry::empty();
        registry.add(&PICKY).unwrap();
        registry
    }

    #[test]
    fn rows_are_checked_by_their_architectures() {
        let (mut narrow, mut unknown) = (good_row(), good_row());
        narrow.dim = Some(0);
        unknown.architecture = "transformre".to_owned();
        let faults = faults(&catalogue([good_row(), narrow, unknown]), &registry());
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("0 will not do") && faults[1].contains("transformre"), "{faults:?}");
    }

    #[test]
    fn what_no_row_of_a_family_states_none_needs() {
        let mut row = good_row();
        (row.dim, row.languages) = (None, Vec::new());
        assert_eq!(faults(&catalogue([row.clone(), row]), &registry()), [""; 0]);
    }
}
