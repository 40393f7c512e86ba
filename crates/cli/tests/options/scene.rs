//! A verb with a model and what it is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::common::subject::*;
use crate::common::{Outcome, fixtures, model_args, run};
use crate::row::{Inputs, Row};

/// A verb, and a model of it.
pub(crate) struct Scene {
    pub(crate) verb: &'static str,
    pub(crate) name: String,
    folder: tempfile::TempDir,
    /// Always given.
    always: Vec<String>,
    /// What it works on, where a row names nothing else.
    inputs: Vec<String>,
}

/// What came of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Came {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) stderr: String,
}

/// A file with headings, and enough below them to make questions of.
const TEXT: &str = "# Where the kitten sleeps\n\nIt sleeps on the red sofa in the living room, every day and all night long.\n\n\
    # When taxes are due\n\nThe tax return is due at the end of May, unless an adviser sends it, who has more time.\n";

/// A text that is longer than the windows of all models here that have one.
const LONG: usize = 9000;

impl Scene {
    /// A verb with a model of the fixtures.
    pub(crate) fn of_model(verb: &'static str, subject: Subject, always: &[&str], inputs: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("model");
        std::fs::create_dir(&files).unwrap();
        subject.copy_to(&files);
        let model = match subject {
            // The model that needs no files has all languages.
            BM25 => ["--model", "Qdrant/bm25"].map(str::to_owned).into(),
            _ => model_args(folder.path(), subject.row(), &files),
        };
        let mut scene =
            Self { verb, name: format!("{verb}, {}", subject.name()), folder, always: model, inputs: strings(inputs) };
        scene.always.extend(strings(always));
        scene.write_inputs(subject.sees() || subject == COLPALI);
        scene
    }

    /// A verb that needs no model of the fixtures.
    pub(crate) fn of_verb(verb: &'static str, inputs: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { verb, name: verb.to_owned(), folder, always: Vec::new(), inputs: strings(inputs) };
        scene.write_inputs(false);
        scene
    }

    pub(crate) fn always(mut self, always: &[&str]) -> Self {
        self.always.extend(strings(always));
        self
    }

    /// What is needed beside the files of all scenes.
    pub(crate) fn with(self, make: impl FnOnce(&Path)) -> Self {
        make(self.folder.path());
        self
    }

    /// Keeps what the scene's own run gives as a file of the scene.
    pub(crate) fn with_sample(self) -> Self {
        let sample = self.run(&[], &[], Inputs::Own);
        self.write("SAMPLE", sample.stdout);
        self
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn write_inputs(&self, are_images: bool) {
        let images = [image(), fixtures("colpali").join("images/square.png").to_str().unwrap().to_owned()];
        let texts = ["hello world again", "the cats are hello hello"].map(str::to_owned);
        let (field, [one, other]) = if are_images { ("image", images.clone()) } else { ("text", texts) };
        let object =
            |input: &str| json!({ field: input, "other": &other, "query": "hello world", "id": 7 }).to_string();
        let lines = format!("{}\n{}\n", object(&one), object(&other));
        self.write("BROKEN", format!("{lines}{{}}\n"));
        self.write("LINES", lines);
        self.write("TABLE", format!("{field},id\n\"{one}\",7\n"));
        let utf_16: Vec<u8> = one.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.write("UTF-16", utf_16);
        self.write("LONG", if are_images { one } else { "hello world again ".repeat(LONG) });
        let rows: Vec<Vec<f32>> =
            (0..6).map(|row| (0..16).map(|at| ((row * 7 + at * 3) % 11) as f32 - 5.0).collect()).collect();
        self.write("MULTI", format!("{}\n", json!({ "embeddings": rows })));
        self.write("FEW", "hello world\nthe quick brown fox\njumps over the lazy dog\n");
        self.write("IMAGE", std::fs::read(&images[0]).unwrap());
        self.write("SECOND", std::fs::read(&images[1]).unwrap());
        self.write("PAGES", embedkit_fixtures::pdf(200, 100, &["0 0 100 50 re f", "50 50 50 50 re f"]));
        self.write("PIPELINE", "name = \"words\"\n[[stage]]\nname = \"words\"\nmodel = \"Qdrant/bm25\"\n");
        self.write("PYTHON", "#!/bin/sh\nexit 1\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let python = self.folder.path().join("PYTHON");
            std::fs::set_permissions(python, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        self.write_cache();
        let texts = self.folder.path().join("TEXTS");
        std::fs::create_dir(&texts).unwrap();
        std::fs::write(texts.join("a.md"), TEXT).unwrap();
    }

    /// A model as a download leaves it, and its row.
    fn write_cache(&self) {
        const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
        let model = self.folder.path().join("CACHE/models--org--model");
        std::fs::create_dir_all(model.join("refs")).unwrap();
        std::fs::write(model.join("refs/main"), COMMIT).unwrap();
        let files = model.join("snapshots").join(COMMIT);
        std::fs::create_dir_all(&files).unwrap();
        TRANSFORMER.copy_to(&files);
        let mut row = TRANSFORMER.row();
        row.id = "test/cached".to_owned();
        row.sources = vec![embedkit::Source::Hub { hf: "org/model".to_owned(), revision: None }];
        let rows = BTreeMap::from([("model", [row])]);
        self.write("cached.toml", toml::to_string(&rows).unwrap());
    }

    /// The run that a row is about, with its option or without.
    pub(crate) fn tried(&self, row: &Row, with_option: bool) -> Came {
        let option = [&[row.option], row.values].concat();
        let option = if with_option { &option[..] } else { &[] };
        let mut always = if row.is_bare { Vec::new() } else { self.always.clone() };
        let own = always.iter().position(|word| *word == row.option).filter(|_| row.is_instead && with_option);
        if let Some(at) = own {
            always.drain(at..=at + row.values.len());
        }
        self.run_with(&always, row.beside, option, row.inputs)
    }

    fn run(&self, beside: &[&str], option: &[&str], inputs: Inputs) -> Came {
        self.run_with(&self.always, beside, option, inputs)
    }

    fn run_with(&self, always: &[String], beside: &[&str], option: &[&str], inputs: Inputs) -> Came {
        let out = self.folder.path().join("OUT");
        if out.exists() {
            std::fs::remove_dir_all(&out).unwrap();
        }
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("half.jsonl"), "{\"index\":0}\n").unwrap();
        copy(&self.folder.path().join("CACHE"), &out.join("cache"));
        let own = if inputs == Inputs::Own { &self.inputs[..] } else { &[] };
        let words = self.verb.split(' ').chain(strs(always)).chain(beside.iter().copied());
        let words = words.chain(strs(own)).chain(option.iter().copied());
        let words: Vec<String> = words.map(|word| self.in_folder(word)).collect();
        let Outcome { code, stdout, stderr } = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut files = BTreeMap::new();
        list(&out, &mut files);
        Came { code, stdout: self.settled(stdout), files, stderr }
    }

    /// What is the same in two runs: times are not.
    fn settled(&self, stdout: Vec<u8>) -> Vec<u8> {
        let is_timed = self.verb == "eval";
        stdout.into_iter().filter(|byte| !(is_timed && byte.is_ascii_digit())).collect()
    }

    fn in_folder(&self, word: &str) -> String {
        match word.strip_prefix('@') {
            Some(name) => self.folder.path().join(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        }
    }
}

impl Came {
    /// Whether a run that failed says otherwise than another did: in its results, which it has all the same, or in why it
    /// failed, where the other did so too.
    pub(crate) fn says_otherwise(&self, other: &Self) -> bool {
        let has_results = !self.stdout.is_empty() && self.stdout != other.stdout;
        has_results || (self.code == other.code && self.stderr != other.stderr)
    }

    /// Whether results, files or the exit code are others.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        (self.code, &self.stdout, &self.files) != (other.code, &other.stdout, &other.files)
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn strs(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str)
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
}
