//! What is searched with what, as a value and as a TOML file.
//!
//! ```toml
//! name = "notes"
//!
//! [chunking]
//! tokens = 512
//!
//! [[stage]]                        # one vector a chunk
//! name = "meaning"
//! model = "embedkit/static-minilm-en"
//!
//! [[stage]]                        # BM25, with document frequencies of the collection
//! name = "words"
//! model = "Qdrant/bm25"
//!
//! [[stage]]                        # MaxSim over what the others found
//! name = "tokens"
//! model = "embedkit/static-late-en"
//! depth = 0
//! vectors = "fresh"
//!
//! [fusion]
//! method = "z-score"
//! weights = { words = 1.0 }
//!
//! [[rerank]]                       # in turn, over the best of what came out: a model, or the vectors of a `stage`
//! model = "Xenova/ms-marco-MiniLM-L-6-v2"
//! depth = 50
//! ```
//!
//! What a stage is follows from what its model gives: one vector, weights of terms, or a vector for every token. Any
//! family that is registered will do, third parties' too.

mod feedback;
mod model_spec;
mod rerank;
mod stage;

use std::path::Path;

use embedkit_core::{Error, Result, digest, parse_toml, read_toml_text};
use serde::{Deserialize, Serialize};

pub use feedback::Feedback;
pub use model_spec::ModelSpec;
pub use rerank::Rerank;
pub(crate) use stage::StoredKind;
pub use stage::{FirstPass, MuveraSpec, Stage, StoredAs, Vectors};

use crate::chunking::Chunking;
use crate::fusion::Fusion;

/// Chunks, stages, how their rankings become one, and rerankers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Pipeline {
    /// How it is called in reports. Default: `pipeline`.
    #[serde(default = "unnamed")]
    pub name: String,
    /// How documents are cut.
    #[serde(default)]
    pub chunking: Chunking,
    /// What records are found by; at least one.
    #[serde(rename = "stage", default)]
    pub stages: Vec<Stage>,
    /// How the stages' rankings become one.
    #[serde(default)]
    pub fusion: Fusion,
    /// What orders the best anew, in turn.
    #[serde(rename = "rerank", default, skip_serializing_if = "Vec::is_empty")]
    pub rerankers: Vec<Rerank>,
}

fn unnamed() -> String {
    "pipeline".to_owned()
}

impl Default for Pipeline {
    /// The pipeline that needs no download: the built-in model, BM25 with document frequencies, and MaxSim over the
    /// built-in model's table, their z-scores added. Nothing in it was fitted to a data set.
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            chunking: Chunking::default(),
            stages: vec![
                // Of 8 bits a value are a quarter of the bytes to look through.
                Stage {
                    depth: 50,
                    stored_as: StoredAs::Int8,
                    feedback: Some(Feedback::default()),
                    ..Stage::new("meaning", "embedkit/static-minilm-en")
                },
                Stage { depth: 50, ..Stage::new("words", "Qdrant/bm25") },
                Stage { depth: 0, vectors: Vectors::Fresh, ..Stage::new("tokens", "embedkit/static-late-en") },
            ],
            fusion: Fusion::default(),
            rerankers: Vec::new(),
        }
    }
}

impl Pipeline {
    /// A pipeline of one stage.
    pub fn single(name: impl Into<String>, stage: Stage) -> Self {
        let (fusion, rerankers) = (Fusion::default(), Vec::new());
        Self { name: name.into(), chunking: Chunking::default(), stages: vec![stage], fusion, rerankers }
    }

    /// Reads a pipeline's text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a text that is no pipeline, or one that cannot be.
    pub fn parse(text: &str) -> Result<Self> {
        let pipeline: Self = parse_toml(text).map_err(|message| Error::option("pipeline", message))?;
        pipeline.check()?;
        Ok(pipeline)
    }

    /// Reads a pipeline's file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`Error::Io`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = read_toml_text(path)?;
        Self::parse(&text).map_err(|error| {
            let reason = match error {
                Error::InvalidOption { option, message } if option == "pipeline" => message,
                other => other.report(),
            };
            Error::option("pipeline", format!("{}: {reason}", path.display()))
        })
    }

    /// The text that [`parse`](Self::parse) reads.
    ///
    /// # Errors
    /// Parameters that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::option("pipeline", error.to_string()))
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming what does not.
    pub fn check(&self) -> Result<()> {
        let refused = |option: &str, message: String| Err(Error::option(option, message));
        if self.stages.iter().all(|stage| stage.depth == 0) {
            return refused("stage", "no stage finds anything: at least one must have a depth above 0".to_owned());
        }
        let mut names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
        self.stages.iter().try_for_each(Stage::check)?;
        // Files are named so, and on some systems one name in two cases is one file.
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        if let Some(pair) = names.windows(2).find(|pair| pair[0].eq_ignore_ascii_case(pair[1])) {
            return refused("stage.name", format!("two stages are called {:?} and {:?}", pair[0], pair[1]));
        }
        self.rerankers.iter().try_for_each(|rerank| rerank.check(&names))?;
        self.chunking.check()?;
        self.fusion.check(self.stages.iter().filter(|stage| self.fuses(stage)).map(|stage| stage.name.as_str()))
    }

    /// Whether a stage has a share in the fusion: all have but those of depth 0 that a reranker names.
    pub fn fuses(&self, stage: &Stage) -> bool {
        let is_named = |rerank: &Rerank| rerank.stage.as_ref() == Some(&stage.name);
        stage.depth > 0 || !self.rerankers.iter().any(is_named)
    }

    /// The digest of everything in it but its name.
    ///
    /// # Errors
    /// Parameters that TOML cannot hold.
    pub fn digest(&self) -> Result<String> {
        let nameless = Self { name: String::new(), ..self.clone() };
        Ok(digest::of_bytes(nameless.to_toml()?.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_comes_back_and_defaults_are_filled_in() {
        let pipeline = Pipeline::default();
        pipeline.check().unwrap();
        assert_eq!(Pipeline::parse(&pipeline.to_toml().unwrap()).unwrap(), pipeline);
        let short = Pipeline::parse("[[stage]]\nname = \"a\"\nmodel = \"Qdrant/bm25\"\n").unwrap();
        assert_eq!(short, Pipeline::single("pipeline", Stage::new("a", "Qdrant/bm25")));
        assert_ne!(short.digest().unwrap(), pipeline.digest().unwrap());
        let nested = format!(
            "{}depth = 0\nfirst-pass = \"binary\"\noversampling = 8\nquery = {{ model = \"q\" }}\n[[rerank]]\nstage = \"b\"\n",
            "[[stage]]\nname = \"a\"\nmodel = \"Qdrant/bm25\"\n[[stage]]\nname = \"b\"\nmodel = \"m\"\n"
        );
        let nested = Pipeline::parse(&nested).unwrap();
        assert_eq!(Pipeline::parse(&nested.to_toml().unwrap()).unwrap(), nested);
        assert_eq!(nested.stages.iter().map(|stage| nested.fuses(stage)).collect::<Vec<_>>(), [true, false]);
        assert_eq!(Pipeline { name: "x".into(), ..short.clone() }.digest().unwrap(), short.digest().unwrap());
    }

    /// Digests of pipelines, which collections and records of evaluations have, are of this text.
    #[test]
    fn a_pipeline_is_written_in_one_order() {
        let text = r#"name = "x"

[chunking]
tokens = 512
overlap = 0

[[stage]]
name = "a"
model = "embedkit/static-minilm-en"
family = "dense"
max-length = 100
depth = 100
vectors = "stored"
stored-as = "f32"
first-pass = "binary"
oversampling = 8

[stage.query]
model = "embedkit/static-minilm-en"
dim = 256

[stage.feedback]
records = 2
weight = 0.3

[[stage]]
name = "b"
model = "embedkit/static-late-en"
depth = 100
vectors = "stored"
stored-as = "f32"

[stage.parameters]
labels = true

[stage.muvera]
k-sim = 5
dim-proj = 16
r-reps = 2
random-seed = 42

[[stage]]
name = "c"
model = "embedkit/static-late-en"
depth = 100
vectors = "stored"
stored-as = "f32"
late-chunking = true

[fusion]
method = "z-score"
k = 60.0

[fusion.weights]
"#;
        assert_eq!(Pipeline::parse(text).unwrap().to_toml().unwrap(), text);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_once_and_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        for (text, told) in [
            ("name = \"a\"\nx = 1\n", "mine.toml: line 2: unknown field `x`"),
            ("name = \"a\"\n\n[[stage]]\nname = \"a\nmodel = 1", "mine.toml: line 4: "),
            ("", "mine.toml: "),
        ] {
            std::fs::write(&path, text).unwrap();
            let message = Pipeline::read(&path).unwrap_err().to_string();
            assert!(message.contains(told) && !message.contains('\n'), "{text:?}: {message}");
            assert_eq!(message.matches("option `pipeline`").count(), 1, "{message}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let stage = |more: &str| format!("[[stage]]\nname = \"a\"\nmodel = \"m\"\n{more}\n");
        for (text, expected) in [
            (String::new(), "no stage"),
            (stage("depth = 0"), "depth above 0"),
            (stage("vectors = \"fresh\""), "fresh"),
            (stage("colour = 1"), "colour"),
            (stage("pool-factor = 0"), "pool-factor"),
            (stage("[chunking]\ntokens = 0"), "tokens"),
            (stage("[chunking]\ntokens = 10\noverlap = 10"), "overlap"),
            (stage("[fusion.weights]\nb = 1.0"), "no stage \"b\""),
            (stage("[[rerank]]\nmodel = \"r\"\ndepth = 0"), "depth"),
            (stage("[[rerank]]\nstage = \"b\""), "no stage \"b\""),
            (stage("[[rerank]]\nstage = \"a\"\nmodel = \"r\""), "not by both"),
            (stage("[[rerank]]\ndepth = 5"), "needs a `model` or a `stage`"),
            (stage("query = { modle = \"q\" }"), "modle"),
            (stage("oversampling = 8"), "first-pass"),
            (stage("feedback = { records = 0 }"), "feedback.records"),
            (stage("feedback = { weight = -1.0 }"), "feedback.weight"),
            (stage("late-chunking = true\nfeedback = {}"), "feedback"),
            (stage("first-pass = \"int8\"\nstored-as = \"int8\""), "no smaller"),
            (format!("{0}{0}", stage("")), "two stages"),
            (
                format!("{}{}{}", stage(""), stage("").replace("\"a\"", "\"b\""), stage("").replace("\"a\"", "\"A\"")),
                "two stages are called \"a\" and \"A\"",
            ),
            (stage("").replace("\"a\"", "\"../a\""), "name"),
            (stage("").replace("\"a\"", "\"records\""), "the records' own file"),
            (stage("").replace("\"a\"", "\"Records\""), "the records' own file"),
        ] {
            let error = Pipeline::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
