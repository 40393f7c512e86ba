//! How a side of the benchmark is asked and answers.
//!
//! A side is a program of its own, so that its peak memory and its start are its own. It takes a
//! [`Config`] as its one argument, loads what that names, and then answers each [`Request`] line on
//! stdin with a [`Reply`] line on stdout, both JSON. It ends when stdin does.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

pub mod results;

use results::Row;

/// The query that reranked texts are scored for.
pub const QUERY: &str = "how are records of a file read and written";

/// Any error of a side's library.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a side loads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// What it computes: `dense`, `static`, `bm25` and so on. `two-dense` is the model loaded twice, and each text goes
    /// through the one and then through the other, as through an embedder and a reranker: the results are those of the second.
    pub task: String,
    /// The model's folder, where the task has one.
    pub model_dir: PathBuf,
    /// A Hugging Face cache that holds the same model, for a library that reads its models from one.
    #[serde(default)]
    pub hub_cache: Option<PathBuf>,
    /// How it is set; what is absent is the library's default.
    #[serde(default)]
    pub options: Options,
}

/// Settings of a side. Not every side knows all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Most rows of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Most padded tokens of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_tokens: Option<usize>,
    /// Most attention cells of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_attention: Option<usize>,
    /// What starting a run costs, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_overhead: Option<usize>,
    /// Threads of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Sessions at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
    /// Worker processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<usize>,
}

/// What a side is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// All items in one call.
    Bulk(Work),
    /// The items, one call each.
    Each(Work),
    /// So many made-up short texts, given one after another and forgotten at once.
    Stream(usize),
    /// The items of a file, again and again until there were so many, given and forgotten in the same way.
    Cycle(PathBuf, usize),
    /// Short texts from several callers at once.
    Callers(Callers),
}

/// Items to compute the results of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Work {
    /// A file of items: JSON Lines of strings.
    pub items: PathBuf,
    /// The items are computed again and again until the calls have taken so long; once at least.
    pub least_seconds: f64,
    /// Where all results go when time is no longer taken; see [`results`].
    pub results: Option<PathBuf>,
}

/// Callers that share a loaded side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Callers {
    /// How many there are.
    pub callers: usize,
    /// How many calls they make in all, at least.
    pub calls: usize,
    /// How long they go on, at least.
    pub least_seconds: f64,
    /// A file of items that they embed one after the other, again and again; made-up short texts where there is none.
    pub items: Option<PathBuf>,
    /// How many items a call embeds; one where nothing is said.
    pub a_call: usize,
    /// A file of items that one more caller embeds in one call, again and again until the others are done.
    pub beside: Option<PathBuf>,
}

/// What a side answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Wall time of each call.
    pub seconds: Vec<f64>,
    /// Results that came of the items, each time.
    pub results: usize,
    /// Of callers: the values for the first text.
    pub first: Vec<f32>,
    /// Tokens of all items, where the side knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// Tokens that were computed for all items, padding included, where the side knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed_tokens: Option<usize>,
}

/// What one call gave.
pub struct Answer {
    /// Results that came.
    pub results: usize,
    /// Tokens that were computed, padding included, where the side knows.
    pub computed_tokens: Option<usize>,
    /// The results, turned into rows when they are asked for: that takes no time that is measured.
    rows: Box<dyn Iterator<Item = Row>>,
}

impl Answer {
    /// An answer of results, each of which is made a row afterwards.
    pub fn of<T: 'static>(results: Vec<T>, row: impl FnMut(T) -> Row + 'static) -> Self {
        Self { results: results.len(), computed_tokens: None, rows: Box::new(results.into_iter().map(row)) }
    }

    /// An answer whose results are not kept.
    pub fn counted(results: usize) -> Self {
        Self { results, computed_tokens: None, rows: Box::new(std::iter::empty()) }
    }

    /// The same answer, with the number of tokens that were computed.
    pub fn with_computed_tokens(self, tokens: usize) -> Self {
        Self { computed_tokens: Some(tokens), ..self }
    }
}

/// A loaded side.
pub trait Side {
    /// Work on the items that is not to be measured: a side may keep what it makes of them.
    ///
    /// # Errors
    /// The library's.
    fn ready(&mut self, _items: &[String]) -> Result<(), Failure> {
        Ok(())
    }

    /// Computes the results of all items in one call.
    ///
    /// # Errors
    /// The library's.
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure>;

    /// Computes the results of one item as someone who has only this one would.
    ///
    /// # Errors
    /// The library's.
    fn one(&mut self, item: &str) -> Result<Answer, Failure> {
        self.bulk(&[item.to_owned()])
    }

    /// Computes and forgets the results of many items.
    ///
    /// # Errors
    /// The library's, or that it cannot.
    fn stream(&mut self, _items: &mut (dyn Iterator<Item = String> + Send)) -> Result<usize, Failure> {
        Err("this side has no way to embed a stream".into())
    }

    /// Has callers embed items beside one that embeds others: what each call took, in seconds, and the first made-up
    /// text's values.
    ///
    /// # Errors
    /// The library's, or that it cannot.
    fn callers(&mut self, _callers: &Callers, _items: &[String], _beside: &[String]) -> Result<Reply, Failure> {
        Err("this side has no way to share a model between callers".into())
    }

    /// Tokens of all items, where the side knows.
    fn tokens(&self, _items: &[String]) -> Option<usize> {
        None
    }
}

/// Two models that each item goes through; the results are those of the second.
pub struct Two<S>(pub S, pub S);

impl<S: Side> Side for Two<S> {
    fn ready(&mut self, items: &[String]) -> Result<(), Failure> {
        self.0.ready(items)?;
        self.1.ready(items)
    }

    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        self.0.bulk(items)?;
        self.1.bulk(items)
    }

    fn one(&mut self, item: &str) -> Result<Answer, Failure> {
        self.0.one(item)?;
        self.1.one(item)
    }
}

/// A made-up text of a few words.
pub fn short_text(number: usize) -> String {
    format!("Parcel {number} left the harbour on time.")
}

/// Loads the side that the program's argument asks for, and answers until stdin ends.
///
/// # Errors
/// A wrong argument or request, or the side's own.
pub fn serve(load: impl FnOnce(&Config) -> Result<Box<dyn Side>, Failure>) -> Result<(), Failure> {
    let config = std::env::args().nth(1).ok_or("the first argument must be a JSON configuration")?;
    let mut side = load(&serde_json::from_str(&config)?)?;
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let reply = answer(side.as_mut(), &serde_json::from_str(&line?)?)?;
        writeln!(stdout, "{}", serde_json::to_string(&reply)?)?;
        stdout.flush()?;
    }
    Ok(())
}

fn answer(side: &mut dyn Side, request: &Request) -> Result<Reply, Failure> {
    match request {
        Request::Bulk(work) => bulk(side, work),
        Request::Each(work) => each(side, work),
        Request::Stream(count) => stream(side, &mut (0..*count).map(short_text)),
        Request::Callers(callers) => {
            let items = |path: &Option<PathBuf>| path.as_deref().map(read).transpose().map(Option::unwrap_or_default);
            side.callers(callers, &items(&callers.items)?, &items(&callers.beside)?)
        }
        Request::Cycle(path, count) => stream(side, &mut read(path)?.into_iter().cycle().take(*count)),
    }
}

fn bulk(side: &mut dyn Side, work: &Work) -> Result<Reply, Failure> {
    let items = read(&work.items)?;
    side.ready(&items)?;
    let mut seconds = Vec::new();
    let answer = loop {
        let start = Instant::now();
        let answer = side.bulk(&items)?;
        seconds.push(start.elapsed().as_secs_f64());
        if seconds.iter().sum::<f64>() >= work.least_seconds {
            break answer;
        }
    };
    let Answer { results, computed_tokens, rows } = answer;
    if let Some(path) = &work.results {
        results::write(path, rows)?;
    }
    Ok(Reply { seconds, results, tokens: side.tokens(&items), computed_tokens, ..Reply::default() })
}

fn each(side: &mut dyn Side, work: &Work) -> Result<Reply, Failure> {
    let items = read(&work.items)?;
    let mut reply = Reply::default();
    let mut rows: Vec<Row> = Vec::new();
    while reply.seconds.is_empty() || reply.seconds.iter().sum::<f64>() < work.least_seconds {
        (reply.results, rows) = (0, Vec::new());
        for item in &items {
            side.ready(std::slice::from_ref(item))?;
            let start = Instant::now();
            let answer = side.one(item)?;
            reply.seconds.push(start.elapsed().as_secs_f64());
            reply.results += answer.results;
            rows.extend(answer.rows);
        }
    }
    if let Some(path) = &work.results {
        results::write(path, rows.into_iter())?;
    }
    Ok(reply)
}

fn stream(side: &mut dyn Side, items: &mut (dyn Iterator<Item = String> + Send)) -> Result<Reply, Failure> {
    let start = Instant::now();
    let results = side.stream(items)?;
    Ok(Reply { seconds: vec![start.elapsed().as_secs_f64()], results, ..Reply::default() })
}

fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}
