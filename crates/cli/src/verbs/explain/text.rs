//! A text, with the words that matched.

use embedkit::multivector::{MaxSim, RowLabel};
use embedkit::prelude::*;

use crate::args::ExplainArgs;
use crate::color;
use crate::columns;
use crate::failure::Result;
use crate::notice;
use crate::output::Target;
use crate::render::{Explained, Placed, to_html, to_terminal};

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
    let places = model.engine().row_places(text, &Purpose::new(role))?;
    // Nothing may be known of where its tokens are from.
    Ok(Placed::new(text, labels, places.unwrap_or_else(|| vec![None; labels.len()])))
}
