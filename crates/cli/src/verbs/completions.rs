//! `completions`: a shell's completion script.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::failure::Result;

pub(super) fn run(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "embedkit", &mut script);
    super::print_styled(&String::from_utf8_lossy(&script))
}
