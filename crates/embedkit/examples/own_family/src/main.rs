//! The embedkit program with this crate's family: `own-family embed -m example/letters "abc"`.

use own_family as _;

fn main() -> std::process::ExitCode {
    embedkit_cli::main()
}
