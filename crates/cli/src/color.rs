//! Whether results have colours.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use clap::{ColorChoice, ValueEnum};

/// What was asked for; as the command line that says so, it is the process's.
static ASKED: OnceLock<Color> = OnceLock::new();

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless the variable NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// What the arguments ask for, before they are read in earnest: help has colours too.
    pub(crate) fn of_arguments() -> Self {
        let arguments: Vec<String> =
            std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        let value = arguments.iter().enumerate().find_map(|(at, argument)| match argument.strip_prefix("--color") {
            Some("") => arguments.get(at + 1).map(String::as_str),
            Some(value) => value.strip_prefix('='),
            None => None,
        });
        value.and_then(|value| Self::from_str(value, false).ok()).unwrap_or_default()
    }

    /// The same for the reader of arguments.
    pub(crate) fn for_help(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }

    /// Goes for the whole process.
    pub(crate) fn choose(self) {
        // There is one command line a process.
        let _ = ASKED.set(self);
    }
}

/// Whether what goes to standard output has colours.
pub(crate) fn on_stdout() -> bool {
    match ASKED.get().copied().unwrap_or_default() {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}
