//! Files that a command line reads and writes: none may be both.

use std::fs::Metadata;
use std::path::PathBuf;

use clap::{ArgMatches, Command};

use crate::failure::{Failure, Result};

/// The options that name files to write, or folders; every other path is read.
const WRITTEN: [&str; 7] = ["output", "html", "png", "record", "runs", "heat_map", "make"];

/// Refuses an output that is also an input, by whatever names, links and open files they are: what is read would be
/// gone, or the run would read what it writes.
pub(crate) fn refuse_output_as_input(command: &Command, matches: &ArgMatches) -> Result<()> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(()) };
    let Some(command) = command.find_subcommand(verb) else { return Ok(()) };
    if command.has_subcommands() {
        return refuse_output_as_input(command, matches);
    }
    let named: Vec<(&str, &PathBuf)> = command
        .get_arguments()
        .map(|argument| argument.get_id().as_str())
        .filter_map(|id| Some((id, matches.try_get_many::<PathBuf>(id).ok()??)))
        .flat_map(|(id, paths)| paths.map(move |path| (id, path)))
        .collect();
    let is_written = |(id, _): &&(&str, &PathBuf)| WRITTEN.contains(id);
    let is_stream = |path: &PathBuf| path.as_os_str() == "-";

    let mut written: Vec<(String, Metadata)> = named.iter().filter(is_written).filter_map(described).collect();
    let takes = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
    let is_named = |id: &str| named.iter().any(|(other, path)| *other == id && !is_stream(path));
    if takes("output") && !WRITTEN.iter().any(|id| is_named(id)) {
        written.extend(open_file(std::io::stdout()).map(|meta| ("standard output".to_owned(), meta)));
    }
    let mut read: Vec<(String, Metadata)> =
        named.iter().filter(|file| !is_written(file)).filter_map(described).collect();
    let has_texts = matches.try_get_raw("texts").is_ok_and(|texts| texts.is_some());
    if takes("input") && !is_named("input") && !is_named("pdf") && !has_texts {
        read.extend(open_file(std::io::stdin()).map(|meta| ("standard input".to_owned(), meta)));
    }
    for (input, meta) in &read {
        if let Some((output, _)) = written.iter().find(|(_, other)| is_same_file(meta, other)) {
            return Err(Failure::Usage(format!(
                "{output} is the same file as {input}, which is read: write to another, and rename it when it is there"
            )));
        }
    }
    Ok(())
}

/// A file that is there, with how messages name it.
fn described((_, path): &(&str, &PathBuf)) -> Option<(String, Metadata)> {
    let meta = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    Some((path.display().to_string(), meta))
}

/// What an open stream is, if it is a file.
#[cfg(unix)]
fn open_file(stream: impl std::os::fd::AsFd) -> Option<Metadata> {
    let file = std::fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
    file.metadata().ok().filter(Metadata::is_file)
}

#[cfg(not(unix))]
fn open_file<S>(_: S) -> Option<Metadata> {
    None
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Without a number of the file, two that agree in all that is known are taken for one; but for an empty file, which has
/// nothing to lose.
#[cfg(not(unix))]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    let known = |meta: &Metadata| (meta.len(), meta.created().ok(), meta.modified().ok());
    one.len() > 0 && known(one) == known(other)
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use clap::CommandFactory as _;

    use super::*;

    /// What names files and folders that are read, or whose files go by names of their own.
    const READ: &str = "input texts image pdf manifest tuning model_dir cache_dir calibration inputs pipeline collection \
        pipelines data documents history runtime_dir file config unix_socket api_key_file";

    fn check(command: &Command) {
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            if argument.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
                let is_read = READ.split(' ').any(|read| read == id);
                assert!(is_read != WRITTEN.contains(&id), "{}: {id} is of one of the two", command.get_name());
            }
        }
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn every_path_is_read_or_written() {
        check(&crate::args::Cli::command());
    }
}
