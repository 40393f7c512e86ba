//! Collections: incremental, versioned, safe against being interrupted, and searched with the models that made them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use embedkit_core::CancelToken;
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::{Document, Documents, InputFile, Inputs, Reader};
use embedkit_retrieval::pipeline::{FirstPass, ModelSpec, Rerank, Stage, StoredAs, Vectors};
use embedkit_retrieval::{Indexer, Pipeline, Report, Searcher};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

const ANIMALS: &str = "# Cats\n\nA kitten sleeps on the sofa.\n\n# Dogs\n\nThe puppy chases a ball in the garden.\n";
const TAXES: &str = "The return is due in May.\n\nLate payment costs interest.";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn indexer(pipeline: &Pipeline) -> Indexer {
    Indexer::new(pipeline.clone(), &|builder| builder).unwrap()
}

fn index(collection: &CollectionFolder, docs: &Path) -> Report {
    indexer(&Pipeline::default()).index(collection, &Inputs::new([docs])).unwrap()
}

/// A version's files but its manifest, which says when it was made.
fn files(root: &Path, version: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root.join("versions").join(version)).unwrap().map(Result::unwrap);
    let read =
        |entry: std::fs::DirEntry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    entries.map(read).filter(|(name, _)| name != "manifest.json").collect()
}

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
fn versions_are_switched_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    assert!(collection.open().unwrap_err().to_string().contains("no collection here"));
    let first = index(&collection, &docs).version;
    write(&docs, &[("b.txt", TAXES)]);
    let second = index(&collection, &docs).version;
    assert_eq!(collection.versions().unwrap(), [first.clone(), second.clone()]);
    let found = |query: &str| {
        let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
        searcher.search(query, 3).unwrap().iter().any(|hit| hit.record.path.ends_with("b.txt"))
    };
    assert!(found("interest on late payment"));
    assert_eq!(collection.rollback().unwrap(), first);
    assert!(!found("interest on late payment"));
    assert!(collection.rollback().unwrap_err().to_string().contains("no version before"));
    collection.switch(&second).unwrap();
    assert!(found("interest on late payment"));
    for wrong in ["../x", "000009", ""] {
        assert!(collection.switch(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_has_not_changed_is_searched_again_after_going_back() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let first = index(&collection, &docs).version;
    write(&docs, &[("b.txt", TAXES)]);
    let second = index(&collection, &docs).version;
    let back: [&dyn Fn(); 2] = [&|| drop(collection.rollback().unwrap()), &|| collection.switch(&first).unwrap()];
    for go_back in back {
        go_back();
        let report = index(&collection, &docs);
        assert!(report.is_unchanged && report.is_current_again && report.version == second, "{report:?}");
        assert_eq!(collection.current().unwrap().as_ref(), Some(&second));
        let again = index(&collection, &docs);
        assert!(again.is_unchanged && !again.is_current_again && again.version == second, "{again:?}");
    }
    // Files as they were before are those of the version that is searched then.
    collection.rollback().unwrap();
    std::fs::remove_file(docs.join("b.txt")).unwrap();
    let report = index(&collection, &docs);
    assert!(report.is_unchanged && !report.is_current_again && report.version == first, "{report:?}");
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
fn an_interrupted_run_changes_nothing_and_is_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let collection = CollectionFolder::new(folder.path().join("notes"));
    write(&docs, &[("a.md", ANIMALS)]);
    let before = index(&collection, &docs).version;
    let lines: String = (0..5000).map(|n| format!("\"paragraph number {n} of many\"\n")).collect();
    write(&docs, &[("many.jsonl", &lines), ("z.txt", TAXES)]);
    let cancel = CancelToken::new();
    let token = cancel.clone();
    let interrupted = indexer(&Pipeline::default())
        .cancel_with(&cancel)
        .on_progress(move |done| {
            if done > 2000 {
                token.cancel()
            }
        })
        .index(&collection, &Inputs::new([&docs]))
        .unwrap();
    assert!(!interrupted.is_complete && interrupted.records > 2000 && interrupted.records < 5000, "{interrupted:?}");
    assert_eq!(collection.current().unwrap(), Some(before));
    assert!(collection.switch(&interrupted.version).unwrap_err().to_string().contains("not complete"));
    let after = index(&collection, &docs);
    assert!(after.is_complete && after.reused >= interrupted.records, "{} {}", after.reused, interrupted.records);
    let fresh_root = folder.path().join("fresh");
    let fresh = index(&CollectionFolder::new(&fresh_root), &docs);
    assert_eq!(files(&folder.path().join("notes"), &after.version), files(&fresh_root, &fresh.version));
}

/// What an older release made of a file is read again by a newer one, without embedding what stayed as it was.
#[test]
fn files_of_an_earlier_reading_are_read_again() {
    for earlier in ["", "\"reading\": 0,"] {
        let folder = tempfile::tempdir().unwrap();
        let docs = folder.path().join("docs");
        std::fs::create_dir(&docs).unwrap();
        write(&docs, &[("a.md", ANIMALS), ("b.txt", TAXES)]);
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

#[test]
fn a_collection_of_another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    let manifest = root.join("versions").join(&version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let digest = collection.open().unwrap().manifest().models[0].model.digest.clone();
    std::fs::write(&manifest, text.replace(&digest, &"0".repeat(64))).unwrap();
    let error = Searcher::open(&collection, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("another model") && error.contains("meaning") && error.contains("000000000000"), "{error}");
    // Indexing makes all anew.
    assert_eq!(index(&collection, &docs).reused, 0);
    assert!(Searcher::open(&collection, &|builder| builder).is_ok());
}

/// What the vectors are of is the same: they are used again.
#[test]
fn a_collection_of_another_model_of_queries_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    let collection = CollectionFolder::new(&root);
    let mut query = ModelSpec::default();
    query.model = "embedkit/static-minilm-en".into();
    let mut stage = Stage::new("meaning", "embedkit/static-minilm-en");
    stage.query = Some(query);
    let indexer = indexer(&Pipeline::single("asked", stage));
    let index = || indexer.index(&collection, &Inputs::new([&docs])).unwrap();
    let first = index();
    assert!(index().is_unchanged);
    let manifest = root.join("versions").join(&first.version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let mut changed: serde_json::Value = serde_json::from_str(&text).unwrap();
    changed["models"][0]["query"]["digest"] = "0".repeat(64).into();
    std::fs::write(&manifest, changed.to_string()).unwrap();
    let error = Searcher::open(&collection, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("index again"), "{error}");
    let again = index();
    assert_eq!((again.is_unchanged, again.reused, again.records), (false, first.records, first.records));
    Searcher::open(&collection, &|builder| builder).unwrap();
    assert!(index().is_unchanged);
}

#[test]
fn damaged_collections_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS), ("b.txt", TAXES)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    let (names, current) = (files(&root, &version), std::fs::read(root.join("current")).unwrap());
    for (name, bytes) in &names {
        let path = root.join("versions").join(&version).join(name);
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(collection.open().is_err(), "{name} is cut");
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x20;
        std::fs::write(&path, &changed).unwrap();
        // Whatever else is found, nothing panics.
        if let Ok(version) = collection.open() {
            assert!(version.verify().unwrap_err().to_string().contains("digest"), "{name}");
            if let Ok(searcher) = Searcher::of_version(version, &|builder| builder) {
                let _ = searcher.search("kitten", 3);
            }
        }
        // The next version takes nothing over from it.
        let next = index(&collection, &docs);
        assert_eq!((next.reused, next.is_unchanged), (0, false), "{name}");
        assert_eq!(files(&root, &next.version), names, "{name}");
        std::fs::remove_dir_all(root.join("versions").join(&next.version)).unwrap();
        std::fs::write(root.join("current"), &current).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let version = collection.open().unwrap();
    version.verify().unwrap();
    assert!(index(&collection, &docs).is_unchanged);
}

#[test]
fn what_names_no_version_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    write(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    for (current, told) in
        [("", "is no version's name"), ("000", "there is no version 000"), ("../x", "is no version's")]
    {
        std::fs::write(root.join("current"), current).unwrap();
        let message = collection.open().unwrap_err().to_string();
        assert!(message.contains(told) && message.contains("notes/current: "), "{current:?}: {message}");
        assert!(message.contains("--switch") && !message.contains("option"), "{message}");
    }
    collection.switch(&version).unwrap();
    collection.open().unwrap();
    let message = CollectionFolder::new(&docs).open().unwrap_err().to_string();
    assert!(message.contains("there is no collection here"), "{message}");
}

/// All files below a folder, with what they say.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        match path.is_dir() {
            true => files.extend(tree(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text))),
            false => drop(files.insert(name, std::fs::read(&path).unwrap())),
        }
    }
    files
}

#[test]
fn what_lies_in_the_folder_beside_a_collection_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("docs"), folder.path().join("project"));
    std::fs::create_dir(&docs).unwrap();
    let mine = ["2023/important.txt", "draft.partial/x.txt", "000007/own.txt", "000009.txt", "0000001/x.txt"];
    let mut mine: Vec<String> = mine.iter().map(|path| format!("versions/{path}")).collect();
    mine.extend(["lock".to_owned(), "notes.md".to_owned()]);
    for path in &mine {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), "mine").unwrap();
    }
    let before = tree(&root);
    let collection = CollectionFolder::new(&root);
    for (at, name) in ["000008", "000009", "000010", "000011"].iter().enumerate() {
        write(&docs, &[("a.txt", &format!("The text number {at}."))]);
        assert_eq!(index(&collection, &docs).version, *name);
    }
    // Of ours, two stay.
    assert_eq!(collection.versions().unwrap(), ["000010", "000011"]);
    let after = tree(&root);
    let stayed: BTreeMap<_, _> = after.into_iter().filter(|(path, _)| before.contains_key(path)).collect();
    assert_eq!(stayed, before);

    // A file that we would replace is not.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    write(&other, &[("current", "of the river")]);
    let error = indexer(&Pipeline::default()).index(&CollectionFolder::new(&other), &Inputs::new([&docs])).unwrap_err();
    assert!(error.to_string().contains("\"of the river\"") && error.to_string().contains("current"), "{error}");
    assert_eq!(tree(&other), BTreeMap::from([("current".to_owned(), b"of the river".to_vec())]));
}

#[test]
fn a_version_that_was_interrupted_is_not_searched_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &folder.path().join("a.md")).version;
    let manifest = root.join("versions").join(&version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"is_complete\": true", "\"is_complete\": false")).unwrap();
    let opened = collection.open_version(&version).unwrap();
    let error = Searcher::of_version(opened, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains(&version) && error.contains("not complete"), "{error}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_removed_is_in_nobodys_way() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    let collection = CollectionFolder::new(&root);
    let index = |text: &str| {
        write(folder.path(), &[("a.md", text)]);
        indexer(&Pipeline::default()).keep(1).index(&collection, &Inputs::new([&docs])).unwrap()
    };
    let first = root.join("versions").join(index("One.").version);
    let close = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    close(&first, 0o500);
    let second = index("Two.");
    assert!(second.is_complete && collection.current().unwrap().as_ref() == Some(&second.version));
    assert_eq!(collection.versions().unwrap(), [second.version], "what is left of the first is no version");
    // Root removes everything at once.
    let left = first.with_extension("partial");
    if left.exists() {
        close(&left, 0o700);
    }
    let third = index("Three.");
    let left: Vec<_> =
        std::fs::read_dir(root.join("versions")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [third.version.as_str()]);
}

#[test]
fn a_collection_among_the_files_is_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    assert_eq!(index(&collection, folder.path()).records, 2);
    assert!(index(&collection, folder.path()).is_unchanged);
}

#[test]
fn files_below_the_collections_folder_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let indexer = indexer(&Pipeline::default());
    for root in [folder.path().to_owned(), docs.clone(), folder.path().join("docs/../docs/.")] {
        for input in [docs.clone(), docs.join("a.md"), docs.join("*.md"), docs.join(".")] {
            let error = indexer.index(&CollectionFolder::new(&root), &Inputs::new([&input])).unwrap_err().to_string();
            assert!(error.contains("lies in the collection's own folder"), "{root:?} {input:?}: {error}");
        }
    }
    assert_eq!(std::fs::read_dir(&docs).unwrap().count(), 1, "nothing is written");
    // An ordinary file whose name would be no pattern.
    let notes = CollectionFolder::new(folder.path().join("notes"));
    index(&notes, &docs);
    std::fs::rename(docs.join("a.md"), docs.join("a[.md")).unwrap();
    assert_eq!(indexer.index(&notes, &Inputs::new([docs.join("a[.md")])).unwrap().files, 1);
}

#[test]
fn two_processes_do_not_index_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    std::fs::create_dir(&root).unwrap();
    let lock = std::fs::File::create(root.join("lock")).unwrap();
    lock.lock().unwrap();
    let error = indexer(&Pipeline::default()).index(&CollectionFolder::new(&root), &Inputs::new([&docs])).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(lock);
    index(&CollectionFolder::new(&root), &docs);
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
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
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
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS), ("b.times", "x")]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let index =
        |times| indexer(&Pipeline::default()).reader(Times(times)).index(&collection, &Inputs::new([&docs])).unwrap();
    assert_eq!(index(1).records, 3);
    assert!(index(1).is_unchanged);
    let report = index(4);
    assert_eq!((report.records, report.is_unchanged), (6, false));
    assert!(index(4).is_unchanged);
}

#[test]
fn a_damaged_version_says_with_what_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    assert_eq!(collection.pipeline().unwrap(), None);
    let pipeline = Pipeline::single("mine", Stage::new("words", "Qdrant/bm25"));
    let version = indexer(&pipeline).index(&collection, &Inputs::new([&docs])).unwrap().version;
    for name in files(&root, &version).into_keys().chain(["manifest.json".to_owned()]) {
        let path = root.join("versions").join(&version).join(&name);
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [None, Some(bytes[..bytes.len() / 2].to_vec()), Some([&bytes[1..], b" "].concat())] {
            match damaged {
                None => std::fs::remove_file(&path).unwrap(),
                Some(damaged) => std::fs::write(&path, damaged).unwrap(),
            }
            match collection.pipeline() {
                Ok(found) => assert_eq!((found, &*name != "pipeline.toml"), (Some(pipeline.clone()), true), "{name}"),
                Err(error) => {
                    assert!(
                        name == "pipeline.toml" && error.to_string().contains("--pipeline FILE"),
                        "{name}: {error}"
                    );
                }
            }
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(collection.pipeline().unwrap(), Some(pipeline));
}
