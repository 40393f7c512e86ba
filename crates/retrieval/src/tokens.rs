//! Which bytes of a text a model's tokens are of.

use embedkit_vector::multivector::RowLabel;

/// Where each token's text stands, looked for one behind the other; none for one that is not found.
pub(crate) fn places(text: &str, labels: &[RowLabel]) -> Vec<Option<(usize, usize)>> {
    let lower = Lowered::new(text);
    let mut at = 0;
    labels
        .iter()
        .map(|label| {
            let RowLabel::Token(token) = label else { return None };
            let bare = token.trim_start_matches("##").trim_start_matches(['▁', 'Ġ']).to_lowercase();
            let found = (!bare.is_empty()).then(|| lower.text[at..].find(&bare)).flatten()?;
            let start = at + found;
            at = start + bare.len();
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
}
