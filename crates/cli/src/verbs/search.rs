//! `search`: questions to a collection.

use std::path::{Path, PathBuf};

use embedkit::Error;
use embedkit::colpali::HeatMap;
use embedkit::colpali::explain::SimilarityMap;
use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::database::Address;
use embedkit::retrieval::search::Explanation;
use embedkit::retrieval::{Filter, Hit, Searcher};
use serde::Serialize;

use crate::args::SearchArgs;
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::render::{hits_to_html, hits_to_terminal};
use crate::{color, columns, input, notice};

/// A hit as a line.
#[derive(Serialize)]
struct Line<'h> {
    #[serde(flatten)]
    hit: &'h Hit,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
    /// The image that shows where the query matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    heat_map: Option<&'h Path>,
}

pub(super) fn run(args: &SearchArgs) -> Result<()> {
    let configure = |builder| args.cache.apply(builder);
    let address: Address = args.collection.to_string_lossy().parse()?;
    let filter = Filter::parse(args.filters.iter().map(String::as_str))?;
    let searcher = match (address.database()?, &args.collection_version) {
        (Some(database), version) => Searcher::of_database(&*database, version.as_deref(), &configure)?,
        (None, None) => Searcher::open(&CollectionFolder::new(&args.collection), &configure)?,
        (None, Some(name)) => {
            let version = CollectionFolder::new(&args.collection).open_version(name)?;
            Searcher::of_version(version, &configure)?
        }
    };
    let hits = searcher.search_filtered(&args.query, args.top_k, &filter)?;
    if hits.is_empty() {
        notice::tell(match (searcher.is_empty(), filter.is_empty()) {
            (true, _) => "nothing was found: the collection has no records",
            (_, false) => "nothing was found that --filter lets pass",
            (_, true) => "nothing was found: no record has a word of the query, or the models know none of them",
        });
    }
    let maps = match &args.heat_map {
        Some(folder) => heat_maps(&searcher, &args.query, &hits, folder)?,
        None => vec![None; hits.len()],
    };
    if args.heat_map.is_some() && !hits.is_empty() && maps.iter().all(Option::is_none) {
        notice::tell("no hit is of a page, an image or a frame: --heat-map has nothing to draw on");
    }
    let explain = |hit: &Hit| searcher.explain(&args.query, hit, &configure);
    if args.json {
        let mut lines = String::new();
        for (hit, map) in hits.iter().zip(&maps) {
            let explanation = args.explain.then(|| explain(hit)).transpose()?;
            let line = serde_json::to_string(&Line { hit, explanation, heat_map: map.as_deref() });
            lines += &(line.map_err(|error| Failure::Failed(error.to_string()))? + "\n");
        }
        return super::print_styled(&lines);
    }
    // Words are shown in their place, which is what an explanation knows.
    let explained = hits.iter().map(|hit| Ok((hit, explain(hit)?))).collect::<Result<Vec<_>>>()?;
    match &args.html {
        Some(path) => {
            let read = |path: &PathBuf| std::fs::read(path).map_err(Failure::io(path.display().to_string()));
            let maps = maps.iter().map(|map| map.as_ref().map(read).transpose()).collect::<Result<Vec<_>>>()?;
            let page = hits_to_html(&args.query, &explained, &maps, args.explain);
            Target::write_file(path, page.as_bytes())
        }
        None => {
            let text = hits_to_terminal(&explained, args.explain, color::on_stdout(), columns::of_terminal());
            super::print_styled(&text)
        }
    }
}

/// Writes a heat map of each hit that is of an image, named by its rank.
fn heat_maps(searcher: &Searcher, query: &str, hits: &[Hit], folder: &Path) -> Result<Vec<Option<PathBuf>>> {
    std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    let map = |hit: &Hit| {
        let Some(image) = input::image(&hit.record)? else { return Ok(None) };
        let vectors = match searcher.page_vectors(query, &image) {
            // Of such a page the text was found.
            Err(error @ (Error::InvalidInput { .. } | Error::InvalidFile { .. })) => {
                tracing::warn!("{} has no heat map: {}", hit.record.id, error.report());
                return Ok(None);
            }
            vectors => vectors?,
        };
        let vectors = vectors.ok_or_else(|| {
            let message = "--heat-map needs a stage whose model sees pages and gives a vector for each patch";
            Failure::Usage(message.to_owned())
        })?;
        let path = folder.join(format!("{:03}.png", hit.rank));
        let map = HeatMap::new(SimilarityMap::of_query(&vectors.0, &vectors.1)?, image)?;
        Target::write_file(&path, &map.to_png()?)?;
        Ok(Some(path))
    };
    hits.iter().map(map).collect()
}
