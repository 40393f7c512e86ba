//! The embedkit command line.

fn main() -> std::process::ExitCode {
    embedkit_cli::main()
}
