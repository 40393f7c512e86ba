//! What is indexed of files, and what is taken over of what was.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::{Document, Documents, InputFile, Inputs, Reader};
use embedkit_retrieval::pipeline::{FirstPass, Rerank, Stage, StoredAs, Vectors};
use embedkit_retrieval::{Indexer, Pipeline, Searcher};

use crate::{ANIMALS, TAXES, documents, files, index, indexer, write};

#[test]
fn an_incremental_index_equals_a_fresh_one() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let steps: [&[(&str, &str)]; 4] = [
        &[("a.md", ANIMALS), ("b.txt", TAXES)],
        &[("c.txt", "A new file."), ("a.md", &ANIMALS.replace("garden", "park"))],
        &[("0.jsonl", "\"one\"\n{\"text\": \"two\"}\nnot json\n")],
        &[("b.txt", "")],
    ];
    for (at, step) in steps.into_iter().enumerate() {
        write(&docs, step);
        if at == 3 {
            std::fs::remove_file(docs.join("c.txt")).unwrap();
        }
        let report = index(&collection, &docs);
        assert!(report.is_complete && !report.is_unchanged);
        assert!(at == 0 || report.reused > 0, "{report:?}");
        let fresh_root = folder.path().join(format!("fresh{at}"));
        let fresh = index(&CollectionFolder::new(&fresh_root), &docs);
        assert_eq!((fresh.records, &fresh.unread), (report.records, &report.unread));
        assert_eq!(files(&root, &report.version), files(&fresh_root, &fresh.version), "step {at}");
        collection.open().unwrap().verify().unwrap();
        let again = index(&collection, &docs);
        assert!(again.is_unchanged && again.version == report.version, "{again:?}");
    }
    // The version before stays, to go back to.
    assert_eq!(collection.versions().unwrap().len(), 2);
}

#[test]
fn all_ways_of_storing_vectors_are_taken_over_bit_by_bit() {
    for stored_as in [StoredAs::F16, StoredAs::Int8] {
        let folder = tempfile::tempdir().unwrap();
        let docs = folder.path().join("docs");
        std::fs::create_dir(&docs).unwrap();
        let mut tokens = Stage::new("tokens", "embedkit/static-late-en");
        tokens.stored_as = stored_as;
        tokens.pool_factor = Some(2);
        let mut meaning = Stage::new("meaning", "embedkit/static-minilm-en");
        meaning.stored_as = stored_as;
        let mut pipeline = Pipeline::single("p", meaning);
        pipeline.stages.push(tokens);
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        write(&docs, &[("a.md", ANIMALS)]);
        let indexer = indexer(&pipeline);
        let index = |root: &Path| indexer.index(&CollectionFolder::new(root), &Inputs::new([&docs])).unwrap();
        index(&first);
        write(&docs, &[("b.txt", TAXES)]);
        let (grown, fresh) = (index(&first), index(&second));
        assert_eq!(grown.reused, 2);
        assert_eq!(files(&first, &grown.version), files(&second, &fresh.version));
        let hits =
            Searcher::open(&CollectionFolder::new(&first), &|builder| builder).unwrap().search("kitten", 1).unwrap();
        assert_eq!(hits[0].record.section, "Cats");
    }
}

#[test]
fn a_title_alone_is_found_and_what_says_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let rows = "{\"_id\": \"a\", \"title\": \"Harbour seals\", \"text\": \"\"}\n{\"_id\": \"b\", \"title\": \" \", \"text\": \"\"}\n\
                {\"_id\": \"c\", \"text\": \"Bread rises.\"}\n\" \"\n";
    write(&docs, &[("rows.jsonl", rows), ("rows.csv", "id,title,text\nd,Desert foxes,\ne,,\n"), ("void.md", " \n")]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let report = index(&collection, &docs);
    let told: Vec<_> = report.unread.iter().map(|unread| unread.reason.as_str()).collect();
    let nothing = "has neither a text nor a title";
    assert_eq!(told, ["row 2: ", "row 2: ", "row 4: ", ""].map(|place| format!("{place}{nothing}")));
    assert_eq!(report.records, 3);
    assert!(index(&collection, &docs).is_unchanged);
    let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
    for (query, document) in [("seals", "a"), ("foxes", "d"), ("bread", "c")] {
        let hits = searcher.search(query, 1).unwrap();
        assert_eq!(hits[0].record.document, document);
    }
}

#[test]
fn settings_that_nothing_obeys_and_models_that_are_not_there_are_refused() {
    let refused = |change: &dyn Fn(&mut Pipeline)| {
        let mut pipeline = Pipeline::default();
        change(&mut pipeline);
        Indexer::new(pipeline, &|builder| builder).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let first_pass = |at: usize| {
        refused(&|pipeline| {
            let stage = &mut pipeline.stages[at];
            (stage.vectors, stage.first_pass, stage.oversampling) = (Vectors::Stored, Some(FirstPass::Binary), 8);
        })
    };
    assert_eq!(first_pass(0), "");
    for (at, name) in [(1, "words"), (2, "tokens")] {
        let message = first_pass(at);
        assert!(message.contains("first-pass") && message.contains(name), "{message}");
    }
    let message = refused(&|pipeline| pipeline.rerankers.push(Rerank::by_model("no/such")));
    assert!(message.contains("no/such"), "{message}");
    let message = refused(&|pipeline| pipeline.fusion.k = 3.0);
    assert!(message.contains("fusion.k"), "{message}");
}

#[test]
fn files_of_an_earlier_reading_are_read_again() {
    for earlier in ["", "\"reading\": 0,"] {
        let folder = tempfile::tempdir().unwrap();
        let docs = documents(folder.path(), &[("a.md", ANIMALS), ("b.txt", TAXES)]);
        let root = folder.path().join("notes");
        let collection = CollectionFolder::new(&root);
        let first = index(&collection, &docs);
        let manifest = root.join("versions").join(&first.version).join("manifest.json");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let reading = format!("\"reading\": {},", embedkit_retrieval::document::READING);
        assert!(text.contains(&reading), "{text}");
        std::fs::write(&manifest, text.replace(&reading, earlier)).unwrap();
        let again = index(&collection, &docs);
        assert!(!again.is_unchanged, "{earlier}");
        assert_eq!((again.records, again.reused), (first.records, first.records), "{earlier}");
        assert!(index(&collection, &docs).is_unchanged, "{earlier}");
    }
}

/// Reads files of any size as one short document.
struct Growing;

impl Reader for Growing {
    fn kinds(&self) -> &[&str] {
        &["grow"]
    }

    fn read(&self, _: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
        let mut documents = Documents::default();
        documents.documents.push(Document::of_text(format!("grown to {} bytes", bytes.len())));
        Ok(documents)
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_listed_and_read_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    // So large that reading it takes longer than writing a line behind it.
    std::fs::write(docs.join("b.grow"), vec![b'x'; 16 << 20]).unwrap();
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let indexer = indexer(&Pipeline::default()).reader(Growing);
    let index = || indexer.index(&collection, &Inputs::new([&docs])).unwrap();
    let (done, path) = (AtomicBool::new(false), docs.join("b.grow"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            while !done.load(Ordering::Relaxed) {
                file.write_all(b"a line behind it\n").unwrap();
            }
        });
        let begun = Instant::now();
        let report = loop {
            let report = index();
            if !report.unread.is_empty() || begun.elapsed() > Duration::from_secs(60) {
                break report;
            }
        };
        done.store(true, Ordering::Relaxed);
        let [unread] = &report.unread[..] else { panic!("it was never seen to change: {report:?}") };
        assert!(unread.path.ends_with("b.grow") && unread.reason.contains("changes while it is read"), "{unread:?}");
        assert_eq!((report.records, report.is_complete), (2, true), "the others are there");
    });
    let report = index();
    assert_eq!((report.records, report.reused, report.unread.len()), (3, 2, 0));
    let bytes = std::fs::metadata(&path).unwrap().len();
    let last = collection.open().unwrap().record(2).unwrap();
    assert_eq!(last.text, format!("grown to {bytes} bytes"));
}

/// Reads a file as so many documents.
struct Times(usize);

impl Reader for Times {
    fn kinds(&self) -> &[&str] {
        &["times"]
    }

    fn settings(&self) -> String {
        format!("{} times", self.0)
    }

    fn read(&self, _: InputFile<'_>, _: Vec<u8>) -> Result<Documents, String> {
        let mut documents = Documents::default();
        documents.documents.extend((0..self.0).map(|at| Document::of_text(format!("document {at}"))));
        Ok(documents)
    }
}

#[test]
fn a_file_is_read_again_with_other_settings() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS), ("b.times", "x")]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let index =
        |times| indexer(&Pipeline::default()).reader(Times(times)).index(&collection, &Inputs::new([&docs])).unwrap();
    assert_eq!(index(1).records, 3);
    assert!(index(1).is_unchanged);
    let report = index(4);
    assert_eq!((report.records, report.is_unchanged), (6, false));
    assert!(index(4).is_unchanged);
}
