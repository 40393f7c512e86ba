use super::*;
use crate::scoring::pieces::tests::TOKENS;

/// Computed with the reference, as the expected vectors below.
const WEIGHTS: [f32; 24] = [
    0.12573022,
    -0.13210486,
    0.64042264,
    0.104900114,
    -0.5356694,
    0.36159506,
    1.304,
    0.94708097,
    -0.70373523,
    -1.2654215,
    -0.62327445,
    0.04132598,
    -2.3250308,
    -0.21879166,
    -1.245911,
    -0.7322674,
    -0.544259,
    -0.31630015,
    0.41163054,
    1.0425134,
    -0.12853466,
    1.3664634,
    -0.6651947,
    0.35151008,
];

/// An encoder's file, as NumPy writes it: of a type, and of shape `[words, input, output]`.
fn file(descr: &str, shape: &str) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let values = WEIGHTS.iter().flat_map(|weight| weight.to_le_bytes()).collect::<Vec<_>>();
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &values].concat()
}

fn model(vocabulary: &str, stop_words: &[&str]) -> MiniCoil {
    let vocabulary: Vocabulary = serde_json::from_str(vocabulary).unwrap();
    let encoder = Encoder::new(file("<f4", "(3, 4, 2)")).unwrap();
    let stop_words = stop_words.iter().map(|word| (*word).to_owned());
    MiniCoil::new(vocabulary, encoder, stop_words, Saturation { k: 1.2, b: 0.75, avg_len: 150.0 }).unwrap()
}

fn bats() -> MiniCoil {
    model(r#"{"vocab": ["bat", "swim"], "stem_mapping": {"bat": "bat", "swim": "swim"}}"#, &["the"])
}

fn vectors(tokens: usize) -> Vec<f32> {
    (0..tokens * 4).map(|place| (place % 7) as f32 / 7.0).collect()
}

fn assert_close(vector: &SparseVector, expected: &[(u32, f32)]) {
    assert_eq!(vector.len(), expected.len(), "{vector:?}");
    for (index, value) in expected {
        assert!((vector.get(*index) - value).abs() < 1e-6, "{index}: {} is not {value}", vector.get(*index));
    }
}

#[test]
fn documents_and_queries_are_the_references() {
    let model = bats();
    assert_close(
        &model.document(&TOKENS, &vectors(17)).unwrap(),
        &[
            (2, -1.513_155_1),
            (3, -1.113_557_8),
            (4, -0.561_447_2),
            (5, 1.540_203_5),
            (671_613_512, 1.878_736_1),
            (613_212_321, 1.878_736_1),
        ],
    );
    assert_close(
        &model.query(&TOKENS, &vectors(17)).unwrap(),
        &[
            (2, -0.805_411_2),
            (3, -0.592_716_5),
            (4, -0.342_482_8),
            (5, 0.939_524_1),
            (671_613_512, 1.0),
            (613_212_321, 1.0),
        ],
    );
    assert_eq!(model.word_at(5), Some(("swim", 1)));
    assert_eq!(model.word_at(1), None);
    assert_eq!(
        model.unknown_words(&TOKENS),
        [(671_613_512, "screech".to_owned()), (613_212_321, "9".to_owned())].into()
    );
}

#[test]
fn unknown_words_start_at_a_round_index() {
    assert_eq!(first_unknown_index(3, 2).unwrap(), 64_000);
    assert_eq!(first_unknown_index(19_125, 4).unwrap(), 128_000);
    first_unknown_index(usize::MAX, 4).unwrap_err();
    first_unknown_index(1 << 31, 1).unwrap_err();
}

#[test]
fn unknown_stems_count_for_a_known_word_of_the_same_spelling() {
    // `bat-x` is not of the vocabulary; its part `bat` adds to the known word's count, as in the reference.
    let both = bats().document(&["bat", "bat-x"], &vectors(2)).unwrap();
    let weight = Saturation { k: 1.2, b: 0.75, avg_len: 150.0 }.weight(2, 3);
    assert!((both.get(2).hypot(both.get(3)) - weight as f32).abs() < 1e-6);
}

#[test]
fn a_stop_word_takes_the_place_of_its_other_forms() {
    let model = model(r#"{"vocab": ["do", "swim"], "stem_mapping": {"do": "do", "swim": "swim"}}"#, &["do"]);
    assert_eq!(model.document(&["doing"], &vectors(1)).unwrap().indices(), [2, 3]);
    assert!(model.document(&["doing", "do"], &vectors(2)).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    let vocabulary = |json: &str| serde_json::from_str::<Vocabulary>(json);
    let error = vocabulary(r#"{"vocab": ["a"], "stem_mapping": {"b": "c"}}"#).unwrap_err().to_string();
    assert!(error.contains("\"c\", which is not in the vocabulary"), "{error}");
    let saturation = Saturation { k: 1.2, b: 0.75, avg_len: 150.0 };
    let encoder = Encoder::new(file("<f4", "(3, 4, 2)")).unwrap();
    let one_word = vocabulary(r#"{"vocab": ["a"], "stem_mapping": {}}"#).unwrap();
    let error = MiniCoil::new(one_word, encoder, [], saturation).unwrap_err().to_string();
    assert!(error.contains("3 words") && error.contains("has 2"), "{error}");
    for (file, expected) in [
        (file("<f4", "(12, 2)"), "[12, 2]"),
        (file("<i4", "(3, 4, 2)"), "I32"),
        (file("<c8", "(3, 4, 1)"), "<c8"),
        (vec![0; 9], "not a .npy file"),
    ] {
        let error = Encoder::new(file).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    bats().document(&TOKENS, &vectors(16)).unwrap_err();
    bats().document(&["bat"], &[f32::NAN; 4]).unwrap_err();
    assert!(bats().document(&[], &[]).unwrap().is_empty());
}
