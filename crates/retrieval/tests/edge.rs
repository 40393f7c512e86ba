//! Collections in Qdrant Edge: Qdrant's own engine, in this process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod databases;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use embedkit_core::{Content, Embedding, Role};
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::database::{Database as _, EdgeFolder, Fetch, Point, Publisher, Query, complete_versions};
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::pipeline::ModelSpec;
use embedkit_retrieval::{Indexer, Model, Pipeline, Searcher};

fn database() -> (tempfile::TempDir, EdgeFolder) {
    let folder = tempfile::tempdir().unwrap();
    let database = EdgeFolder::new(folder.path().join("edge"));
    (folder, database)
}

#[test]
fn every_pipeline_finds_what_files_have() {
    databases::finds_what_files_have(&database().1);
}

#[test]
fn it_scores_as_maxsim_does() {
    databases::scores_as_maxsim_does(&database().1);
}

#[test]
fn points_are_replaced() {
    databases::points_are_replaced(&database().1);
}

#[test]
fn publishers_do_not_mix() {
    databases::publishers_do_not_mix(&database().1);
}

#[test]
fn ties_are_in_the_records_order() {
    databases::ties_are_in_the_records_order(&database().1);
}

#[test]
fn versions_stand_side_by_side() {
    databases::versions_stand_side_by_side(&database().1);
}

#[test]
fn a_folder_is_opened_again_and_by_one_process_at_a_time() {
    let (folder, database) = database();
    let made = databases::made(&databases::nested());
    let published = Publisher::new(&database).publish(&made.version, &|builder| builder).unwrap();
    let open = database.open(&published.version).unwrap();
    // Within the process all share it; another process, as which a second folder stands here, is refused.
    assert!(database.open(&published.version).is_ok());
    let other = EdgeFolder::new(folder.path().join("edge"));
    let error = other.open(&published.version).err().unwrap().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(open);
    let searcher = Searcher::of_database(&other, None, &|builder| builder).unwrap();
    assert_eq!(searcher.search("where does the cat rest?", 1).unwrap()[0].record.document, "d0");
}

#[test]
fn a_folder_is_of_one_kind() {
    let folder = tempfile::tempdir().unwrap();
    let made = databases::made(&databases::nested());
    let files = made.version.folder().parent().unwrap().parent().unwrap();
    let of_files = EdgeFolder::new(files);
    let publish = |database: &EdgeFolder| Publisher::new(database).publish(&made.version, &|builder| builder);
    let refused = [
        of_files.versions().err(),
        of_files.current().err(),
        of_files.set_current("000001").err(),
        of_files.remove("000001").err(),
        publish(&of_files).err(),
    ];
    for error in refused {
        let error = error.unwrap().to_string();
        assert!(error.contains("plain files"), "{error}");
    }
    made.version.verify().unwrap();

    let edge = folder.path().join("edge");
    publish(&EdgeFolder::new(&edge)).unwrap();
    let collection = CollectionFolder::new(&edge);
    let document = folder.path().join("a.txt");
    std::fs::write(&document, "A text.").unwrap();
    let indexer = Indexer::new(databases::nested(), &|builder| builder).unwrap();
    let refused = [
        collection.current().err(),
        collection.switch("000001").err(),
        collection.prune(1).err(),
        indexer.index(&collection, &Inputs::new([&document])).err(),
    ];
    for error in refused {
        let error = error.unwrap().to_string();
        assert!(error.contains("Qdrant Edge"), "{error}");
    }
    let mut names: Vec<_> = std::fs::read_dir(&edge).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["current", "versions"]);
    Searcher::of_database(&EdgeFolder::new(&edge), None, &|builder| builder).unwrap();
}

#[test]
fn what_is_no_versions_stays() {
    let (folder, database) = database();
    let mine = folder.path().join("edge/versions/000001/mine.txt");
    std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
    std::fs::write(&mine, "mine").unwrap();
    let made = databases::made(&databases::nested());
    let error = Publisher::new(&database).publish(&made.version, &|builder| builder).unwrap_err().to_string();
    assert!(error.contains("mine.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
}

#[test]
fn a_version_that_another_process_has_open_is_in_nobodys_way() {
    let (folder, database) = database();
    let versions = [databases::nested(), Pipeline::default()].map(|pipeline| databases::made(&pipeline));
    let publish = |at: usize| {
        let published = Publisher::new(&database).keep(1).publish(&versions[at].version, &|builder| builder).unwrap();
        (published.version, published.sent > 0)
    };
    assert_eq!(publish(0), ("000001".into(), true));
    // As which a second folder stands here.
    let other = EdgeFolder::new(folder.path().join("edge"));
    let open = other.open("000001").unwrap();
    assert_eq!(publish(0), ("000001".into(), false));
    assert_eq!(publish(1), ("000002".into(), true));
    assert_eq!(complete_versions(&database).unwrap(), ["000001", "000002"]);
    // Nothing is removed that is open, and it goes with the next run.
    drop(open);
    assert_eq!(publish(1), ("000002".into(), false));
    assert_eq!(database.versions().unwrap(), ["000002"]);
}

#[test]
fn damaged_files_are_told() {
    let (folder, database) = database();
    let made = databases::made(&databases::nested());
    Publisher::new(&database).publish(&made.version, &|builder| builder).unwrap();
    let mut damaged = 0;
    for path in files_below(&folder.path().join("edge")) {
        if !["mutable_id_tracker.mappings", "status.dat", "segment.json"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        if let Err(error) = Searcher::of_database(&database, None, &|builder| builder) {
            assert!(error.to_string().contains("edge/versions/000001/shard: "), "{error}");
            damaged += 1;
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(damaged > 0);
    Searcher::of_database(&database, None, &|builder| builder).unwrap();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The folder of the child process, which stores points until it is killed.
const CHILD: &str = "EMBEDKIT_TEST_EDGE_CHILD";
const LOT: u64 = 50;

/// A point with all three kinds of vectors, which its id tells.
fn point(models: &[Model; 3], id: u64) -> Point {
    let text = format!("the paragraph number {id} is about subject {}", id % 7);
    let vectors = ["meaning", "words", "tokens"].iter().zip(models).map(|(stage, model)| {
        let vector = model.embedder().embed_one(&Content::text(&text), Role::Passage).unwrap();
        ((*stage).to_owned(), vector)
    });
    let payload = serde_json::json!({"id": id.to_string(), "text": text}).as_object().unwrap().clone();
    Point::new(id, vectors.collect(), payload)
}

fn models() -> [Model; 3] {
    ["embedkit/static-minilm-en", "Qdrant/bm25", "embedkit/static-late-en"].map(|id| {
        let mut spec = ModelSpec::default();
        spec.model = id.into();
        Model::load(&spec, &|builder| builder).unwrap()
    })
}

/// Not a test of its own: what the process does that is killed.
#[test]
fn child_that_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let database = EdgeFolder::new(folder);
    let (_, points) = database.open("000001").unwrap();
    let models = models();
    for lot in 1.. {
        points.upsert((0..LOT).map(|at| point(&models, lot * LOT + at)).collect()).unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "stored {lot}").and_then(|()| out.flush()).unwrap();
    }
}

#[test]
fn what_was_stored_outlives_kill_9() {
    let (folder, database) = database();
    let made = databases::made(&databases::nested());
    let published = Publisher::new(&database).publish(&made.version, &|builder| builder).unwrap();
    assert_eq!(published.version, "000001");
    let mut stored = 0;
    for lots in [1, 3] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, folder.path().join("edge"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // Killed while it stores another lot.
        let last =
            lines.filter_map(|line| line.trim().rsplit_once("stored ").map(|(_, lot)| lot.parse::<u64>().unwrap()));
        stored = stored.max(last.take(lots).last().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();

        let (_, points) = database.open("000001").unwrap();
        let ids: Vec<u64> = (LOT..(stored + 1) * LOT).collect();
        assert_eq!(points.present(&ids).unwrap().len(), ids.len(), "all that was told to be stored is there");
        let models = models();
        for id in [LOT, stored * LOT + LOT - 1] {
            for (stage, vector) in point(&models, id).vectors {
                let query = Query::new(Fetch::nearest(&stage, vector.clone(), 1)).among(vec![id]);
                let found = points.query(vec![query]).unwrap().remove(0).remove(0);
                let expected = match &vector {
                    Embedding::Dense(vector) => vector.iter().map(|value| value * value).sum::<f32>(),
                    Embedding::Multi(vectors) => embedkit_vector::multivector::maxsim(vectors, vectors).unwrap(),
                    // Times how rare terms are, which is the engine's to know.
                    _ => found.score,
                };
                assert!(found.score > 0.0 && (found.score - expected).abs() < 1e-3 * expected, "{stage} of {id}");
                assert_eq!(found.payload.unwrap()["id"], id.to_string());
            }
        }
        // And it takes more, until the next process is killed.
        points.upsert(vec![point(&models, 5)]).unwrap();
    }
    let pipeline: Pipeline = databases::nested();
    assert_eq!(Searcher::of_database(&database, None, &|builder| builder).unwrap().pipeline(), &pipeline);
}
