//! Which options were typed, beside what they say.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The ids of the options that were typed. As the command line that they are on, they are the process's.
static GIVEN: OnceLock<BTreeSet<String>> = OnceLock::new();

/// Takes note of the options that were typed, so that one that has no use can be refused whatever its default.
pub(crate) fn note(matches: &ArgMatches) {
    let mut given = BTreeSet::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        let ids = matches.ids().map(|id| id.as_str());
        let typed = ids.filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
        given.extend(typed.map(str::to_owned));
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    // There is one command line a process.
    let _ = GIVEN.set(given);
}

/// Whether the option was typed.
pub(crate) fn is_given(id: &str) -> bool {
    GIVEN.get().is_some_and(|given| given.contains(id))
}
