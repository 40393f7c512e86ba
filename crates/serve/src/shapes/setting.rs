//! The settings of all dialects: fields that a client sends to have another result.
//!
//! A route obeys those that its shape has as fields; the others are refused by name, unless their value asks for what
//! happens anyway.

use serde_json::value::RawValue;

use super::Filled;

/// A field by which some dialect changes results.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// The values that ask for what happens anyway, as JSON in lower case.
    usual: &'static [&'static str],
    /// Why it is not obeyed where it is not.
    pub(super) why: &'static str,
    /// Whether null asks for something too: clients that send the field whatever its value read another answer.
    tells_of_null: bool,
}

const fn setting(name: &'static str, usual: &'static [&'static str], why: &'static str) -> Setting {
    Setting { name, usual, why, tells_of_null: false }
}

impl Setting {
    const fn even_null(self) -> Self {
        Self { tells_of_null: true, ..self }
    }
}

const BOUNDS: &str = "texts are cut at the model's window, and documents by `max_tokens_per_doc`";
const ALL_RANKED: &str = "whatever its score, a document is in the answer, but for those beyond `top_n`";
const FLOATS: &str = "values are floats here";
const KINDS: &str = "one kind of vectors is given here; `outputs` of /v1/embeddings names several";
const LENGTHS: &str = "the lengths of dense vectors alone are chosen";
const NOT_CUT: &str = "nothing is cut here";
const PROMPTS: &str = "the model's own goes before what it sees";
const PURPOSE: &str = "nothing here depends on what inputs are for";
const RANKED: &str = "it is for documents that are ranked";
const SCALE: &str = "rerankers' own scale is `raw_scores`, and vectors of another length are `normalize: false`";
const STORED: &str = "`output_dtype` says how values are stored, where it can be chosen";
const WHOLE: &str = "documents are scored as wholes";
const WIDTHS: &str = "dense vectors alone are cut, where they are what is given";
/// Nothing that is said.
const EMPTY: &[&str] = &["\"\""];

/// All of them, by their names.
const ALL: &[Setting] = &[
    setting("activation", &["true"], SCALE),
    setting("add_special_tokens", &["true"], "a model sees the tokens it was trained with"),
    setting("apply_softmax", &["false"], SCALE),
    setting("dimensions", &["0"], WIDTHS),
    setting("dtype", &["\"float32\"", "\"float\""], STORED),
    setting("embed_dtype", &["\"float32\""], STORED),
    setting("embedding_type", &["\"float\""], FLOATS),
    setting("embedding_types", &["[]", "[\"float\"]"], "vectors by type are given by /v1/embed and /v2/embed"),
    setting("encoding", &["\"float\""], STORED),
    setting("encoding_type", &["\"float\""], FLOATS),
    setting("endianness", &["\"little\"", "\"native\""], "bytes are little-endian"),
    setting("input_type", EMPTY, PURPOSE),
    setting("instruct", &[], PROMPTS),
    setting("instruction", &[], PROMPTS),
    setting("late_chunking", &["false"], "every input is embedded by itself"),
    setting("max_chunks_per_doc", &["1"], WHOLE),
    setting("max_length", &[], BOUNDS),
    setting("max_query_length", &[], BOUNDS),
    setting("max_tokens", &[], BOUNDS),
    setting("max_tokens_per_doc", &[], RANKED),
    setting("modality", &["\"text\""], "inputs are texts here, or say themselves that they are images"),
    setting("normalize", &["true"], LENGTHS),
    setting("normalized", &["true"], LENGTHS),
    setting("output_dimension", &["0"], WIDTHS),
    setting("output_dtype", &["\"float\""], FLOATS),
    setting("output_type", &[], KINDS),
    setting("outputs", &["[]", "[\"dense\"]"], KINDS),
    setting("overlap_tokens", &["0"], WHOLE),
    setting("parameters", &[], "its fields stand beside the inputs here"),
    setting("pooling", &[], "tokens are pooled as the model's row says"),
    setting("precision", &["\"float32\"", "\"float\""], STORED),
    setting("prompt", &[], PROMPTS),
    setting("prompt_name", EMPTY, PURPOSE),
    setting("quantization", &["\"none\"", "\"float\"", "\"float32\""], STORED),
    setting("rank_fields", &["[]", "[\"text\"]"], "a document's `text` alone is read"),
    setting("raw_scores", &["false"], RANKED),
    setting("relevant_spans", &["false"], WHOLE),
    setting("return_documents", &["false"], RANKED),
    setting("return_input", &["false"], "`return_documents` has documents in the answer, where they are ranked"),
    setting("return_multivector", &["false"], KINDS),
    setting("return_text", &["false"], RANKED),
    setting("rewrite_query", &["false"], "queries are taken as they are"),
    setting("role", EMPTY, PURPOSE),
    setting("score_threshold", &[], ALL_RANKED),
    setting("softmax", &[], SCALE),
    setting("task", EMPTY, PURPOSE),
    setting("threshold", &[], ALL_RANKED),
    // Voyage's client sends it whatever its value, and reads answers of another shape.
    setting("top_k", &[], "the number of results is `top_n`, where there is one; Voyage's answers are not given")
        .even_null(),
    setting("top_n", &["0"], RANKED),
    setting("truncate", &["false"], NOT_CUT),
    setting("truncate_dim", &["0"], "`dimensions` is the width that dense vectors are cut to, where it can be chosen"),
    setting("truncate_prompt_tokens", &["-1"], BOUNDS),
    setting("truncation", &["false"], NOT_CUT),
    setting("truncation_direction", &["\"right\""], "the end that is cut is not chosen by it here"),
    setting("truncation_side", &["\"right\""], "`truncation_direction` says which end is cut, where it can be chosen"),
    setting("use_activation", &["true"], SCALE),
];

impl Setting {
    /// The setting of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|setting| setting.name == name)
    }

    /// Whether a value asks for what happens anyway: null as a rule, an object of nulls, or a usual one.
    pub(super) fn is_usual(&self, value: &RawValue) -> bool {
        let text = value.get();
        let written = || text.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_ascii_lowercase());
        let is_empty = || text.starts_with('{') && serde_json::from_str(text).is_ok_and(|it: Filled| !it.0);
        text == "null" && !self.tells_of_null
            || is_empty()
            || self.usual.iter().any(|usual| written().eq(usual.chars()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once_and_in_order() {
        assert!(ALL.is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn what_asks_for_nothing_is_known_however_it_is_written() {
        for (name, value, expected) in [
            ("late_chunking", "false", true),
            ("late_chunking", "true", false),
            ("late_chunking", "null", true),
            ("late_chunking", "\"false\"", false),
            ("embedding_types", "[ \"float\" ]", true),
            ("embedding_types", "[\"float\", \"int8\"]", false),
            ("truncation_direction", "\"Right\"", true),
            ("parameters", "{\"a\": null}", true),
            ("parameters", "{\"a\": 1}", false),
            ("parameters", "[]", false),
            ("prompt", "\"\"", false),
            ("top_k", "null", false),
        ] {
            let value: &RawValue = serde_json::from_str(value).unwrap();
            assert_eq!(Setting::named(name).unwrap().is_usual(value), expected, "{name}: {value}");
        }
        assert!(Setting::named("user").is_none());
    }
}
