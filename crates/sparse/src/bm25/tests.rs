use super::*;

fn ordered(entries: &[(u32, f64)]) -> Vec<(u32, f32)> {
    let mut entries: Vec<(u32, f32)> = entries.iter().map(|(index, value)| (*index, *value as f32)).collect();
    entries.sort_by_key(|(index, _)| *index);
    entries
}

fn entries(vector: &SparseVector) -> Vec<(u32, f32)> {
    vector.iter().collect()
}

#[test]
fn documents_and_queries_are_the_references() {
    let bm25 = Bm25::builder().stopwords(["the", "is", "a", "of", "and"]).build().unwrap();
    for (text, expected) in [
        ("Hello World", vec![(613_153_351, 1.683_203_825_463_239_8), (74_040_069, 1.683_203_825_463_239_8)]),
        (
            "The quick brown fox jumps over the lazy dog. The dog is quick, the fox is quicker_",
            vec![
                (771_291_085, 1.881_409_721_062_301_8),
                (741_580_288, 1.643_419_900_787_861_4),
                (1_621_867_415, 1.881_409_721_062_301_8),
                (1_913_189_942, 1.643_419_900_787_861_4),
                (1_656_251_611, 1.643_419_900_787_861_4),
                (226_376_294, 1.643_419_900_787_861_4),
                (1_312_749_093, 1.881_409_721_062_301_8),
                (1_334_671_710, 1.643_419_900_787_861_4),
            ],
        ),
        (" _ ", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(entries(&bm25.document(text).unwrap()), ordered(&expected), "{text}");
    }
    let query = bm25.query("hello hello world the quick brown fox").unwrap();
    assert_eq!(query.indices(), [74_040_069, 613_153_351, 741_580_288, 771_291_085, 1_621_867_415]);
    assert!(query.values().iter().all(|value| *value == 1.0));
    assert_eq!(bm25.word_count("Hello, World! the _ x").unwrap(), 5);
    for vector in [bm25.document("ad1u66pi"), bm25.query("ad1u66pi")] {
        assert_eq!(vector.unwrap().indices(), [1 << 31]);
    }
}

#[test]
fn words_are_left_out_in_the_references_order() {
    let stop_words = ["the", "is", "a"];
    let text = "The quick brown fox is a test sentence . !";
    let stems = |bm25: Bm25| {
        let mut stems: Vec<String> = bm25.stems(text).unwrap().into_values().collect();
        stems.sort();
        stems
    };
    let stemmed = Bm25::builder().stopwords(stop_words).build().unwrap();
    assert_eq!(stems(stemmed), ["brown", "fox", "quick", "sentenc", "test"]);
    let unstemmed = Bm25::builder().stopwords(stop_words).disable_stemmer(true).build().unwrap();
    assert_eq!(stems(unstemmed), ["brown", "fox", "quick", "sentence", "test"]);
    let short = Bm25::builder().stopwords(["THE"]).token_max_length(4).build().unwrap();
    assert_eq!(stems(short), ["a", "fox", "is", "test"]);
}

#[test]
fn a_later_term_replaces_one_of_the_same_index() {
    // Both hash to ±358434922.
    let bm25 = Bm25::builder().disable_stemmer(true).build().unwrap();
    let vector = bm25.document("kitchens kitchens prostaglandins").unwrap();
    assert_eq!(entries(&vector), [(358_434_922, bm25.options().saturation().weight(1, 3) as f32)]);
}

#[test]
fn the_average_length_is_that_of_stems() {
    let mut bm25 = Bm25::builder().build().unwrap();
    assert!(bm25.fit(["the", ""]).unwrap_err().to_string().contains("without any term"));
    assert_eq!(bm25.fit(["the quick fox", "a dog", "jumping over fences"]).unwrap(), 5.0 / 3.0);
    assert_eq!(bm25.options().avg_len, 5.0 / 3.0);
}

#[test]
fn what_cannot_be_is_refused() {
    struct Nothing;
    impl crate::text::Stemmer for Nothing {
        fn stem<'w>(&self, _: &'w str) -> Result<std::borrow::Cow<'w, str>> {
            Ok("".into())
        }
    }
    let error = |builder: Bm25Builder| builder.build().unwrap_err().to_string();
    assert!(error(Bm25::builder().k(f64::NAN)).contains("`k`"));
    assert!(error(Bm25::builder().b(1.5)).contains("from 0 to 1"));
    assert!(error(Bm25::builder().avg_len(0.0)).contains("above 0"));
    assert!(error(Bm25::builder().language("klingon")).contains("klingon"));
    assert!(error(Bm25::builder().stemmer(Nothing).disable_stemmer(true)).contains("given and disabled"));
    let files = embedkit_core::ModelFiles::memory([("english.txt", "hello\nWORLD\n".as_bytes())]);
    assert!(error(Bm25::builder().language("german").files(files.clone())).contains("german.txt is missing"));

    let custom = Bm25::builder().language("klingon").stemmer(Nothing).build().unwrap();
    assert!(custom.document("a word").unwrap().is_empty());
    Bm25::builder().language("klingon").disable_stemmer(true).build().unwrap();
    Bm25::builder().language("tamil").files(files.clone()).build().unwrap();
    // Words of a file are taken as they are.
    let vector = Bm25::builder().files(files).build().unwrap().query("Hello world").unwrap();
    assert_eq!(vector.indices(), [74_040_069]);
}

#[test]
fn a_stemmer_that_fails_teaches_nothing() {
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Ending(Arc<AtomicBool>);
    impl crate::text::Stemmer for Ending {
        fn stem<'w>(&self, word: &'w str) -> Result<std::borrow::Cow<'w, str>> {
            match word.strip_suffix('s') {
                Some(_) if self.0.load(Ordering::Relaxed) => Err(Error::input("no ending")),
                stem => Ok(stem.unwrap_or(word).into()),
            }
        }
    }
    let fails = Arc::new(AtomicBool::new(true));
    let long = "long".repeat(8) + "s";
    let texts = ["dogs", "cat dogs bird", "dogs dogs", long.as_str()];
    let bm25 = Bm25::builder().stemmer(Ending(fails.clone())).build().unwrap();
    for text in texts {
        for failed in [bm25.document(text).map(drop), bm25.query(text).map(drop), bm25.stems(text).map(drop)] {
            assert!(failed.unwrap_err().to_string().contains("no ending"));
        }
        assert_eq!(bm25.query("cat bird").unwrap().len(), 2, "after {text}");
    }
    fails.store(false, Ordering::Relaxed);
    let fresh = Bm25::builder().stemmer(Ending(fails)).build().unwrap();
    for text in texts {
        assert_eq!(bm25.document(text).unwrap(), fresh.document(text).unwrap(), "{text}");
    }
}

#[test]
fn a_text_leaves_no_trace_in_the_next() {
    let bm25 = Bm25::builder().build().unwrap();
    let text = "a heavy text, a heavier text";
    let first = bm25.document(text).unwrap();
    let many: String = (0..80_000).map(|n| format!("word{n} ")).collect();
    for other in ["another text", &many, "x"] {
        bm25.document(other).unwrap();
        assert_eq!(bm25.document(text).unwrap(), first);
    }
}

proptest::proptest! {
    #[test]
    fn the_order_of_words_does_not_matter(words in proptest::collection::vec("[a-d]{1,2}", 0..20)) {
        let bm25 = Bm25::builder().disable_stemmer(true).build().unwrap();
        let mut sorted = words.clone();
        sorted.sort();
        proptest::prop_assert_eq!(bm25.document(&words.join(" ")).unwrap(), bm25.document(&sorted.join(" ")).unwrap());
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,60}") {
        let bm25 = Bm25::builder().build().unwrap();
        let (document, query) = (bm25.document(&text).unwrap(), bm25.query(&text).unwrap());
        proptest::prop_assert_eq!(document.indices(), query.indices());
    }
}
