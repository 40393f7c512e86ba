//! Which options were typed, beside what they say.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The options that were typed, by their ids, with their values. As the command line that they are on, they are the
/// process's.
static GIVEN: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();

/// Takes note of the options that were typed, so that one that has no use can be refused whatever its default.
pub(crate) fn note(matches: &ArgMatches) {
    let mut given = BTreeMap::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        let ids = matches.ids().map(|id| id.as_str());
        for id in ids.filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine)) {
            // A group of arguments has an id and no values.
            let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
            given.insert(id.to_owned(), values.map(|value| value.to_string_lossy().into_owned()).collect());
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    // There is one command line a process.
    let _ = GIVEN.set(given);
}

/// Whether the option was typed.
pub(crate) fn is_given(id: &str) -> bool {
    GIVEN.get().is_some_and(|given| given.contains_key(id))
}

/// The options that were typed, by their ids, with their values.
pub(crate) fn given() -> impl Iterator<Item = (&'static str, &'static [String])> {
    GIVEN.get().into_iter().flatten().map(|(id, values)| (id.as_str(), values.as_slice()))
}
