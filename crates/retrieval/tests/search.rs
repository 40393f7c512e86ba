//! Searching, fusing, explaining.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::{Content, Embedding, Role};
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::fusion::Fusion;
use embedkit_retrieval::pipeline::{Feedback, ModelSpec, Rerank, Stage, StoredAs, Vectors};
use embedkit_retrieval::{Indexer, Model, Pipeline, Searcher};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

const LINES: [&str; 6] = [
    "A kitten sleeps on the sofa in the living room.",
    "The puppy chases a ball in the garden.",
    "Aeroelastic flutter of a heated wing at high speed.",
    "The tax return is due at the end of May.",
    "Interest is charged on late payment of taxes.",
    "Bread rises when yeast turns sugar into gas.",
];

fn searcher(pipeline: &Pipeline) -> (tempfile::TempDir, Searcher) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let lines = LINES
        .iter()
        .enumerate()
        .map(|(at, text)| serde_json::json!({"id": format!("d{at}"), "text": text}).to_string());
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    Indexer::new(pipeline.clone(), &|builder| builder).unwrap().index(&collection, &Inputs::new([path])).unwrap();
    let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
    (folder, searcher)
}

fn ids(searcher: &Searcher, query: &str, k: usize) -> Vec<String> {
    searcher.search(query, k).unwrap().into_iter().map(|hit| hit.record.document).collect()
}

#[test]
fn the_default_pipeline_finds_by_meaning_and_by_words() {
    let (_folder, searcher) = searcher(&Pipeline::default());
    assert_eq!(ids(&searcher, "where does the cat rest?", 1), ["d0"]);
    assert_eq!(ids(&searcher, "flutter", 1), ["d2"]);
    assert_eq!(ids(&searcher, "when must I pay my taxes", 2).len(), 2);
    // A query of words that nothing has is answered by what its parts are similar to.
    assert_eq!(searcher.search("zzzzqqq", 3).unwrap().len(), 3);
}

/// A cosine with nothing is no cosine: what knows no word finds nothing, and does not push others' hits about.
#[test]
fn a_stage_that_knows_no_word_of_a_query_finds_nothing() {
    let (_folder, searcher) = searcher(&Pipeline::default());
    for query in ["", "  ", "\u{1F984}"] {
        assert_eq!(searcher.search(query, 10).unwrap(), [], "{query:?}");
    }
    for fusion in [Fusion::z_score(), Fusion::min_max(), Fusion::rrf()] {
        let mut pipeline = Pipeline::default();
        pipeline.fusion = fusion;
        // BM25 leaves such words out; the others know them.
        let (_folder, searcher) = self::searcher(&pipeline);
        let hits = searcher.search("the of and", 10).unwrap();
        assert_eq!(hits.len(), LINES.len());
        for hit in &hits {
            let words = hit.contributions.iter().find(|part| part.stage == "words").unwrap();
            assert!(words.rank.is_none() || words.score == Some(0.0), "{words:?}");
            assert_eq!(words.value, 0.0);
        }
    }
    let mut words = Pipeline::default();
    words.stages.retain(|stage| stage.name == "words");
    words.fusion = Fusion::default();
    let (_folder, searcher) = self::searcher(&words);
    assert_eq!(searcher.search("the of and", 10).unwrap(), []);
}

#[test]
fn no_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "A kitten sleeps.").unwrap();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    let indexer = Indexer::new(Pipeline::default(), &|builder| builder).unwrap().keep(0);
    let error = indexer.index(&collection, &Inputs::new([folder.path().join("a.txt")])).unwrap_err();
    assert!(matches!(&error, embedkit_core::Error::InvalidOption { .. }), "{error:?}");
    assert!(error.to_string().contains("keep"), "{error}");
    assert!(collection.current().unwrap().is_none());
}

#[test]
fn scores_explain_to_their_sum() {
    for fusion in [Fusion::z_score(), Fusion::min_max(), Fusion::rrf(), Fusion::z_score().weight("words", 0.3)] {
        let mut pipeline = Pipeline::default();
        pipeline.fusion = fusion;
        let (_folder, searcher) = searcher(&pipeline);
        let query = "late payment of a tax";
        let hits = searcher.search(query, 4).unwrap();
        assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for hit in &hits {
            let explanation = searcher.explain(query, hit, &|builder| builder).unwrap();
            let sum: f64 = explanation.stages.iter().map(|stage| stage.contribution.value).sum();
            assert!((sum - hit.score).abs() < 1e-9, "{sum} {}", hit.score);
            for stage in explanation.stages.iter().filter(|stage| !stage.terms.is_empty()) {
                let parts: f32 = stage.terms.iter().map(|term| term.weight).sum();
                let score = stage.contribution.score.unwrap();
                assert!((parts - score).abs() < 1e-3 * score.abs().max(1.0), "{stage:?}");
            }
        }
        let explanation = searcher.explain(query, &hits[0], &|builder| builder).unwrap();
        let text = &hits[0].record.text;
        assert_eq!(hits[0].record.document, "d4");
        let strong =
            explanation.highlights.iter().filter(|mark| mark.weight > 0.5).map(|mark| &text[mark.start..mark.end]);
        let strong: Vec<&str> = strong.collect();
        assert!(strong.contains(&"late") || strong.contains(&"payment"), "{strong:?} of {:?}", explanation.highlights);
        let words = &explanation.stages[1];
        assert_eq!(words.contribution.stage, "words");
        assert!(words.terms.iter().any(|term| term.query == "payment"), "{words:?}");
        let tokens = &explanation.stages[2];
        assert!(
            tokens.terms.iter().any(|term| term.query == "tax" && term.document.as_deref() == Some("taxes")),
            "{tokens:?}"
        );
    }
}

#[test]
fn a_stage_alone_ranks_as_its_model_does() {
    let (_folder, searcher) = searcher(&Pipeline::single("one", Stage::new("words", "Qdrant/bm25")));
    let hits = searcher.search("heated wing", 10).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.record.document.as_str()).collect::<Vec<_>>(), ["d2"]);
    // BM25 with the document frequencies of the collection, by hand: two terms that one of six records has.
    let idf = (1.0f64 + (6.0 - 1.0 + 0.5) / 1.5).ln();
    let length = 6.0; // aeroelastic flutter heated wing high speed
    let weight = 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * length / 256.0));
    let score = f64::from(hits[0].contributions[0].score.unwrap());
    assert!((score - 2.0 * idf * weight).abs() < 1e-4, "{score} {}", 2.0 * idf * weight);
}

#[test]
fn fresh_and_stored_vectors_score_alike() {
    let stored = Pipeline::single("stored", Stage::new("tokens", "embedkit/static-late-en"));
    let mut fresh = Pipeline::single("fresh", Stage::new("meaning", "embedkit/static-minilm-en"));
    let mut tokens = Stage::new("tokens", "embedkit/static-late-en");
    (tokens.depth, tokens.vectors) = (0, Vectors::Fresh);
    fresh.stages.push(tokens);
    let score = |pipeline: &Pipeline| {
        let (_folder, searcher) = searcher(pipeline);
        let hits = searcher.search("kitten in the garden", LINES.len()).unwrap();
        let mut scores: Vec<(String, f32)> = hits
            .into_iter()
            .map(|hit| (hit.record.document, hit.contributions.last().unwrap().score.unwrap()))
            .collect();
        scores.sort_by(|a, b| a.0.cmp(&b.0));
        scores
    };
    for ((one, a), (other, b)) in score(&stored).into_iter().zip(score(&fresh)) {
        assert_eq!(one, other);
        assert!((a - b).abs() < 1e-4, "{one}: {a} {b}");
    }
}

#[test]
fn rerankers_order_the_best_anew_and_the_others_stay_behind() {
    let rerank: Rerank = toml::from_str("model = \"embedkit/static-late-en\"\ndepth = 2").unwrap();
    let plain = Pipeline::single("plain", Stage::new("meaning", "embedkit/static-minilm-en"));
    let mut reranked = plain.clone();
    reranked.rerankers.push(rerank);
    let query = "taxes on bread";
    let (_folder, before) = searcher(&plain);
    let (_other, after) = searcher(&reranked);
    let (before, after) = (before.search(query, 4).unwrap(), after.search(query, 4).unwrap());
    let numbers = |hits: &[embedkit_retrieval::Hit]| hits.iter().map(|hit| hit.number).collect::<Vec<_>>();
    assert_eq!(numbers(&before)[2..], numbers(&after)[2..]);
    let (mut first, mut second) = (numbers(&before)[..2].to_vec(), numbers(&after)[..2].to_vec());
    first.sort();
    second.sort();
    assert_eq!(first, second);
    assert!(after[0].reranked[0] >= after[1].reranked[0] && after[2].reranked.is_empty());
    assert_eq!(after[0].score, f64::from(after[0].reranked[0]));
}

#[test]
fn muvera_stands_for_maxsim() {
    let mut stage = Stage::new("tokens", "embedkit/static-late-en");
    stage.muvera = Some(Default::default());
    let (_folder, searcher) = searcher(&Pipeline::single("muvera", stage));
    assert_eq!(ids(&searcher, "kitten on the sofa", 1), ["d0"]);
}

#[test]
fn what_a_model_cannot_do_is_refused_by_name() {
    let refused = |stage: Stage| {
        let pipeline = Pipeline::single("p", stage);
        Indexer::new(pipeline, &|builder| builder).err().unwrap().to_string()
    };
    let stage = |model: &str| Stage::new("s", model);
    let mut pooled = stage("Qdrant/bm25");
    pooled.pool_factor = Some(2);
    assert!(refused(pooled).contains("pool-factor"));
    let mut small = stage("Qdrant/bm25");
    small.stored_as = embedkit_retrieval::pipeline::StoredAs::Int8;
    assert!(refused(small).contains("stored-as"));
    assert!(refused(stage("no/such-model")).contains("no/such-model"));
    let mut fresh = Pipeline::single("p", stage("embedkit/static-minilm-en"));
    let mut words = Stage::new("words", "Qdrant/bm25");
    (words.depth, words.vectors) = (0, Vectors::Fresh);
    fresh.stages.push(words);
    assert!(Indexer::new(fresh, &|builder| builder).err().unwrap().to_string().contains("document frequencies"));
}

#[test]
fn late_chunks_are_found_by_what_their_document_says() {
    let mut stage = Stage::new("late", "embedkit/static-late-en");
    stage.late_chunking = true;
    let mut pipeline = Pipeline::single("late", stage);
    pipeline.chunking = embedkit_retrieval::chunking::Chunking::new(8, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, "A kitten sleeps on the sofa. The puppy chases a ball outside. Taxes are due in May.")
        .unwrap();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    let indexer = Indexer::new(pipeline.clone(), &|builder| builder).unwrap();
    assert_eq!(indexer.index(&collection, &Inputs::new([&path])).unwrap().records, 3);
    let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
    for (query, chunk) in [("cat on a couch", 0), ("young dog", 1), ("when to pay tax", 2)] {
        assert_eq!(searcher.search(query, 1).unwrap()[0].record.chunk, chunk, "{query}");
    }
    pipeline.stages[0].pool_factor = Some(2);
    assert!(pipeline.check().unwrap_err().to_string().contains("late-chunking"));
}

/// Letters that the model's tokens write otherwise are marked where they stand.
#[test]
fn words_are_marked_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.md");
    std::fs::write(&path, "# İzmir\n\nCafé à la crème 🎉, and the Tax Return of an élève.").unwrap();
    let collection = CollectionFolder::new(folder.path().join("collection"));
    let pipeline = Pipeline::single("tokens", Stage::new("tokens", "embedkit/static-late-en"));
    Indexer::new(pipeline, &|builder| builder).unwrap().index(&collection, &Inputs::new([path])).unwrap();
    let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
    for (query, word) in [("tax", "Tax"), ("café", "Café"), ("izmir", "İzmir"), ("crème", "crème")] {
        let hit = &searcher.search(query, 1).unwrap()[0];
        let marks = searcher.explain(query, hit, &|builder| builder).unwrap().highlights;
        let most = marks.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)).unwrap();
        assert_eq!(&hit.record.text[most.start..most.end], word, "{query}: {marks:?}");
    }
}

#[test]
fn a_query_is_moved_towards_the_best_before_its_scores_count() {
    let query = "late payment of a tax";
    let plain = Pipeline::single("plain", Stage::new("meaning", "embedkit/static-minilm-en"));
    let mut moved = plain.clone();
    let mut feedback = Feedback::default();
    (feedback.records, feedback.weight) = (2, 0.5);
    moved.stages[0].feedback = Some(feedback);
    let scores = |pipeline: &Pipeline| {
        let (_folder, searcher) = self::searcher(pipeline);
        let hits = searcher.search(query, LINES.len()).unwrap();
        let best: Vec<usize> = hits.iter().take(2).map(|hit| hit.number).collect();
        let mut scores: Vec<(usize, f32)> =
            hits.iter().map(|hit| (hit.number, hit.contributions[0].score.unwrap())).collect();
        scores.sort_by_key(|(record, _)| *record);
        (best, scores)
    };
    let (best, before) = scores(&plain);
    let (_, after) = scores(&moved);
    // By hand, with the model itself.
    let mut spec = ModelSpec::default();
    spec.model = "embedkit/static-minilm-en".into();
    let model = Model::load(&spec, &|builder| builder).unwrap();
    let embed = |text: &str, role: Role| match model.embedder().embed_one(&Content::text(text), role).unwrap() {
        Embedding::Dense(mut vector) => {
            embedkit_vector::normalize(&mut vector);
            vector
        }
        other => panic!("{other:?}"),
    };
    let vectors: Vec<Vec<f32>> = LINES.iter().map(|line| embed(line, Role::Passage)).collect();
    let mut wanted = embed(query, Role::Query);
    for ((record, score), vector) in before.iter().zip(&vectors) {
        assert!((embedkit_vector::dot(&wanted, vector) - score).abs() < 1e-5, "{record}");
    }
    for record in best {
        wanted.iter_mut().zip(&vectors[record]).for_each(|(value, other)| *value += 0.25 * other);
    }
    embedkit_vector::normalize(&mut wanted);
    for ((record, score), vector) in after.iter().zip(&vectors) {
        assert!((embedkit_vector::dot(&wanted, vector) - score).abs() < 1e-5, "{record}: {score}");
    }
    // The best are taken as they are stored: nothing but that rounds.
    for (stored_as, error) in [(StoredAs::F16, 1e-3), (StoredAs::Int8, 2e-2)] {
        moved.stages[0].stored_as = stored_as;
        for ((_, score), (record, exact)) in scores(&moved).1.iter().zip(&after) {
            assert!((score - exact).abs() < error, "{stored_as:?} {record}: {score} {exact}");
        }
    }
    // Models of another kind of embedding have no such query.
    let mut words = Pipeline::single("words", Stage::new("words", "Qdrant/bm25"));
    words.stages[0].feedback = Some(Feedback::default());
    let error = Indexer::new(words, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("feedback"), "{error}");
}
