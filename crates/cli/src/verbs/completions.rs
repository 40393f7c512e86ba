//! `completions`: a shell's completion script, with the names of models and families that this program has: plug-ins' and
//! those of manifests too.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, CommandFactory as _};
use embedkit::Registry;
use embedkit::plugin::Family;

use crate::args::Cli;
use crate::failure::Result;
use crate::languages;

/// Verbs that take models which are downloaded.
const OF_DOWNLOADED: [&str; 3] = ["verify", "repair", "rm"];

pub(super) fn run(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    let mut command = with_names(Cli::command(), &Names::here()?);
    clap_complete::generate(shell, &mut command, "embedkit", &mut script);
    super::print_styled(&String::from_utf8_lossy(&script))
}

/// What arguments may be.
struct Names {
    models: Vec<String>,
    downloaded: Vec<String>,
    families: Vec<String>,
    languages: Vec<String>,
}

impl Names {
    fn here() -> Result<Self> {
        let registry = Registry::global();
        let mut models: Vec<String> = registry.list(&Default::default()).iter().map(|model| model.id.clone()).collect();
        models.sort();
        models.dedup();
        Ok(Self {
            models,
            downloaded: super::models::downloaded_ids()?,
            families: registry.families().into_iter().map(Family::name).map(str::to_owned).collect(),
            languages: languages::names().map(str::to_owned).collect(),
        })
    }

    /// The values of an argument of a verb, where they are known.
    fn of(&self, verb: &str, id: &str) -> Option<&[String]> {
        match id {
            "ids" if OF_DOWNLOADED.contains(&verb) => Some(&self.downloaded),
            "model" | "id" | "ids" => Some(&self.models),
            "kind" | "family" => Some(&self.families),
            "language" => Some(&self.languages),
            _ => None,
        }
    }
}

/// The command with what its arguments may be. It is only written down, never used to read arguments, which may be more.
fn with_names(command: Command, names: &Names) -> Command {
    let verb = command.get_name().to_owned();
    let below: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let command =
        below.iter().fold(command, |command, name| command.mut_subcommand(name, |verb| with_names(verb, names)));
    command.mut_args(|argument| match names.of(&verb, argument.get_id().as_str()) {
        Some(values) if !values.is_empty() => with_values(argument, values),
        _ => argument,
    })
}

fn with_values(argument: Arg, values: &[String]) -> Arg {
    // The parser wants names that live as long as the program, which ends when the script is written.
    let values = values.iter().map(|value| PossibleValue::new(&*value.clone().leak()));
    argument.value_parser(PossibleValuesParser::new(values))
}
