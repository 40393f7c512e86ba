//! A manifest: model rows as TOML text, and the checks every row passes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ModelDescription;
use super::source::{self, is_sha256};
use crate::{Error, OutputSelector, Result, parse_toml};

/// Model rows, as a crate, a file or a caller gives them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The rows, in their order.
    #[serde(default, rename = "model")]
    pub models: Vec<ModelDescription>,
}

impl Manifest {
    /// Reads and checks the text of a manifest; `origin` names it in errors.
    ///
    /// # Errors
    /// [`Error::Manifest`] with the line of a syntax error or unknown key, or with the row and the
    /// field whose value cannot be right.
    pub fn parse(origin: &str, text: &str) -> Result<Self> {
        let manifest: Self = parse_toml(text).map_err(|message| Error::manifest(origin, message))?;
        manifest.check(origin)?;
        Ok(manifest)
    }

    /// Checks each row, and that no name stands twice in a family.
    fn check(&self, origin: &str) -> Result<()> {
        let mut names = BTreeSet::new();
        for model in &self.models {
            check_row(model).map_err(|message| Error::manifest(origin, format!("model {:?}: {message}", model.id)))?;
            for name in model.names() {
                if !names.insert((model.family.as_str(), name.to_lowercase())) {
                    let family = &model.family;
                    return Err(Error::manifest(origin, format!("the {family} model {name:?} stands here twice")));
                }
            }
        }
        Ok(())
    }
}

/// The checks that need no architecture; an architecture's own come when the row is looked at by it.
pub(crate) fn check_row(model: &ModelDescription) -> std::result::Result<(), String> {
    for (key, value) in [("id", &model.id), ("family", &model.family), ("architecture", &model.architecture)] {
        if value.trim().is_empty() || value.trim() != value {
            return Err(format!("`{key}` is empty or has blanks around it"));
        }
    }
    if model.aliases.iter().any(|alias| alias.trim().is_empty() || alias.trim() != alias) {
        return Err("one of `aliases` is empty or has blanks around it".to_owned());
    }
    if model.vocab_size == Some(0) {
        return Err("`vocab-size` is 0".to_owned());
    }
    let is_unnamed = match &model.output {
        Some(OutputSelector::Name(name)) => name.is_empty(),
        Some(OutputSelector::FirstOf(names)) => names.is_empty() || names.iter().any(String::is_empty),
        Some(OutputSelector::Index(_)) | None => false,
    };
    if is_unnamed {
        return Err("`output` should name outputs, and has no name or an empty one".to_owned());
    }
    if model.dim == Some(0) {
        return Err("`dim` is 0".to_owned());
    }
    if model.max_length.is_some_and(|length| length < 2) {
        return Err("`max-length` leaves no room for a token".to_owned());
    }
    if !model.size_gb.is_finite() || model.size_gb < 0.0 {
        return Err("`size-gb` is no size".to_owned());
    }
    // A date of TOML is read as a table of one entry with this name.
    if model.prompts.keys().any(|role| role.starts_with("$__toml_private")) {
        return Err("`prompts` should be a table of texts, and is a date".to_owned());
    }
    check_matryoshka(model)?;
    check_paths(model)?;
    model.sources.iter().try_for_each(source::check)?;
    check_digests(model)
}

fn check_matryoshka(model: &ModelDescription) -> std::result::Result<(), String> {
    let Some(largest) = model.matryoshka.first() else { return Ok(()) };
    let Some(dim) = model.dim else { return Err("`matryoshka` needs `dim`".to_owned()) };
    let descending = model.matryoshka.windows(2).all(|pair| pair[0] > pair[1]);
    if *largest >= dim || !descending || model.matryoshka.contains(&0) {
        return Err(format!("`matryoshka` must fall from below `dim` ({dim}), without 0"));
    }
    Ok(())
}

fn check_paths(model: &ModelDescription) -> std::result::Result<(), String> {
    let tokenizer = (!model.tokenizer_folder.is_empty()).then_some(model.tokenizer_folder.as_str());
    let files = model.required_files().chain(model.config_files.iter().map(String::as_str)).chain(tokenizer);
    for file in files {
        if file.is_empty() || !super::files::is_inside(file) {
            return Err(format!("{file:?} is no relative path inside the model's folder"));
        }
    }
    Ok(())
}

fn check_digests(model: &ModelDescription) -> std::result::Result<(), String> {
    let is_known = |file: &str| {
        model.required_files().chain(model.config_files.iter().map(String::as_str)).any(|known| known == file)
    };
    for (file, digest) in &model.digests {
        if !digest.sha256.as_deref().is_none_or(is_sha256) {
            return Err(format!("`sha256` of {file:?} is not 64 hexadecimal digits"));
        }
        if !is_known(file) {
            return Err(format!(
                "`digests` has {file:?}, which is neither `model-file` nor one of `files` and `config-files`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "[[model]]\nid = \"a/b\"\nfamily = \"dense\"\narchitecture = \"transformer\"\n";

    #[test]
    fn a_row_survives_writing_and_reading() {
        let mut model = ModelDescription::new("a/b", "dense", "transformer");
        model.dim = Some(384);
        model.output = Some(OutputSelector::Index(1));
        model.sources = vec![super::super::Source::Hub { hf: "a/b".into(), revision: None }];
        let text = toml::to_string(&Manifest { models: vec![model.clone()] }).unwrap();
        assert_eq!(Manifest::parse("test", &text).unwrap().models, [model]);
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_its_place() {
        for (rows, expected) in [
            (format!("{ROW}colour = 1"), "unknown field `colour`"),
            (format!("{ROW}dim = 0"), "`dim` is 0"),
            (format!("{ROW}dim = -1"), "line 5: `dim`"),
            (format!("{ROW}aliases = 1"), "line 5: `aliases`"),
            (format!("{ROW}aliases = [\"\"]"), "`aliases` is empty"),
            (format!("{ROW}aliases = [\" x\"]"), "`aliases` is empty or has blanks"),
            (format!("{ROW}output = \"\""), "`output` should name"),
            (format!("{ROW}output = []"), "`output` should name"),
            (format!("{ROW}output = [\"a\", \"\"]"), "`output` should name"),
            (format!("{ROW}vocab-size = 0"), "`vocab-size` is 0"),
            (format!("{ROW}sources = [{{ folder = \"\" }}]"), "`folder` is empty"),
            (format!("{ROW}sources = [{{ embedded = \"\" }}]"), "`embedded` is empty"),
            (format!("{ROW}max-length = 1"), "`max-length`"),
            (format!("{ROW}matryoshka = [64]"), "needs `dim`"),
            (format!("{ROW}dim = 64\nmatryoshka = [64, 32]"), "below `dim` (64)"),
            (format!("{ROW}dim = 64\nmatryoshka = [16, 32]"), "must fall"),
            (format!("{ROW}size-gb = nan"), "`size-gb`"),
            (format!("{ROW}model-file = \"../x\""), "no relative path"),
            (format!("{ROW}files = [\"/etc/passwd\"]"), "no relative path"),
            (format!("{ROW}digests = {{ f = {{ sha256 = \"12\" }} }}"), "64 hexadecimal"),
            (format!("{ROW}digests = {{ f = {{ size = 2 }} }}"), "`digests` has \"f\""),
            (format!("{ROW}prompts = 1979-05-27"), "`prompts` should be a table"),
            (format!("{ROW}sources = [{{ hf = \"../x\" }}]"), "no repository"),
            (format!("{ROW}sources = [{{ hf = \"a/b/c\" }}]"), "no repository"),
            (format!("{ROW}sources = [{{ hf = \"a/b\", revision = \"../x\" }}]"), "no branch, tag or commit"),
            (format!("{ROW}sources = [{{ hf = \"a/b\", revision = \"main/\" }}]"), "no branch, tag or commit"),
            (format!("{ROW}sources = [{{ hf = \"a/b\", url = \"https://h/x\" }}]"), "a source is one of"),
            (format!("{ROW}sources = [{{ url = \"https://h/x\", revision = \"main\" }}]"), "a source is one of"),
            (format!("{ROW}sources = [{{}}]"), "a source is one of"),
            (format!("{ROW}sources = [{{ hub = \"a/b\" }}]"), "unknown field `hub`"),
            (format!("{ROW}sources = [{{ url = \"file:///x\" }}]"), "https://"),
            (format!("{ROW}sources = [{{ url = \"https:///x\" }}]"), "https://"),
            (format!("{ROW}sources = [{{ url = \"https://h/x\", sha256 = \"12\" }}]"), "64 hexadecimal"),
            (format!("{ROW}{ROW}").replace("\"a/b\"", "\"A/b\"").replacen("A/b", "a/b", 1), "stands here twice"),
            (ROW.replace("a/b", " a"), "`id` is empty or has blanks"),
            ("[[model]]\nid = \"x\"".to_owned(), "missing field"),
        ] {
            let error = Manifest::parse("origin.toml", &rows).unwrap_err().to_string();
            let is_one_line = !error.contains('\n');
            assert!(error.starts_with("origin.toml: ") && error.contains(expected) && is_one_line, "{rows}\n{error}");
        }
    }
}
