//! `--shard`: one share of the inputs, for jobs on many machines that have only a scheduler. There is no state but the
//! results: each file appears when it is complete and says what it was made with, so that a run does what is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use embedkit::AnyEmbedder;
use embedkit::Builder;

use super::wanted::Wanted;
use super::{builder, encoder, family, vectors};
use crate::args::{EmbedArgs, Shard};
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::notice;
use crate::output::{self, Provenance};

/// A file of results to make.
struct Job {
    input: PathBuf,
    output: PathBuf,
    /// The inputs of the file that are of the share; none: all.
    share: Option<Shard>,
    /// How the results name the file that they are of.
    name: String,
    /// Its length, by which a file that changed is known.
    bytes: u64,
}

pub(super) fn run(args: &EmbedArgs, shard: Shard) -> Result<()> {
    let (Some(input), Some(output)) = (&args.input.input, &args.output.output) else {
        return Err(Failure::Usage("--shard needs a folder or a file with --input, and an --output".to_owned()));
    };
    let jobs =
        if input.is_dir() { of_files(args, input, output, shard)? } else { vec![of_inputs(input, output, shard)?] };
    let family = family::of(args)?;
    let builder = lazy(builder(args, family)?);
    let mut encoder = encoder(args)?;
    let model = builder.build()?;
    let provenance = Provenance::of(args, &model).with_digest(args, &model)?;
    let (mut done, mut passed_over) = (0, 0);
    for job in jobs {
        let provenance = provenance.clone().with("input", &job.name).with("input-bytes", job.bytes);
        let mut args = args.clone();
        (args.input.input, args.output.output) = (Some(job.input), Some(job.output.clone()));
        if is_there(&job.output, args.output.format()?, &provenance)? {
            passed_over += 1;
            continue;
        }
        make_folder(&job.output)?;
        open(&model)?;
        vectors(&args, &model, family, &mut encoder, provenance, Wanted::of(job.share))?;
        done += 1;
    }
    let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    notice::tell_watchers(&match (done, passed_over) {
        (0, 0) => format!("shard {shard} has no files: there are fewer than shares"),
        (done, passed_over) => format!("shard {shard}: {} made, {} there already", files(done), files(passed_over)),
    });
    Ok(())
}

/// A builder that opens no graph where everything is there.
fn lazy(builder: Builder<AnyEmbedder>) -> Builder<AnyEmbedder> {
    #[cfg(feature = "onnx")]
    return builder.lazy(true);
    #[cfg(not(feature = "onnx"))]
    builder
}

/// Opens the graph that was left closed: one that cannot be opened is the run's failure, and not each input's.
fn open(model: &AnyEmbedder) -> Result<()> {
    #[cfg(feature = "onnx")]
    model.engine().provider()?;
    #[cfg(not(feature = "onnx"))]
    let _ = model;
    Ok(())
}

/// Every n-th file below a folder, to a file of results of its name below another.
fn of_files(args: &EmbedArgs, input: &Path, output: &Path, shard: Shard) -> Result<Vec<Job>> {
    if output.exists() && !output.is_dir() {
        return Err(Failure::Usage(format!("{} is no folder, and --input is one", output.display())));
    }
    if absolute(output)?.starts_with(absolute(input)?) {
        return Err(Failure::Usage(format!(
            "{} is within {}: results would be inputs of the next run",
            output.display(),
            input.display()
        )));
    }
    let extension = args.output.format_in_folder()?.name();
    let mut inputs = Vec::new();
    list(input, &mut inputs)?;
    inputs.sort();
    let mut outputs: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut jobs = Vec::new();
    for (place, path) in inputs.into_iter().enumerate() {
        let name = path.strip_prefix(input).unwrap_or(&path).to_owned();
        let to = output.join(name.with_extension(extension));
        let name = name.to_string_lossy().replace('\\', "/");
        if let Some(other) = outputs.insert(to.clone(), name.clone()) {
            return Err(Failure::Usage(format!("{other} and {name} would both become {}", to.display())));
        }
        if shard.takes(place) {
            let bytes = length(&path)?;
            jobs.push(Job { input: path, output: to, share: None, name, bytes });
        }
    }
    Ok(jobs)
}

/// Every n-th input of a file, to a file whose name tells the share.
fn of_inputs(input: &Path, output: &Path, shard: Shard) -> Result<Job> {
    if !input.is_file() {
        return Err(Failure::Usage(format!("{}: --shard takes a folder or a file", input.display())));
    }
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let extension =
        output.extension().map_or_else(String::new, |extension| format!(".{}", extension.to_string_lossy()));
    let output = output.with_file_name(format!("{stem}-{}{extension}", shard.suffix()));
    let name = input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Job {
        bytes: length(input)?,
        input: input.to_owned(),
        output,
        share: Some(shard),
        name: format!("{name} {shard}"),
    })
}

/// Whether the results are there, complete and of what this run would make them of.
fn is_there(output: &Path, format: Format, provenance: &Provenance) -> Result<bool> {
    let Some(said) = output::said(output, format)? else { return Ok(false) };
    provenance.check(&said, output)?;
    for entry in ["embedkit.input", "embedkit.input-bytes"] {
        let (now, then) = (provenance.get(entry), said.get(entry));
        if now != then {
            return Err(Failure::Failed(format!(
                "{} is of another input: its {} was {then}, and is {now}; remove it, to make it anew",
                output.display(),
                entry.trim_start_matches("embedkit.")
            )));
        }
    }
    Ok(true)
}

/// The files below a folder, but for those that programs leave there, whose names begin with a dot or a line.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failure = |error| Failure::io(folder.display().to_string())(error);
    for entry in fs::read_dir(folder).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        if entry.file_type().map_err(failure)?.is_dir() {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn length(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).map_err(Failure::io(path.display().to_string()))?.len())
}

fn make_folder(output: &Path) -> Result<()> {
    match output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string())),
        None => Ok(()),
    }
}

/// The path with the links of what is there followed.
fn absolute(path: &Path) -> Result<PathBuf> {
    let failure = |error| Failure::io(path.display().to_string())(error);
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => std::path::absolute(path).map_err(failure),
    }
}
