//! Which bytes of a text a model's tokens are of.

use embedkit_vector::multivector::RowLabel;

/// Bytes behind a token within which the next one is looked for: what stands between them are blanks and what has no token.
const REACH: usize = 64;

/// Where each token's text stands, looked for one behind the other; none for one that is not found.
pub(crate) fn places(text: &str, labels: &[RowLabel]) -> Vec<Option<(usize, usize)>> {
    let lower = Lowered::new(text);
    let (mut at, mut reach) = (0, REACH);
    labels
        .iter()
        .map(|label| {
            let RowLabel::Token(token) = label else { return None };
            let bare = token.trim_start_matches("##").trim_start_matches(['▁', 'Ġ']).to_lowercase();
            // A token that is written otherwise in the text, as one without its accents, must not be taken for one far
            // behind it: all between them would be lost. Its own text is somewhere before the next one's.
            let end = lower.text.ceil_char_boundary(at + reach + bare.len());
            let Some(found) = (!bare.is_empty()).then(|| lower.text[at..end].find(&bare)).flatten() else {
                reach += REACH;
                return None;
            };
            let start = at + found;
            (at, reach) = (start + bare.len(), REACH);
            Some((lower.origin(start), lower.origin(at)))
        })
        .collect()
}

/// A text in lower case, and where each of its bytes comes from.
struct Lowered {
    text: String,
    origins: Vec<usize>,
    length: usize,
}

impl Lowered {
    fn new(text: &str) -> Self {
        let (mut lowered, mut origins) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, character) in text.char_indices() {
            lowered.extend(character.to_lowercase());
            origins.resize(lowered.len(), at);
        }
        Self { text: lowered, origins, length: text.len() }
    }

    fn origin(&self, at: usize) -> usize {
        self.origins.get(at).copied().unwrap_or(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_their_place() {
        let labels = ["the", "aero", "##elastic", "İx", "missing", "cat"].map(|token| RowLabel::Token(token.into()));
        let text = "The Aeroelastic İX cat";
        let found: Vec<Option<&str>> = places(text, &labels).into_iter().map(|p| p.map(|(a, b)| &text[a..b])).collect();
        assert_eq!(found, [Some("The"), Some("Aero"), Some("elastic"), Some("İX"), None, Some("cat")]);
    }

    #[test]
    fn a_token_that_is_written_otherwise_does_not_lose_those_behind_it() {
        let words: String = (0..40).map(|at| format!("word{at} ")).collect();
        let text = format!("Él {words}el");
        let tokens = std::iter::once("el".to_owned()).chain((0..40).map(|at| format!("word{at}"))).chain(["el".into()]);
        let labels: Vec<RowLabel> = tokens.map(|token| RowLabel::Token(token.as_str().into())).collect();
        let found = places(&text, &labels);
        assert_eq!(found[0], None);
        assert!(found[1..].iter().all(Option::is_some), "{found:?}");
        assert_eq!(found[41], Some((text.len() - 2, text.len())));
    }
}
