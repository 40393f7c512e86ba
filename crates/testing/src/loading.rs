//! Checks of what a model's architecture takes and refuses when it is loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use embedkit_core::model::join;
use embedkit_core::{
    Activation, AnyEmbedder, Architecture, Builder, Error, LoadContext, ModelDescription, ModelFiles, ModelOption,
    OutputSelector, Pooling,
};

use crate::subject::{Check, ROLE, Subject};
use crate::violation::{Rule, Verdict, Violation, ensure};

pub(crate) const CHECKS: &[Check] =
    &[check_refuses_what_load_would, parameters_are_listed, absent_files_are_named, tokenizer_folder, options];

/// A parameter that no architecture has.
const PARAMETER: &str = "a-parameter-that-no-architecture-has";

/// A folder that no model has.
const TOKENIZER_FOLDER: &str = "a-folder-that-no-model-has";

fn check_refuses_what_load_would(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Check;
    let architecture = architecture(subject)?;
    let row = subject.row();
    architecture.check(row).map_err(|error| {
        Violation::new(RULE, format!("check refuses the row of the model that was loaded: {}", error.report()))
    })?;
    let mut unknown_parameter = row.clone();
    unknown_parameter.parameters.insert(PARAMETER.to_owned(), true.into());
    let refused = architecture.check(&unknown_parameter);
    ensure(RULE, refused.is_err(), || format!("check takes a row with the unknown parameter {PARAMETER:?}"))?;
    let message = refused.err().map(|error| error.report()).unwrap_or_default();
    ensure(RULE, message.contains(PARAMETER), || {
        format!("the unknown parameter {PARAMETER:?} is not named: {message}")
    })?;

    let Some(files) = files(subject)? else { return Ok(()) };
    for (what, row) in poorer_rows(row) {
        let loads = architecture.load(&LoadContext::new(Arc::new(row.clone()), files.clone()));
        let Err(error) = loads else { continue };
        // Files may say what the row does not; what is wrong with the row alone must be told without them.
        ensure(RULE, architecture.check(&row).is_err() || is_about_a_file(&error), || {
            format!("check takes a row {what}, and load refuses it: {}", error.report())
        })?;
    }
    Ok(())
}

fn parameters_are_listed(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Check;
    let architecture = architecture(subject)?;
    let listed = architecture.parameters();
    let unlisted = subject.row().parameters.keys().find(|name| !listed.contains(&name.as_str()));
    ensure(RULE, unlisted.is_none(), || format!("the row's parameter {unlisted:?} is taken, and not listed"))?;
    let refused = |name: &str| {
        let mut row = subject.row().clone();
        row.parameters.insert(name.to_owned(), true.into());
        architecture.check(&row).err().map(|error| error.report())
    };
    let unknown = refused(PARAMETER).unwrap_or_default();
    for name in listed {
        // Of a parameter that is known, the value alone may be wrong.
        ensure(RULE, refused(name) != Some(unknown.replace(PARAMETER, name)), || {
            format!("the parameter {name:?} is listed, and check does not know it")
        })?;
    }
    Ok(())
}

/// Rows that lack something that the model's own has.
fn poorer_rows(row: &ModelDescription) -> Vec<(&'static str, ModelDescription)> {
    let without = |remove: fn(&mut ModelDescription)| {
        let mut poorer = row.clone();
        remove(&mut poorer);
        poorer
    };
    let mut rows = vec![
        ("without its model file", without(|row| row.model_file.clear())),
        ("without its width", without(|row| row.dim = None)),
        ("without its vocabulary's size", without(|row| row.vocab_size = None)),
        ("without its output", without(|row| row.output = None)),
        ("without its parameters", without(|row| row.parameters.clear())),
    ];
    rows.retain(|(_, poorer)| poorer != row);
    rows
}

fn is_about_a_file(error: &Error) -> bool {
    matches!(error, Error::MissingFile { .. } | Error::InvalidFile { .. })
}

fn absent_files_are_named(subject: &Subject<'_>) -> Verdict {
    let architecture = architecture(subject)?;
    let row = subject.row();
    let Some(needed) = row.required_files().next() else { return Ok(()) };
    match architecture.load(&LoadContext::new(Arc::new(row.clone()), ModelFiles::none())) {
        Err(Error::MissingFile { .. }) => Ok(()),
        Err(other) => Err(Violation::new(
            Rule::Check,
            format!("loaded without any file, the error should be MissingFile, and is {}", other.report()),
        )),
        Ok(_) => Err(Violation::new(Rule::Check, format!("it loads without {needed}, which the row says it needs"))),
    }
}

fn tokenizer_folder(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::TokenizerFolder;
    const HOW: &str = "with its tokenizer in a folder of its own";
    let row = subject.row();
    let Some(files) = files(subject)? else { return Ok(()) };
    architecture(subject)?
        .load(&LoadContext::new(Arc::new(row.clone()), files.clone()))
        .map_err(|error| Violation::new(RULE, format!("loaded once more: {}", error.report())))?;
    let Some(moved) = with_moved_tokenizer(&files, &row.tokenizer_folder) else { return Ok(()) };
    let mut row = row.clone();
    row.tokenizer_folder = TOKENIZER_FOLDER.to_owned();
    let model = subject.builder_of(row, moved).build();
    let model = model.map_err(|error| Violation::new(RULE, format!("{HOW}: {}", error.report())))?;
    let inputs = subject.samples();
    subject.are_all(RULE, inputs, model.embed_for(subject.job(inputs), ROLE), HOW)
}

/// What was read of a model's files, with those of its tokenizer in another folder; none where it has no tokenizer.
fn with_moved_tokenizer(files: &ModelFiles, folder: &str) -> Option<ModelFiles> {
    const TOKENIZER: &str = "tokenizer.json";
    const BESIDE: [&str; 3] = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];
    // Others read it too.
    const CONFIG: &str = "config.json";

    let read = files.names_read();
    let bytes = |name: &String| Some((name.clone(), files.read(name).ok()?.into_owned()));
    let mut moved: BTreeMap<String, Vec<u8>> = read.iter().filter_map(bytes).collect();
    let tokenizer = moved.remove(&join(folder, TOKENIZER))?;
    for name in BESIDE {
        if let Some(bytes) = moved.remove(&join(folder, name)) {
            moved.insert(join(TOKENIZER_FOLDER, name), bytes);
        }
    }
    if let Some(bytes) = moved.get(&join(folder, CONFIG)).cloned() {
        moved.insert(join(TOKENIZER_FOLDER, CONFIG), bytes);
    }
    moved.insert(join(TOKENIZER_FOLDER, TOKENIZER), tokenizer);
    Some(ModelFiles::memory(moved))
}

/// Sets an option.
type Setter<'s> = &'s dyn Fn(Builder<AnyEmbedder>) -> Builder<AnyEmbedder>;

fn options(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Options;
    let taken = architecture(subject)?.options();
    let width = subject.row().dim.unwrap_or(1);
    let set: [(ModelOption, Setter<'_>); 7] = [
        (ModelOption::MaxLength, &|builder| builder.max_length(8)),
        (ModelOption::Dim, &|builder| builder.dim(width)),
        (ModelOption::Pooling, &|builder| builder.pooling(Pooling::Mean)),
        (ModelOption::Normalize, &|builder| builder.normalize(true)),
        (ModelOption::Output, &|builder| builder.output(OutputSelector::Index(0))),
        (ModelOption::Activation, &|builder| builder.activation(Activation::Sigmoid)),
        (ModelOption::MemoryMap, &|builder| builder.memory_map(true)),
    ];
    for (option, set) in set.into_iter().filter(|(option, _)| !taken.contains(option)) {
        let name = option.name();
        match set(subject.builder()).build() {
            Err(Error::InvalidOption { option, .. }) if option == name => {}
            Err(other) => {
                let message = format!("`{name}` should be refused as an option, and the error is {}", other.report());
                return Err(Violation::new(RULE, message));
            }
            Ok(_) => return Err(Violation::new(RULE, format!("`{name}` is not listed, and was taken"))),
        }
    }
    Ok(())
}

fn architecture(subject: &Subject<'_>) -> Result<&'static dyn Architecture, Violation> {
    let found = subject.suite.found_in().architecture(subject.row());
    found.map_err(|error| Violation::new(Rule::Loads, error.report()))
}

fn files(subject: &Subject<'_>) -> Result<Option<ModelFiles>, Violation> {
    let files = subject.suite.model_files_of(subject.row());
    files.map_err(|error| Violation::new(Rule::Loads, error.report()))
}
