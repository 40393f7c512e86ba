//! Who is compared.

use bench_protocol::Options as Settings;

use super::options::Options;

/// A library with settings.
pub(super) struct Side {
    pub(super) name: String,
    pub(super) library: Library,
    pub(super) settings: Settings,
    pub(super) kind: Kind,
}

/// A program that a side runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Library {
    Embedkit,
    /// embedkit's program of an earlier version.
    EmbedkitEarlier,
    EmbedkitPython,
    FastembedPython,
    FastembedRust,
    Model2vecPython,
    Model2vecRust,
    SentenceTransformers,
    Infinity,
    Limit,
}

impl Library {
    /// Whether it gives results that can be compared: the limit only runs the graph.
    pub(super) fn has_results(self) -> bool {
        self != Self::Limit
    }
}

/// What a side stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A library as it comes.
    Default,
    /// A peer with settings that may suit the work better.
    Tuned,
    /// embedkit with other settings, to look for better defaults.
    Tried,
}

impl Side {
    /// Whether it can do the work, in a way that differs from the library's other sides.
    pub(super) fn does(&self, task: &str, single: bool) -> bool {
        let knows = match self.library {
            Library::Embedkit | Library::EmbedkitEarlier => true,
            Library::EmbedkitPython => !task.starts_with("preprocess"),
            Library::FastembedPython => task != "static",
            Library::FastembedRust => matches!(task, "dense" | "two-dense"),
            Library::SentenceTransformers | Library::Infinity => task == "dense",
            Library::Limit => !matches!(task, "static" | "bm25" | "image") && !task.starts_with("preprocess"),
            Library::Model2vecPython | Library::Model2vecRust => task == "static",
        };
        let is_processor = task.starts_with("preprocess");
        let has_graph = !matches!(task, "static" | "bm25") && !is_processor;
        let Settings { batch_size, batch_tokens, batch_attention, batch_overhead, sessions, parallel, .. } =
            &self.settings;
        let of_graphs =
            [batch_size, batch_tokens, batch_attention, batch_overhead, sessions].iter().any(|option| option.is_some());
        knows
            && (has_graph || !of_graphs)
            && !(is_processor && parallel.is_some())
            && (!single || batch_size.is_none() && parallel.is_none() && batch_tokens.is_none_or(|tokens| tokens == 1))
    }
}

/// embedkit as it comes.
pub(super) fn ours() -> Side {
    Side { name: "embedkit".to_owned(), library: Library::Embedkit, settings: Settings::default(), kind: Kind::Default }
}

/// All sides, embedkit as it comes first. To add one is to add a line.
pub(super) fn all(options: &Options) -> Vec<Side> {
    use Library::{Embedkit, EmbedkitPython, FastembedPython, FastembedRust, Limit, Model2vecPython, Model2vecRust};
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let batch = |rows| Settings { batch_size: Some(rows), ..Settings::default() };
    let sessions = |sessions, threads, batch_tokens| Settings {
        sessions: Some(sessions),
        threads: Some(threads),
        batch_tokens: Some(batch_tokens),
        ..Settings::default()
    };
    let mut sides = vec![
        (EmbedkitPython, "embedkit (Python)".to_owned(), Kind::Default, Settings::default()),
        (FastembedPython, "fastembed (Python)".to_owned(), Kind::Default, Settings::default()),
        (FastembedRust, "fastembed (Rust)".into(), Kind::Default, Settings::default()),
        (Model2vecPython, "model2vec (Python)".into(), Kind::Default, Settings::default()),
        (Model2vecRust, "model2vec-rs".into(), Kind::Default, Settings::default()),
        (
            FastembedPython,
            format!("fastembed (Python), parallel={cores}"),
            Kind::Tuned,
            Settings { parallel: Some(cores), ..Settings::default() },
        ),
        (
            Limit,
            format!("limit, 1×{cores}, one row"),
            Kind::Default,
            Settings { threads: Some(cores), ..Settings::default() },
        ),
        (Limit, format!("limit, {cores}×1, one row"), Kind::Default, sessions(cores, 1, 1)),
        (Limit, format!("limit, 1×{cores}, 512 tokens"), Kind::Default, sessions(1, cores, 512)),
        (Limit, format!("limit, {cores}×1, 512 tokens"), Kind::Default, sessions(cores, 1, 512)),
    ];
    for rows in [1, 8, 32] {
        sides.push((FastembedPython, format!("fastembed (Python), batch {rows}"), Kind::Tuned, batch(rows)));
        sides.push((FastembedRust, format!("fastembed (Rust), batch {rows}"), Kind::Tuned, batch(rows)));
    }
    if options.infinity.is_some() {
        for (library, name) in [
            (Library::SentenceTransformers, "sentence-transformers (ONNX)"),
            (Library::Infinity, "infinity, in process"),
        ] {
            sides.push((library, name.to_owned(), Kind::Default, Settings::default()));
            for rows in [1, 8] {
                sides.push((library, format!("{name}, batch {rows}"), Kind::Tuned, batch(rows)));
            }
        }
    }
    if options.earlier.is_some() {
        sides.push((Library::EmbedkitEarlier, "embedkit, earlier".to_owned(), Kind::Default, Settings::default()));
    }
    for tried in &options.tries {
        let settings = serde_json::to_string(tried).unwrap_or_default().replace(['{', '}', '"'], "");
        sides.push((Embedkit, format!("embedkit, {settings}"), Kind::Tried, tried.clone()));
    }
    let side = |(library, name, kind, settings)| Side { name, library, settings, kind };
    let wanted = |name: &str| options.sides.is_empty() || options.sides.iter().any(|part| name.contains(part.as_str()));
    let taken = |side: &Side| side.library == Embedkit || wanted(&side.name);
    std::iter::once(ours()).chain(sides.into_iter().map(side).filter(taken)).collect()
}
