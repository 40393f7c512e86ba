//! How a side of the benchmark is asked and answers.
//!
//! A side is a program of its own, so that its peak memory and its start are its own. It takes a
//! [`Config`] as its one argument, loads what that names, and then answers each [`Request`] line on
//! stdin with a [`Reply`] line on stdout, both JSON. It ends when stdin does.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// The query that reranked texts are scored for.
pub const QUERY: &str = "how are records of a file read and written";

/// Any error of a side's library.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a side loads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// What it computes: `dense`, `static`, `bm25` and so on.
    pub task: String,
    /// The model's folder, where the task has one.
    pub model_dir: PathBuf,
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
    /// All items of a file (JSON Lines of strings) in one call.
    Bulk(PathBuf),
    /// The items of a file, one call each.
    Each(PathBuf),
    /// So many made-up short texts, given one after another and forgotten at once.
    Stream(usize),
    /// The items of a file, again and again until there were so many, given and forgotten in the same way.
    Cycle(PathBuf, usize),
    /// Short texts from several callers at once.
    Callers(Callers),
}

/// Callers that share a loaded side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Callers {
    /// How many there are.
    pub callers: usize,
    /// How many short texts they embed in all, one a call.
    pub calls: usize,
    /// A file of items that one more caller embeds in one call, again and again until the others are done.
    pub beside: Option<PathBuf>,
}

/// What a side answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Wall time of each call.
    pub seconds: Vec<f64>,
    /// Results that came.
    pub results: usize,
    /// The first result's values, to see that sides compute the same.
    pub first: Vec<f32>,
    /// Tokens of all items, where the side knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// Tokens that were computed, padding included, where the side knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed_tokens: Option<usize>,
}

/// What one call gave.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Results that came.
    pub results: usize,
    /// The first result's values.
    pub first: Vec<f32>,
    /// Tokens that were computed, padding included, where the side knows.
    pub computed_tokens: Option<usize>,
}

impl Answer {
    /// An answer that only counts its results and keeps the first.
    pub fn of<T: AsRef<[f32]>>(results: &[T]) -> Self {
        let first = results.first().map(|first| first.as_ref().to_vec()).unwrap_or_default();
        Self { results: results.len(), first, ..Self::default() }
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

    /// Has callers embed short texts, made by `text`, beside one that embeds all items: what each call took, in
    /// seconds, and the first text's values.
    ///
    /// # Errors
    /// The library's, or that it cannot.
    fn callers(&mut self, _callers: &Callers, _beside: &[String]) -> Result<Reply, Failure> {
        Err("this side has no way to share a model between callers".into())
    }

    /// Tokens of all items, where the side knows.
    fn tokens(&self, _items: &[String]) -> Option<usize> {
        None
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
        Request::Bulk(path) => {
            let items = read(path)?;
            side.ready(&items)?;
            let start = Instant::now();
            let answer = side.bulk(&items)?;
            let seconds = vec![start.elapsed().as_secs_f64()];
            let Answer { results, first, computed_tokens } = answer;
            Ok(Reply { seconds, results, first, tokens: side.tokens(&items), computed_tokens })
        }
        Request::Each(path) => {
            let items = read(path)?;
            let mut reply = Reply::default();
            for item in &items {
                side.ready(std::slice::from_ref(item))?;
                let start = Instant::now();
                let answer = side.one(item)?;
                reply.seconds.push(start.elapsed().as_secs_f64());
                reply.results += answer.results;
                if reply.first.is_empty() {
                    reply.first = answer.first;
                }
            }
            Ok(reply)
        }
        Request::Stream(count) => stream(side, &mut (0..*count).map(short_text)),
        Request::Callers(callers) => {
            let beside = callers.beside.as_deref().map(read).transpose()?.unwrap_or_default();
            side.callers(callers, &beside)
        }
        Request::Cycle(path, count) => stream(side, &mut read(path)?.into_iter().cycle().take(*count)),
    }
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
