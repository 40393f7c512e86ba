//! `search`: questions to a collection.

use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::search::Explanation;
use embedkit::retrieval::{Hit, Searcher};
use serde::Serialize;

use crate::args::SearchArgs;
use crate::color;
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::render::{hits_to_html, hits_to_terminal};

/// A hit as a line.
#[derive(Serialize)]
struct Line<'h> {
    #[serde(flatten)]
    hit: &'h Hit,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

pub(super) fn run(args: &SearchArgs) -> Result<()> {
    let collection = CollectionFolder::new(&args.collection);
    let version = match &args.collection_version {
        Some(name) => collection.open_version(name)?,
        None => collection.open()?,
    };
    let configure = |builder| args.cache.apply(builder);
    let searcher = Searcher::of_version(version, &configure)?;
    let hits = searcher.search(&args.query, args.top_k)?;
    let explain = |hit: &Hit| searcher.explain(&args.query, hit, &configure);
    if args.json {
        let mut lines = String::new();
        for hit in &hits {
            let explanation = args.explain.then(|| explain(hit)).transpose()?;
            let line = serde_json::to_string(&Line { hit, explanation });
            lines += &(line.map_err(|error| Failure::Failed(error.to_string()))? + "\n");
        }
        return super::print_styled(&lines);
    }
    // Words are shown in their place, which is what an explanation knows.
    let explained = hits.iter().map(|hit| Ok((hit, explain(hit)?))).collect::<Result<Vec<_>>>()?;
    match &args.html {
        Some(path) => {
            let page = hits_to_html(&args.query, &explained, args.explain);
            Target::write_file(path, page.as_bytes())
        }
        None => super::print_styled(&hits_to_terminal(&explained, args.explain, color::on_stdout())),
    }
}
