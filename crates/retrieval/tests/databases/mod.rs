//! What holds of a collection wherever it lives: the same suite for every database.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests end with a panic and share what they need"
)]

use std::collections::BTreeMap;

use embedkit_core::{CancelToken, Content, Embedding, Result, Role};
use embedkit_retrieval::collection::{CollectionFolder, Version};
use embedkit_retrieval::database::{
    About, Database, Fetch, Point, Points, Publisher, Query, Schema, complete_versions, rollback, switch,
};
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::fusion::Fusion;
use embedkit_retrieval::pipeline::{Feedback, ModelSpec, Rerank, Stage, StoredAs, Vectors};
use embedkit_retrieval::{Filter, Hit, Indexer, Model, Pipeline, Searcher};
use embedkit_vector::multivector::MaxSim;
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

const LINES: [(&str, &str); 10] = [
    ("A kitten sleeps on the sofa in the living room.", "pets"),
    ("The puppy chases a ball in the garden.", "pets"),
    ("Aeroelastic flutter of a heated wing at high speed.", "science"),
    ("The tax return is due at the end of May.", "money"),
    ("Interest is charged on late payment of taxes.", "money"),
    ("Bread rises when yeast turns sugar into gas.", "food"),
    ("Keep bread in a paper bag, away from sunlight.", "food"),
    ("The central bank raised interest rates again.", "money"),
    ("Sourdough keeps longer than other bread.", "food"),
    ("Fresh herbs last a week in a glass of water.", "food"),
];
const QUERIES: [&str; 4] =
    ["where does the cat rest?", "how do I keep bread fresh", "late payment of a tax", "zzzzqqq"];

/// A collection of plain files by this pipeline.
pub struct Made {
    _folder: tempfile::TempDir,
    pub version: Version,
}

pub fn made(pipeline: &Pipeline) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let line = |(at, (text, tag)): (usize, &(&str, &str))| {
        let url = format!("https://example.org/{at}");
        let section = if at % 2 == 0 { "intro" } else { "body" };
        serde_json::json!({"id": format!("d{at}"), "text": text, "tags": [tag, "all"], "year": 2000 + at, "url": url,
            "count": at as f64, "price": at as f64 + 0.5, "page": at % 3, "section": section,
            "document": "D", "path": "mine", "deep": [[tag], at], "large": (1_u64 << 53) + at as u64})
        .to_string()
    };
    std::fs::write(&path, LINES.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    Indexer::new(pipeline.clone(), &|builder| builder).unwrap().index(&collection, &Inputs::new([path])).unwrap();
    Made { version: collection.open().unwrap(), _folder: folder }
}

/// Dense and sparse candidates, fused by ranks, ordered by MaxSim over stored multi-vectors: one query of a database.
pub fn nested() -> Pipeline {
    let mut pipeline = Pipeline::single("nested", Stage::new("meaning", "embedkit/static-minilm-en"));
    let mut tokens = Stage::new("tokens", "embedkit/static-late-en");
    tokens.depth = 0;
    pipeline.stages.extend([Stage::new("words", "Qdrant/bm25"), tokens]);
    pipeline.fusion = Fusion::rrf();
    pipeline.rerankers.push(Rerank::by_stage("tokens"));
    pipeline
}

/// Pipelines with all that a database may do, or must leave to us.
fn pipelines() -> Vec<Pipeline> {
    let mut f16 = nested();
    f16.stages.iter_mut().filter(|stage| stage.name != "words").for_each(|stage| stage.stored_as = StoredAs::F16);
    let mut int8 = nested();
    int8.stages.iter_mut().filter(|stage| stage.name != "words").for_each(|stage| stage.stored_as = StoredAs::Int8);
    let mut shallow = nested();
    shallow.rerankers[0].depth = 2;
    let mut fused = nested();
    fused.rerankers.clear();
    let mut ranks = Pipeline::single("ranks", Stage::new("meaning", "embedkit/static-minilm-en"));
    ranks.stages.push(Stage::new("words", "Qdrant/bm25"));
    ranks.fusion = Fusion::rrf();
    let mut moved = nested();
    moved.stages[0].feedback = Some(Feedback::default());
    let mut weighted = ranks.clone();
    weighted.fusion = Fusion::rrf().weight("words", 0.3);
    let mut twice = nested();
    twice.rerankers.push(Rerank::by_model("embedkit/static-minilm-en"));
    let mut one = nested();
    one.stages.remove(1);
    one.stages[0].depth = 2;
    let mut read = fused.clone();
    read.stages.iter_mut().for_each(|stage| stage.depth = stage.depth.min(2));
    read.rerankers.push(Rerank::by_model("embedkit/static-late-en"));
    let mut both = read.clone();
    both.rerankers.insert(0, Rerank::by_stage("tokens"));
    both.rerankers[1].depth = 9;
    let mut by_words = nested();
    by_words.rerankers = vec![Rerank::by_stage("words")];
    let mut fresh = nested();
    fresh.stages[2].vectors = Vectors::Fresh;
    let mut min_max = ranks.clone();
    min_max.fusion = Fusion::min_max().weight("meaning", 2.0);
    let mut muvera = Stage::new("tokens", "embedkit/static-late-en");
    muvera.muvera = Some(Default::default());
    let mut late = Stage::new("late", "embedkit/static-late-en");
    late.late_chunking = true;
    vec![
        Pipeline::default(),
        nested(),
        f16,
        int8,
        shallow,
        fused,
        ranks,
        moved,
        weighted,
        twice,
        one,
        read,
        both,
        by_words,
        fresh,
        min_max,
        Pipeline::single("words", Stage::new("words", "Qdrant/bm25")),
        Pipeline::single("tokens", Stage::new("tokens", "embedkit/static-late-en")),
        Pipeline::single("muvera", muvera),
        Pipeline::single("late", late),
    ]
}

fn publish(version: &Version, database: &dyn Database) -> String {
    let published = Publisher::new(database).lots(3, 2).keep(9).publish(version, &|builder| builder).unwrap();
    assert!(published.is_complete && published.records == LINES.len(), "{published:?}");
    published.version
}

fn near(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() < 1e-3 * ours.abs().max(1.0)
}

/// The same records in the same order with the same scores; of those that score alike, in any order.
fn assert_alike(ours: &[Hit], theirs: &[Hit], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (our, their)) in ours.iter().zip(theirs).enumerate() {
        assert!(near(our.score, their.score), "{what}, rank {at}: {} {}", our.score, their.score);
        let same = theirs.iter().find(|hit| hit.number == our.number);
        // At the end of the list another with the same score may stand in for it.
        let is_at_end = near(our.score, ours[ours.len() - 1].score);
        match same {
            Some(same) => {
                assert!(near(our.score, same.score), "{what}, {}: {} {}", our.number, our.score, same.score);
                assert_eq!(our.record, same.record, "{what}");
            }
            None => assert!(is_at_end, "{what}: {} is not found", our.number),
        }
    }
}

/// Every pipeline finds in the database what it finds in plain files, with the same scores.
pub fn finds_what_files_have(database: &dyn Database) {
    for pipeline in pipelines() {
        let made = made(&pipeline);
        let version = publish(&made.version, database);
        let theirs = Searcher::of_database(database, Some(&version), &|builder| builder).unwrap();
        assert_eq!((theirs.len(), theirs.pipeline(), theirs.version().is_none()), (LINES.len(), &pipeline, true));
        let ours = Searcher::of_version(made.version, &|builder| builder).unwrap();
        for query in QUERIES {
            for (k, filter) in [
                (1, Filter::new()),
                (3, Filter::new()),
                (20, Filter::new()),
                (usize::MAX, Filter::new()),
                (4, Filter::parse(["deep=food"]).unwrap()),
                (4, Filter::parse(["deep=7"]).unwrap()),
                (4, Filter::parse(["large=9007199254740992", "large=9007199254740995"]).unwrap()),
                (4, Filter::new().with("tags", "food")),
                (4, Filter::parse(["count=4", "count=5.0", "count=8"]).unwrap()),
                (4, Filter::parse(["price=4.5", "price=25e-1", "price=3"]).unwrap()),
                (4, Filter::parse(["tags=food", "tags=money", "year=2004", "year=2005", "year=2008"]).unwrap()),
                (4, Filter::new().with("tags", "no such tag")),
                (1, Filter::new().with("id", "d5")),
                (9, Filter::parse(["page=2", "section=intro"]).unwrap()),
                (9, Filter::parse(["fields.page=2", "fields.section=body", "fields.year=2005"]).unwrap()),
                (9, Filter::parse(["fields.document=D", "fields.path=mine", "row=4", "row=5"]).unwrap()),
                (9, Filter::new().with("document", "D")),
                (9, Filter::new().with("path", "mine")),
            ] {
                let what = format!("{} {query:?} {k} {filter:?}", pipeline.name);
                let found = theirs.search_filtered(query, k, &filter).unwrap();
                assert_alike(&ours.search_filtered(query, k, &filter).unwrap(), &found, &what);
                for hit in &found {
                    assert!(filter.matches(&hit.record.to_payload().unwrap()), "{what}: {hit:?}");
                }
            }
        }
        for (k, filter) in [(1, Filter::new()), (4, Filter::new().with("tags", "food"))] {
            explains_alike(&ours, &theirs, k, &filter);
        }
    }
}

/// What is found is explained in the same way.
fn explains_alike(ours: &Searcher, theirs: &Searcher, k: usize, filter: &Filter) {
    let query = QUERIES[2];
    let explained = |searcher: &Searcher| {
        let hits = searcher.search_filtered(query, k, filter).unwrap();
        let explain = |hit: Hit| (hit.number, (searcher.explain(query, &hit, &|builder| builder).unwrap(), hit.score));
        hits.into_iter().map(explain).collect::<BTreeMap<_, _>>()
    };
    let (ours, theirs) = (explained(ours), explained(theirs));
    for (number, (our, score)) in ours {
        let Some((their, _)) = theirs.get(&number) else { continue };
        assert_eq!(our.stages.len(), their.stages.len(), "{number}");
        if our.reranked.is_empty() {
            let sum: f64 = their.stages.iter().map(|stage| stage.contribution.value).sum();
            assert!(near(sum, score), "{number}: {sum} {score}");
        }
        for (our, their) in our.stages.iter().zip(&their.stages) {
            assert!(near(our.contribution.value, their.contribution.value), "{our:?} {their:?}");
            assert_eq!(our.terms.len(), their.terms.len(), "{our:?} {their:?}");
            for (our, their) in our.terms.iter().zip(&their.terms) {
                assert!(our.query == their.query && near(our.weight.into(), their.weight.into()), "{our:?} {their:?}");
            }
        }
        assert_eq!(our.highlights.len(), their.highlights.len());
    }
}

/// MaxSim in the database is our MaxSim, record by record.
pub fn scores_as_maxsim_does(database: &dyn Database) {
    let made = made(&nested());
    let name = publish(&made.version, database);
    let (_, points) = database.open(&name).unwrap();
    let mut spec = ModelSpec::default();
    spec.model = "embedkit/static-late-en".into();
    let model = Model::load(&spec, &|builder| builder).unwrap();
    let embed = |text: &str, role: Role| match model.embedder().embed_one(&Content::text(text), role).unwrap() {
        Embedding::Multi(vectors) => vectors,
        other => panic!("{other:?}"),
    };
    let query = embed(QUERIES[1], Role::Query);
    let fetch = Fetch::nearest("tokens", Embedding::Multi(query.clone()), LINES.len());
    let found = points.query(vec![Query::new(fetch)]).unwrap().remove(0);
    assert_eq!(found.len(), LINES.len());
    for found in found {
        let expected = MaxSim::new(&query).unwrap().score(&embed(LINES[found.id as usize].0, Role::Passage)).unwrap();
        assert!(
            (found.score - expected).abs() < 1e-4 * expected.abs().max(1.0),
            "{}: {} {expected}",
            found.id,
            found.score
        );
        let payload = found.payload.unwrap();
        assert_eq!(payload["url"], format!("https://example.org/{}", found.id));
        assert_eq!(payload["tags"][1], "all");
    }
}

/// A point is replaced by one with its id.
pub fn points_are_replaced(database: &dyn Database) {
    let made = made(&nested());
    let name = publish(&made.version, database);
    let (_, points) = database.open(&name).unwrap();
    let all: Vec<u64> = (0..LINES.len() as u64).collect();
    let before = points.get(&all).unwrap();
    assert_eq!((before.len(), points.count().unwrap()), (LINES.len(), LINES.len()));
    let changed = |text: &str| {
        let vector: Vec<f32> = (0..256).map(|at| if at == 3 { 1.0 } else { 0.0 }).collect();
        let payload = serde_json::json!({"id": "d3", "text": text, "draft": true}).as_object().unwrap().clone();
        Point::new(3, vec![("meaning".into(), Embedding::Dense(vector))], payload)
    };
    for text in ["once", "twice"] {
        points.upsert(vec![changed(text)]).unwrap();
        assert_eq!(points.count().unwrap(), LINES.len());
        assert_eq!(points.get(&[3]).unwrap()[0].1["text"], text);
    }
    let unit: Vec<f32> = (0..256).map(|at| if at == 3 { 1.0 } else { 0.0 }).collect();
    let drafts =
        Query::new(Fetch::nearest("meaning", Embedding::Dense(unit), 5)).filtered(&Filter::new().with("draft", true));
    let found = points.query(vec![drafts]).unwrap().remove(0);
    assert!(found.len() == 1 && found[0].id == 3 && (found[0].score - 1.0).abs() < 1e-5, "{found:?}");
    let mut there = points.present(&[&all[..], &[77]].concat()).unwrap();
    there.sort_unstable();
    assert_eq!(there, all);
}

/// A run that is interrupted is gone on from, and versions are switched and rolled back.
pub fn versions_stand_side_by_side(database: &dyn Database) {
    assert!(Searcher::of_database(database, None, &|builder| builder).is_err());
    let (first, second) = (made(&nested()), made(&Pipeline::default()));
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let publisher = Publisher::new(database).lots(2, 1).cancel_with(&cancel).on_progress(move |done| {
        if done >= 4 {
            stop.cancel();
        }
    });
    let interrupted = publisher.publish(&first.version, &|builder| builder).unwrap();
    assert!(!interrupted.is_complete && interrupted.sent == 4, "{interrupted:?}");
    assert_eq!((database.current().unwrap(), complete_versions(database).unwrap()), (None, vec![]));
    assert!(switch(database, &interrupted.version).unwrap_err().to_string().contains("4 of its 10"));
    let gone_on = Publisher::new(database).lots(2, 2).publish(&first.version, &|builder| builder).unwrap();
    assert_eq!((gone_on.version.as_str(), gone_on.sent), (interrupted.version.as_str(), LINES.len() - 4));
    assert_eq!(database.current().unwrap(), Some(gone_on.version.clone()));
    let unchanged = Publisher::new(database).publish(&first.version, &|builder| builder).unwrap();
    assert_eq!((unchanged.version.as_str(), unchanged.sent), (gone_on.version.as_str(), 0));

    let next = publish(&second.version, database);
    assert_eq!(complete_versions(database).unwrap(), [gone_on.version.clone(), next.clone()]);
    assert_eq!(database.current().unwrap(), Some(next.clone()));
    assert_eq!(rollback(database).unwrap(), gone_on.version);
    assert_eq!(database.current().unwrap(), Some(gone_on.version.clone()));
    assert!(rollback(database).unwrap_err().to_string().contains("no version before"));
    switch(database, &next).unwrap();
    let searcher = Searcher::of_database(database, None, &|builder| builder).unwrap();
    assert_eq!(searcher.pipeline(), &Pipeline::default());
    for wrong in ["", "../x", "000077"] {
        assert!(switch(database, wrong).is_err(), "{wrong}");
    }
    // The oldest goes when more would stay than should.
    let third = made(&Pipeline::single("words", Stage::new("words", "Qdrant/bm25")));
    Publisher::new(database).keep(2).publish(&third.version, &|builder| builder).unwrap();
    assert_eq!(database.versions().unwrap().len(), 2);
    assert!(!database.versions().unwrap().contains(&gone_on.version));
}

/// A database as a publisher sees it that listed its versions before another made one.
struct Stale<'d>(&'d dyn Database);

impl Database for Stale<'_> {
    fn versions(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn current(&self) -> Result<Option<String>> {
        self.0.current()
    }

    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>> {
        self.0.create(version, about, schema)
    }

    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)> {
        self.0.open(version)
    }

    fn set_current(&self, version: &str) -> Result<()> {
        self.0.set_current(version)
    }

    fn remove(&self, version: &str) -> Result<()> {
        self.0.remove(version)
    }
}

/// Of two that publish at once, each has its version, and neither takes away what the other is sending.
pub fn publishers_do_not_mix(database: &dyn Database) {
    let words = |name: &str| made(&Pipeline::single(name, Stage::new("words", "Qdrant/bm25")));
    let (first, second) = (words("first"), words("second"));
    assert_eq!(publish(&first.version, database), "000001");
    let published = Publisher::new(&Stale(database)).publish(&second.version, &|builder| builder).unwrap();
    assert_eq!((published.version.as_str(), published.sent), ("000002", LINES.len()));
    assert_eq!(Searcher::of_database(database, None, &|builder| builder).unwrap().pipeline().name, "second");

    // One that is being sent, and then forgotten.
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let publisher = Publisher::new(database).lots(2, 1).cancel_with(&cancel).on_progress(move |_| stop.cancel());
    let slow = publisher.publish(&words("slow").version, &|builder| builder).unwrap();
    assert_eq!((slow.version.as_str(), slow.is_complete), ("000003", false));
    let error = Searcher::of_database(database, Some(&slow.version), &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("2 of its 10 records"), "{error}");
    for (name, stays) in [("fourth", true), ("fifth", false)] {
        Publisher::new(database).publish(&words(name).version, &|builder| builder).unwrap();
        assert_eq!(database.versions().unwrap().contains(&slow.version), stays, "{name}");
    }
}

/// Equal scores are in the records' order, each time anew, at the end of a list too.
pub fn ties_are_in_the_records_order(database: &dyn Database) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let line = |at: usize| serde_json::json!({"id": at.to_string(), "text": "bread and butter"}).to_string();
    std::fs::write(&path, (0..12).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let mut pipeline = Pipeline::single("words", Stage::new("words", "Qdrant/bm25"));
    pipeline.stages.push(Stage::new("meaning", "embedkit/static-minilm-en"));
    pipeline.stages.iter_mut().for_each(|stage| stage.depth = 4);
    pipeline.fusion = Fusion::rrf();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    Indexer::new(pipeline, &|builder| builder).unwrap().index(&collection, &Inputs::new([path])).unwrap();
    Publisher::new(database).publish(&collection.open().unwrap(), &|builder| builder).unwrap();
    let searcher = Searcher::of_database(database, None, &|builder| builder).unwrap();
    for _ in 0..5 {
        let hits = searcher.search("bread", 4).unwrap();
        assert_eq!(hits.iter().map(|hit| hit.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}
