//! A data set from documents that nobody has judged.

use std::io::ErrorKind;
use std::path::Path;

use embedkit_core::{Error, Result};
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation as _;

use super::Judgements;
use super::random::SplitMix;
use crate::disk::write_synced;
use crate::document::{Document, Inputs, Readers};
use crate::record::BETWEEN;

/// What such a set measures, for whoever reads its figures.
pub const MEASURES: &str = "Each query is a heading, or a text's first sentence, taken out of the one text that counts as \
    its answer. This measures whether a text is found again by what its author said it is about. Other texts that \
    answer it as well count as wrong, and people ask in other words than authors write: compare pipelines by it, and \
    do not take its figures for those of your users' questions.";

/// Fewest words of a query, and of what is left of its text.
const LEAST_WORDS: usize = 3;
const LEAST_REST: usize = 10;
const SEED: u64 = 42;

/// A query with the text that it was taken out of.
struct Known {
    query: String,
    text: String,
}

/// Makes a set in BEIR's layout of files, read with `readers`, in a folder that is empty or not there: known items, at most
/// `most` of them as queries, drawn always alike; all texts are documents. What cannot be read is warned of and left out. Gives
/// the number of queries.
///
/// # Errors
/// A folder that has something in it, files that cannot be found or written, and texts of which no query can be made.
pub fn make(inputs: &Inputs, folder: impl AsRef<Path>, most: usize, readers: &Readers) -> Result<usize> {
    let folder = folder.as_ref();
    check_empty(folder)?;
    let mut known = Vec::new();
    for file in inputs.files(readers)? {
        let read = file.read().map_err(|error| error.report());
        match read.and_then(|bytes| readers.read(&file.name, &file.path, bytes)) {
            Ok(documents) => {
                documents.refused.iter().for_each(|reason| tracing::warn!("{}: {reason}", file.name));
                known.extend(documents.documents.iter().flat_map(items));
            }
            Err(reason) => tracing::warn!("{}: {reason}", file.name),
        }
    }
    let mut order: Vec<usize> = (0..known.len()).filter(|at| !known[*at].query.is_empty()).collect();
    let mut random = SplitMix::new(SEED);
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
    order.truncate(most);
    order.sort_unstable();
    if order.is_empty() {
        return Err(Error::input(format!(
            "no query can be made of these texts: a query is a heading or a first sentence of {LEAST_WORDS} words or more, \
             with {LEAST_REST} words or more below or behind it, and none has both"
        )));
    }
    let corpus = known.iter().enumerate().map(|(at, item)| json!({"_id": format!("d{at}"), "text": item.text}));
    let queries = order.iter().map(|at| json!({"_id": format!("q{at}"), "text": known[*at].query}));
    let judgements = Judgements::from_triples(order.iter().map(|at| (format!("q{at}"), format!("d{at}"), 1)));
    let files = [
        ("corpus.jsonl", lines(corpus)),
        ("queries.jsonl", lines(queries)),
        ("README.md", format!("# Known items\n\n{MEASURES}\n")),
        // Without its judgements, it is no set yet.
        ("qrels/test.tsv", judgements.to_tsv()),
    ];
    let qrels = folder.join("qrels");
    std::fs::create_dir_all(&qrels).map_err(Error::io(&qrels))?;
    let written = files.iter().try_for_each(|(name, text)| write_synced(&folder.join(name), text.as_bytes()));
    if written.is_err() {
        // A part of it would be in the next run's way.
        files.iter().for_each(|(name, _)| drop(std::fs::remove_file(folder.join(name))));
        let _ = std::fs::remove_dir(qrels);
    }
    written.map(|()| order.len())
}

/// Refuses a folder that has something in it, which may be somebody's own and go by the names of a set's files.
fn check_empty(folder: &Path) -> Result<()> {
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(Error::file(folder, "is not empty, and nothing in it is replaced: name a folder that is not there"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(folder)(error)),
    }
}

fn lines(values: impl Iterator<Item = serde_json::Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

/// The sections of a document by their headings, or the document by its title or its first sentence.
fn items(document: &Document) -> Vec<Known> {
    if document.sections.is_empty() {
        return vec![item(&document.title, &document.text)];
    }
    let starts = document.sections.iter().map(|section| section.start);
    let ends = starts.clone().skip(1).chain([document.text.len()]);
    let before = document.text.get(..document.sections[0].start).map(|text| item("", text));
    let sections = document.sections.iter().zip(starts.zip(ends)).filter_map(|(section, (start, end))| {
        let heading = section.path.rsplit(BETWEEN).next().unwrap_or_default();
        let text = document.text.get(start..end)?;
        Some(item(heading, below_heading(text)))
    });
    before.into_iter().chain(sections).filter(|item| !item.text.is_empty()).collect()
}

/// The text of a section below its heading: a line, or several of which the last underlines the others.
fn below_heading(text: &str) -> &str {
    let is_underline = |line: &str| {
        let mark = line.chars().next();
        mark.is_some_and(|mark| mark.is_ascii_punctuation() && line.chars().all(|other| other == mark))
    };
    let block = text.split_inclusive('\n').take_while(|line| !line.trim().is_empty());
    let lines = block.clone().skip(1).position(|line| is_underline(line.trim())).map_or(1, |at| at + 2);
    &text[block.take(lines).map(str::len).sum()..]
}

/// A text with its query: the heading where it says enough, else the first sentence, which the text loses. Without
/// either the query is empty, and the text only one among which others are found.
fn item(heading: &str, text: &str) -> Known {
    let text = text.trim();
    let words = |text: &str| text.unicode_words().count();
    if words(heading) >= LEAST_WORDS && words(text) >= LEAST_REST {
        return Known { query: heading.to_owned(), text: text.to_owned() };
    }
    let first = text.split_sentence_bounds().next().unwrap_or_default();
    let rest = text[first.len()..].trim();
    match words(first) >= LEAST_WORDS && words(rest) >= LEAST_REST {
        true => Known { query: first.split_whitespace().collect::<Vec<_>>().join(" "), text: rest.to_owned() },
        false => Known { query: String::new(), text: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Dataset;

    #[test]
    fn queries_are_not_in_the_texts_that_answer_them() {
        let folder = tempfile::tempdir().unwrap();
        let (notes, set) = (folder.path().join("a.md"), folder.path().join("set"));
        let text = "Short.\n\n# How kittens learn to climb\n\nThey watch their mother for weeks, and then they try it \
                    themselves every day.\n\n# Food\n\nCats eat meat above all. Some like fish as well, and a few even eat \
                    grass in the garden now and then.\n";
        std::fs::write(&notes, text).unwrap();
        assert_eq!(make(&Inputs::new([&notes]), &set, 10, &Readers::default()).unwrap(), 2);
        let data = Dataset::read_beir(&set, "test").unwrap();
        let queries: Vec<&str> = data.queries.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(queries, ["How kittens learn to climb", "Cats eat meat above all."]);
        let corpus = std::fs::read_to_string(set.join("corpus.jsonl")).unwrap();
        assert_eq!(corpus.lines().count(), 3);
        assert!(queries.iter().all(|query| !corpus.contains(query)), "{corpus}");
        for short in ["Too short.", "# A heading of words\n\nToo short.\n"] {
            let other = folder.path().join("other");
            std::fs::write(&notes, short).unwrap();
            let message = make(&Inputs::new([&notes]), &other, 10, &Readers::default()).unwrap_err().to_string();
            assert!(message.contains("no query") && message.contains("10 words or more below"), "{message}");
            assert!(!other.exists());
        }
    }

    #[test]
    fn what_a_folder_has_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("a.md");
        std::fs::write(
            &notes,
            "# How kittens learn to climb\n\nThey watch their mother for weeks, and then they try it.\n",
        )
        .unwrap();
        let make = |set: &Path| make(&Inputs::new([&notes]), set, 10, &Readers::default());
        for name in ["README.md", "README.new", "corpus.jsonl", "qrels/test.tsv", "mine.txt"] {
            let set = folder.path().join(name.replace('/', "-"));
            std::fs::create_dir_all(set.join(name).parent().unwrap()).unwrap();
            std::fs::write(set.join(name), "mine").unwrap();
            let message = make(&set).unwrap_err().to_string();
            assert!(message.contains("is not empty"), "{name}: {message}");
            assert_eq!(std::fs::read_to_string(set.join(name)).unwrap(), "mine");
            assert_eq!(std::fs::read_dir(&set).unwrap().count(), 1, "{name}");
        }
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        assert_eq!(make(&empty).unwrap(), 1);
        assert!(make(&empty).is_err(), "a set is something");
    }

    #[test]
    fn headings_are_taken_out_of_their_texts() {
        for (text, below) in [
            ("# A\n\nb\n", "\nb\n"),
            ("# A\nb\n", "b\n"),
            ("A\r\n===\r\nb", "b"),
            ("A\nB\n---\n\nb", "\nb"),
            ("A\n\nb\n", "\nb\n"),
            ("A\nb c\n\n---\n", "b c\n\n---\n"),
            ("A", ""),
        ] {
            assert_eq!(below_heading(text), below, "{text:?}");
        }
    }
}
