//! Checks of what a model's architecture takes and refuses when it is loaded.

use std::sync::Arc;

use embedkit_core::{
    Activation, AnyEmbedder, Architecture, Builder, Error, LoadContext, ModelDescription, ModelFiles, ModelOption,
    OutputSelector, Pooling,
};

use crate::subject::{Check, Subject, with_causes};
use crate::violation::{Rule, Verdict, Violation, ensure};

pub(crate) const CHECKS: &[Check] = &[check_refuses_what_load_would, absent_files_are_named, options, fields];

/// A parameter that no architecture has.
const PARAMETER: &str = "a-parameter-that-no-architecture-has";

fn check_refuses_what_load_would(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Check;
    let architecture = architecture(subject)?;
    let row = subject.row();
    architecture.check(row).map_err(|error| {
        Violation::new(RULE, format!("check refuses the row of the model that was loaded: {}", with_causes(&error)))
    })?;
    let mut unknown_parameter = row.clone();
    unknown_parameter.parameters.insert(PARAMETER.to_owned(), true.into());
    let refused = architecture.check(&unknown_parameter);
    ensure(RULE, refused.is_err(), || format!("check takes a row with the unknown parameter {PARAMETER:?}"))?;
    let message = refused.err().map(|error| with_causes(&error)).unwrap_or_default();
    ensure(RULE, message.contains(PARAMETER), || {
        format!("the unknown parameter {PARAMETER:?} is not named: {message}")
    })?;

    let Some(files) = files(subject)? else { return Ok(()) };
    for (what, row) in poorer_rows(row) {
        let loads = architecture.load(&LoadContext::new(Arc::new(row.clone()), files.clone()));
        let Err(error) = loads else { continue };
        // Files may say what the row does not; what is wrong with the row alone must be told without them.
        ensure(RULE, architecture.check(&row).is_err() || is_about_a_file(&error), || {
            format!("check takes a row {what}, and load refuses it: {}", with_causes(&error))
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
            format!("loaded without any file, the error should be MissingFile, and is {}", with_causes(&other)),
        )),
        Ok(_) => Err(Violation::new(Rule::Check, format!("it loads without {needed}, which the row says it needs"))),
    }
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
                let message =
                    format!("`{name}` should be refused as an option, and the error is {}", with_causes(&other));
                return Err(Violation::new(RULE, message));
            }
            Ok(_) => return Err(Violation::new(RULE, format!("`{name}` is not listed, and was taken"))),
        }
    }
    Ok(())
}

/// What is refused as an option is refused in a row.
fn fields(subject: &Subject<'_>) -> Verdict {
    type Set = fn(&mut ModelDescription);
    const RULE: Rule = Rule::Options;
    let taken = architecture(subject)?.options();
    let set: [(ModelOption, Set); 3] = [
        (ModelOption::Pooling, |row| row.pooling = Pooling::Mean),
        (ModelOption::Output, |row| row.output = Some(OutputSelector::Index(0))),
        (ModelOption::Activation, |row| row.activation = Activation::Sigmoid),
    ];
    for (option, set) in set.into_iter().filter(|(option, _)| !taken.contains(option)) {
        let name = option.name();
        let mut row = subject.row().clone();
        set(&mut row);
        let message = subject.suite.found_in().check(&row).err().map(|error| with_causes(&error)).unwrap_or_default();
        ensure(RULE, message.contains(name), || format!("a row with `{name}` should be refused by name: {message:?}"))?;
    }
    Ok(())
}

fn architecture(subject: &Subject<'_>) -> Result<&'static dyn Architecture, Violation> {
    let found = subject.suite.found_in().architecture(subject.row());
    found.map_err(|error| Violation::new(Rule::Loads, with_causes(&error)))
}

fn files(subject: &Subject<'_>) -> Result<Option<ModelFiles>, Violation> {
    let files = subject.suite.model_files_of(subject.row());
    files.map_err(|error| Violation::new(Rule::Loads, with_causes(&error)))
}
