//! What help shows: `-h` the options that people use, `--help` all of them; and examples under every verb.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::args::name_of;
use crate::uses;

/// The ids of options that `-h` shows; `--help` shows the others too.
const COMMON: &[&str] = &[
    "texts",
    "input",
    "field",
    "keep_fields",
    "model",
    "model_dir",
    "as_query",
    "output",
    "format",
    "query",
    "documents",
    "document",
    "top_k",
    "language",
    "pdf",
    "html",
    "image",
    "help",
    "version",
    "name",
    "ids",
    "family",
    "word",
    "cached",
    "json",
    "shell",
    "all",
    "collection",
    "inputs",
    "pipelines",
    "data",
    "host",
    "port",
    "dim",
    "id",
];

/// Verbs whose model has no default.
const WITHOUT_DEFAULT: [&str; 2] = ["rerank", "tune"];

/// Three things to do with each verb.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "embed",
        "embedkit embed \"a cat\" \"a kitten\"
embedkit embed -m BAAI/bge-small-en-v1.5 -i a.csv --field body -o a.parquet
embedkit embed -m bm25 --language german -i texts.jsonl --keep-fields",
    ),
    (
        "index",
        "embedkit index docs/ -o notes
embedkit index docs/ -o notes --pipeline mine.toml
embedkit index -o notes --versions",
    ),
    (
        "search",
        "embedkit search notes \"how do I keep bread fresh?\"
embedkit search notes \"tax return\" -k 3 --explain
embedkit search notes \"tax return\" --html page.html",
    ),
    (
        "eval",
        "embedkit eval default Qdrant/bm25 --data my-set
embedkit eval mine.toml --data my-set --sweep --html sweep.html
embedkit eval docs/ --make my-set",
    ),
    (
        "serve",
        "embedkit serve
embedkit serve -m BAAI/bge-small-en-v1.5 --port 9000
embedkit serve --config serve.toml",
    ),
    (
        "tokens",
        "embedkit tokens \"how many tokens is this?\"
embedkit tokens -m BAAI/bge-small-en-v1.5 -i texts.txt
embedkit tokens -m ms-marco-MiniLM-L-6-v2 --query-text \"where?\" -i a.txt",
    ),
    (
        "similarity",
        "embedkit similarity \"a cat on the sofa\" \"a kitten\" \"a tax return\"
embedkit similarity --json \"a cat\" \"a kitten\"
embedkit similarity -m BAAI/bge-small-en-v1.5 \"a cat\" \"a kitten\"",
    ),
    (
        "rerank",
        "embedkit rerank -m ms-marco-MiniLM-L-6-v2 --query \"where is Paris?\" -i a.txt
embedkit rerank -m ms-marco-MiniLM-L-6-v2 --query \"where?\" --top-k 3 -i a.txt
embedkit rerank -m ms-marco-MiniLM-L-6-v2 --pairs -i pairs.jsonl",
    ),
    (
        "score",
        "embedkit score --query \"where?\" \"Paris is in France.\" \"He is asleep.\"
embedkit score -m answerai-colbert-small-v1 --query \"where is Paris?\" -i a.txt
embedkit score -m colmodernvbert --query \"profit\" --pdf a.pdf --top-k 3",
    ),
    (
        "explain",
        "embedkit explain --query \"where is Paris?\" \"Paris is in France.\"
embedkit explain --query \"where is Paris?\" \"It is in France.\" --html a.html
embedkit explain -m colmodernvbert --query \"profit\" --pdf a.pdf --html a.html",
    ),
    (
        "muvera",
        "embedkit embed -m answerai-colbert-small-v1 -i a.txt | embedkit muvera --dim 96
embedkit muvera --dim 96 -i multivectors.jsonl -o vectors.jsonl
embedkit muvera --dim 96 --query -i queries.jsonl",
    ),
    (
        "tune",
        "embedkit tune -m BAAI/bge-small-en-v1.5 -i sample.txt -o bge.toml
embedkit embed -m BAAI/bge-small-en-v1.5 --tuning bge.toml -i texts.txt
embedkit tune -m ms-marco-MiniLM-L-6-v2 --rerank-query \"where?\" -i a.txt",
    ),
    (
        "models",
        "embedkit models list german
embedkit models show all-MiniLM-L6-v2
embedkit models pull BAAI/bge-small-en-v1.5",
    ),
    (
        "runtime",
        "embedkit runtime install
embedkit runtime status
embedkit runtime install --file onnxruntime-linux-x64-1.31.1.tgz",
    ),
    (
        "doctor",
        "embedkit doctor
embedkit doctor --json
EMBEDKIT_LOG=debug embedkit doctor",
    ),
    (
        "completions",
        "embedkit completions bash > ~/.local/share/bash-completion/completions/embedkit
embedkit completions zsh > ~/.zfunc/_embedkit
embedkit completions fish > ~/.config/fish/completions/embedkit.fish",
    ),
];

/// The command with its help arranged.
pub(crate) fn arranged(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, |verb| arranged_verb(name, verb)))
}

fn arranged_verb(name: &str, verb: Command) -> Command {
    let verb = match EXAMPLES.iter().find(|(of, _)| *of == name) {
        Some((_, examples)) => {
            let lines: String = examples.lines().map(|line| format!("\n  {line}")).collect();
            verb.after_help(format!("Examples:{lines}"))
        }
        None => verb,
    };
    let below: Vec<String> = verb.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let verb = below
        .iter()
        .fold(verb, |verb, name| verb.mut_subcommand(name, |verb| verb.mut_args(|a| arranged_option(a, ""))));
    verb.mut_args(|argument| arranged_option(argument, name))
}

fn arranged_option(argument: Arg, verb: &str) -> Arg {
    let id = argument.get_id().as_str();
    let argument = match id {
        "model" if WITHOUT_DEFAULT.contains(&verb) => {
            argument.help("The model's id or alias, or how it ends; see `models list`. There is no default")
        }
        _ => argument,
    };
    let is_common = COMMON.contains(&argument.get_id().as_str()) || argument.is_required_set();
    let is_idle = uses::idle_at(verb, argument.get_id().as_str());
    argument.hide_short_help(!is_common).hide_long_help(is_idle)
}

/// Which verbs take an option that the chosen one does not; nothing where none does.
pub(crate) fn takers(error: &clap::Error, command: &Command) -> Option<String> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = typed.split('=').next().filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let takes = |verb: &&Command| verb.get_arguments().any(|argument| name_of(argument) == option);
    let verbs = command.get_subcommands().flat_map(|verb| match verb.has_subcommands() {
        true => {
            verb.get_subcommands().map(|below| (format!("{} {}", verb.get_name(), below.get_name()), below)).collect()
        }
        false => vec![(verb.get_name().to_owned(), verb)],
    });
    let takers: Vec<String> = verbs.filter(|(_, verb)| takes(verb)).map(|(name, _)| name).collect();
    (!takers.is_empty()).then(|| format!("\n{option} is an option of {}\n", takers.join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn every_verb_has_three_examples_that_are_understood() {
        let command = arranged(Cli::command());
        for (verb, examples) in EXAMPLES {
            assert!(command.find_subcommand(verb).is_some() || cfg!(not(feature = "full")), "{verb}");
            assert_eq!(examples.lines().count(), 3, "{verb}");
            let is_narrow = |line: &str| line.len() <= 79 || line.contains(" > ");
            assert!(examples.lines().all(is_narrow), "{verb}: an example is wider than a terminal");
        }
        if cfg!(not(feature = "full")) {
            return;
        }
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        for verb in shown.map(Command::get_name).filter(|name| *name != "help") {
            assert!(EXAMPLES.iter().any(|(of, _)| *of == verb), "{verb} has no examples");
        }
        for example in EXAMPLES.iter().flat_map(|(_, examples)| examples.lines()) {
            for part in example.split(" | ") {
                let words = words(part.split(" > ").next().unwrap());
                let words = words.iter().skip_while(|word| *word != "embedkit");
                let parsed = command.clone().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{example}: {:?}", parsed.err().map(|error| error.to_string()));
            }
        }
    }

    /// The words of a line, as a shell parts it.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(at, part)| match at % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn short_help_is_short() {
        let mut command = arranged(Cli::command());
        let embed = command.find_subcommand_mut("embed").unwrap();
        let (short, long) = (embed.render_help().to_string(), embed.render_long_help().to_string());
        let options = |help: &str| help.lines().filter(|line| line.trim_start().starts_with('-')).count();
        assert!((8..=16).contains(&options(&short)), "{short}");
        assert!(options(&long) > 40, "{long}");
        assert!(long.contains("Examples:") && short.contains("Examples:"));
    }
}
