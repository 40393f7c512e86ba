//! `Transformer`: a network from token ids to token vectors.

use super::config::Config;
use crate::model::join;
use crate::tokenizer::WindowRule;
use crate::{Error, GraphSearch, ModelDescription, ModelFiles, OutputSelector, Padding, Result};

/// A `Transformer` module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transformer {
    /// The folder of its files, relative to the model's; empty where that is the model's own.
    pub folder: String,
    /// What the network was loaded for: `feature-extraction`, `fill-mask`, `sequence-classification`, ….
    pub task: String,
    /// Whether texts are brought to lower case.
    pub lowercase: bool,
    /// Whether the network gives one vector a text, with no need of pooling.
    pub gives_text_vectors: bool,
    /// The graph's output; none for its first.
    output: Option<OutputSelector>,
    /// The longest row that the module states.
    max_length: Option<usize>,
    by_role: ByRole,
}

/// What late-interaction models do otherwise with queries than with documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ByRole {
    /// Tokens of a query at most; none for the model's window.
    pub query_length: Option<usize>,
    /// Tokens of a document at most; none for the model's window.
    pub document_length: Option<usize>,
    /// What short queries are filled up with.
    pub query_expansion: Option<QueryExpansion>,
}

/// How queries are brought to a length.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryExpansion {
    /// Whether longer queries are cut to the length too.
    pub is_fixed: bool,
    /// Whether the network's attention is on the tokens that are added.
    pub attend: bool,
    /// The token that is added; none for the tokenizer's mask token.
    pub token: Option<String>,
    /// Tokens of a query.
    pub length: usize,
}

impl Transformer {
    /// The file's names: that of today, and those that it had for models of one kind.
    const FILES: [&'static str; 7] = [
        "sentence_bert_config.json",
        "sentence_roberta_config.json",
        "sentence_distilbert_config.json",
        "sentence_camembert_config.json",
        "sentence_albert_config.json",
        "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json",
    ];

    /// Reads the module in a folder of the model's, for folders whose other modules are not sentence-transformers'.
    ///
    /// # Errors
    /// For a setting that is not obeyed, by its name.
    pub fn read_alone(files: &ModelFiles, folder: &str) -> Result<Self> {
        Self::read(files, folder.to_owned(), "feature-extraction")
    }

    pub(super) fn read(files: &ModelFiles, folder: String, usual_task: &str) -> Result<Self> {
        let mut config = Config::read(files, join(&folder, Self::FILES[0]))?;
        for name in &Self::FILES[1..] {
            // An empty file counts as none.
            if !config.is_empty() {
                break;
            }
            config = Config::read(files, join(&folder, name))?;
        }
        let task = config.take("transformer_task")?.unwrap_or_else(|| usual_task.to_owned());
        let (usual_output, usual_result) = match task.as_str() {
            "feature-extraction" => ("last_hidden_state", "token_embeddings"),
            "fill-mask" => ("logits", "token_embeddings"),
            "sequence-classification" => ("logits", "scores"),
            other => return Err(config.wrong("transformer_task", format!("is {other:?}, which nothing here runs"))),
        };
        let named = text_output(&mut config)?;
        let result: String = config.take("module_output_name")?.unwrap_or_else(|| usual_result.to_owned());
        if result != usual_result && !(result == "sentence_embedding" && usual_result == "token_embeddings") {
            let message = format!("is {result:?}, and should be {usual_result} or sentence_embedding");
            return Err(config.wrong("module_output_name", message));
        }
        let gives_text_vectors = result == "sentence_embedding";
        let output = match named {
            // A graph may have the usual one by another name, if it has no more.
            Some(name) if name == usual_output => Some(OutputSelector::FirstOf(vec![name])),
            None if !gives_text_vectors => Some(OutputSelector::FirstOf(vec![usual_output.to_owned()])),
            other => other.map(OutputSelector::Name),
        };
        let max_length = max_length(&mut config)?;
        let transformer = Self {
            lowercase: config.take("do_lower_case")?.unwrap_or(false),
            gives_text_vectors,
            folder,
            task,
            output,
            max_length,
            by_role: ByRole::read(&mut config)?,
        };
        // How weights are loaded, and whether batches are padded: the graph has settled the one, and the other
        // changes nothing.
        config.pass_over(&["model_args", "model_kwargs", "config_args", "config_kwargs", "unpad_inputs"]);
        config.finish()?;
        Ok(transformer)
    }

    /// Sets what a row says of its graph and tokenizer: files, window, output, and the parameter `lowercase`.
    ///
    /// # Errors
    /// As [`ModelFiles::find_graph`] and [`WindowRule::longest_row`]; for tokenizer files that contradict each other; and
    /// for windows by role, which those who obey them [take](Self::take_by_role) first.
    pub fn set_graph(&self, files: &ModelFiles, search: GraphSearch<'_>, row: &mut ModelDescription) -> Result<()> {
        self.check_no_roles(files)?;
        row.model_file = files.find_graph(&search.in_folder(&self.folder))?;
        row.tokenizer_folder = self.tokenizer_folder(files);
        row.output.clone_from(&self.output);
        let tokenizer = files.tokenizer_files(&row.tokenizer_folder)?;
        tokenizer.check_agreement()?;
        if tokenizer.pads_to_multiple()? {
            row.padding = Padding::Exact;
        }
        let length = match self.max_length {
            Some(length) => Some(length),
            None => WindowRule::SentenceTransformers.longest_row(&tokenizer)?,
        };
        // Where nothing says, nothing is cut: no length at all would leave it to a rule by which other numbers count.
        row.max_length = Some(length.unwrap_or(ModelDescription::NO_LIMIT));
        if self.lowercase {
            row.parameters.insert("lowercase".to_owned(), true.into());
        }
        Ok(())
    }

    /// Refuses windows by role, which those who obey them [take](Self::take_by_role) first.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] naming the key.
    pub fn check_no_roles(&self, files: &ModelFiles) -> Result<()> {
        if let Some(key) = self.by_role.first_key() {
            let message =
                format!("`{key}` is set, and windows and expansion by role are those of late-interaction models");
            return Err(Error::file(files.label(&join(&self.folder, Self::FILES[0])), message));
        }
        Ok(())
    }

    /// Takes out what holds of queries or of documents alone.
    pub fn take_by_role(&mut self) -> ByRole {
        std::mem::take(&mut self.by_role)
    }

    /// The module's own folder; the model's, where exports have put the tokenizer there.
    fn tokenizer_folder(&self, files: &ModelFiles) -> String {
        let is_in_root = !files.has(&join(&self.folder, "tokenizer.json")) && files.has("tokenizer.json");
        if is_in_root { String::new() } else { self.folder.clone() }
    }
}

impl ByRole {
    fn read(config: &mut Config<'_>) -> Result<Self> {
        Ok(Self {
            query_length: config.take("query_length")?,
            document_length: config.take("document_length")?,
            query_expansion: QueryExpansion::read(config)?,
        })
    }

    fn first_key(&self) -> Option<&'static str> {
        let set = [self.query_length.is_some(), self.document_length.is_some(), self.query_expansion.is_some()];
        let keys = ["query_length", "document_length", "query_expansion"];
        keys.into_iter().zip(set).find(|(_, is_set)| *is_set).map(|(key, _)| key)
    }
}

impl QueryExpansion {
    const KEY: &'static str = "query_expansion";

    fn read(config: &mut Config<'_>) -> Result<Option<Self>> {
        if config.is_null(Self::KEY) {
            return Ok(None);
        }
        let mut keys = config.take_object(Self::KEY)?;
        let strategy: String = keys.require("strategy")?;
        let is_fixed = match strategy.as_str() {
            "fixed" => true,
            "min" => false,
            other => return Err(keys.wrong("strategy", format!("is {other:?}, and should be fixed or min"))),
        };
        let expansion = Self {
            is_fixed,
            attend: keys.take("attend")?.unwrap_or(false),
            token: keys.take("token")?,
            length: keys.require("length")?,
        };
        keys.finish()?;
        Ok(Some(expansion))
    }
}

/// The graph's output for texts, where the module says.
fn text_output(config: &mut Config<'_>) -> Result<Option<String>> {
    if !config.has("modality_config") {
        return Ok(None);
    }
    let mut modalities = config.take_object("modality_config")?;
    const CHAT: &str = "texts are not made messages of a chat here";
    modalities.refuse("message", CHAT)?;
    modalities.pass_over(&["image", "audio", "video"]);
    let mut text = modalities.take_object("text")?;
    let forward = "forward".to_owned();
    text.expect("method", &forward, "a graph has its forward run alone")?;
    let output = text.take("method_output_name")?;
    text.finish()?;
    Ok(output)
}

/// The longest row: the tokenizer's, as the module has it loaded or called.
fn max_length(config: &mut Config<'_>) -> Result<Option<usize>> {
    let stated = config.take("max_seq_length")?;
    let mut loaded = None;
    for key in ["tokenizer_args", "processor_kwargs"] {
        let mut arguments = config.take_object(key)?;
        loaded = arguments.take("model_max_length")?.or(loaded);
        arguments.pass_over(&["use_fast", "trust_remote_code", "local_files_only", "revision", "token"]);
        arguments.finish()?;
    }
    let mut calls = config.take_object("processing_kwargs")?;
    let mut text = calls.take_object("text")?;
    let called = text.take("max_length")?;
    text.expect("padding", &true, "rows are padded to the longest")?;
    text.expect("truncation", &true, "long texts are cut")?;
    text.finish()?;
    for key in ["common", "chat_template"] {
        calls.refuse(key, "how the tokenizer is called is settled here")?;
    }
    calls.pass_over(&["image", "audio", "video"]);
    calls.finish()?;
    Ok(called.or(loaded).or(stated))
}
