//! A text, with the words that matched.

use std::borrow::Cow;
use std::ops::Range;

use embedkit::multivector::{MaxSim, RowLabel};
use embedkit::prelude::*;

use crate::args::ExplainArgs;
use crate::color;
use crate::columns;
use crate::failure::Result;
use crate::notice;
use crate::output::Target;
use crate::render::{Explained, Placed, Token, to_html, to_terminal};

pub(super) fn run(args: &ExplainArgs, document: &str) -> Result<()> {
    let builder = args.model.builder::<LateInteractionTextEmbedding>()?;
    let model = builder.parameter("labels", true).build()?;
    let usage = model.usage(document, Role::Passage)?;
    if usage.truncated {
        let tokens = usage.tokens;
        notice::tell(&format!(
            "the document is longer than the model's {tokens} tokens, and what is beyond them matches nothing"
        ));
    }
    let (query, passage) = (model.embed_one(&args.query, Role::Query)?, model.embed_one(document, Role::Passage)?);
    let explanation = MaxSim::new(&query)?.explain(&passage)?;
    let explained = Explained {
        explanation: &explanation,
        query: placed(&model, &args.query, Role::Query, query.labels())?,
        document: placed(&model, document, Role::Passage, passage.labels())?,
        shows_all: args.all,
    };
    match &args.html {
        None => crate::verbs::print_styled(&to_terminal(&explained, color::on_stdout(), columns::of_terminal())),
        Some(path) => Target::write_file(path, to_html(&explained).as_bytes()),
    }
}

/// A text with where its rows' tokens stand in it.
fn placed<'t>(
    model: &LateInteractionTextEmbedding,
    text: &'t str,
    role: Role,
    labels: &[RowLabel],
) -> Result<Placed<'t>> {
    let prompted = Purpose::new(role).prompted(model.model(), text)?;
    let seen = Seen::new(model, &prompted);
    let tokens = match model.engine().tokenizer() {
        Some(tokenizer) => tokenizer.tokens(&seen.text, true).map_err(embedkit::Error::from)?,
        // Nothing is known of where its tokens are from.
        None => Vec::new(),
    };
    let tokens = tokens.into_iter().map(|token| {
        let bytes = token.bytes.map(|bytes| seen.in_original(bytes));
        Token { id: token.id, name: token.text, bytes }
    });
    Ok(Placed::new(text, labels, tokens, prompted.len() - text.len()))
}

/// A text as the model's tokenizer sees it, and where its bytes are from.
struct Seen<'t> {
    text: Cow<'t, str>,
    /// The byte that each one comes from, where letters were changed before; none: the same.
    origins: Option<Vec<usize>>,
}

impl<'t> Seen<'t> {
    fn new(model: &LateInteractionTextEmbedding, text: &'t str) -> Self {
        let lowers = model.model().parameters.get("lowercase").and_then(|value| value.as_bool()).unwrap_or(false);
        if !lowers {
            return Self { text: text.into(), origins: None };
        }
        let (mut lowered, mut origins) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        for (at, character) in text.char_indices() {
            lowered.extend(character.to_lowercase());
            origins.resize(lowered.len(), at);
        }
        origins.push(text.len());
        Self { text: lowered.into(), origins: Some(origins) }
    }

    fn in_original(&self, bytes: Range<usize>) -> Range<usize> {
        match &self.origins {
            Some(origins) => {
                let origin = |at: usize| origins[at.min(origins.len() - 1)];
                origin(bytes.start)..origin(bytes.end)
            }
            None => bytes,
        }
    }
}
