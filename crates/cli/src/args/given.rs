//! Which verb and options were typed, beside what they say.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// What was typed. As the command line that it is, it is the process's.
static GIVEN: OnceLock<Given> = OnceLock::new();

/// What was typed.
#[derive(Debug, Default)]
struct Given {
    verb: String,
    /// By their ids.
    options: BTreeMap<String, Typed>,
}

/// An option that was typed.
#[derive(Debug)]
struct Typed {
    /// As people type it.
    name: String,
    values: Vec<String>,
}

/// Takes note of the verb and the options that were typed, so that one that has no use can be refused whatever its default.
pub(crate) fn note(command: &Command, matches: &ArgMatches) {
    let mut given = Given::default();
    let mut level = Some((command, matches));
    while let Some((command, matches)) = level {
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            if matches.value_source(id) == Some(ValueSource::CommandLine) {
                let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
                let values = values.map(|value| value.to_string_lossy().into_owned()).collect();
                given.options.insert(id.to_owned(), Typed { name: name(argument), values });
            }
        }
        level = matches.subcommand().and_then(|(verb, matches)| {
            given.verb = verb.to_owned();
            Some((command.find_subcommand(verb)?, matches))
        });
    }
    // There is one command line a process.
    let _ = GIVEN.set(given);
}

/// An argument as people type it.
pub(crate) fn name(argument: &Arg) -> String {
    let of_value = || argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => of_value().unwrap_or_else(|| argument.get_id().as_str().to_uppercase()),
    }
}

/// The verb that was typed, the last where one stands below another.
pub(crate) fn verb() -> &'static str {
    GIVEN.get().map_or("", |given| &given.verb)
}

/// The option as it is typed, if it was.
pub(crate) fn given_as(id: &str) -> Option<&'static str> {
    Some(&GIVEN.get()?.options.get(id)?.name)
}

/// Whether the option was typed.
pub(crate) fn is_given(id: &str) -> bool {
    given_as(id).is_some()
}

/// The options that were typed, by their ids, with their values.
pub(crate) fn given() -> impl Iterator<Item = (&'static str, &'static [String])> {
    let options = GIVEN.get().into_iter().flat_map(|given| &given.options);
    options.map(|(id, typed)| (id.as_str(), typed.values.as_slice()))
}
