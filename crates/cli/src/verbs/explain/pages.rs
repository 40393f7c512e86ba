//! Pages, with heat over the places that matched.

use std::io::Write as _;
use std::path::PathBuf;

use embedkit::colpali::explain::SimilarityMap;
use embedkit::colpali::{Content, HeatMap};
use embedkit::multivector::MaxSim;
use embedkit::prelude::*;

use crate::args::{ExplainArgs, HeatArgs};
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::progress::Total;
use crate::render::PageReport;
use crate::{interrupt, notice, progress};

/// A page that was looked at.
struct Page {
    title: String,
    image: ImageInput,
    map: SimilarityMap,
    score: f32,
}

pub(super) fn run(args: &ExplainArgs) -> Result<()> {
    if args.html.is_none() && args.png.is_none() {
        return Err(Failure::Usage("pages are explained by images: name a file with --html or --png".to_owned()));
    }
    let pages = pages(args)?;
    let scale = percentiles(&pages, args.heat.percentiles);
    if let Some(path) = &args.png {
        let [page] = &pages[..] else {
            return Err(Failure::Usage(format!(
                "--png is for one page, and these are {}: --html has all",
                pages.len()
            )));
        };
        Target::write_file(path, &image(page, scale, &args.heat)?)?;
    }
    if let Some(path) = &args.html {
        report(args, path, &pages, scale)?;
    }
    for page in &pages {
        notice::tell_watchers(&format!("{}: score {:.4}", page.title, page.score));
    }
    Ok(())
}

/// The pages that the arguments name, by the model.
fn pages(args: &ExplainArgs) -> Result<Vec<Page>> {
    let option = if args.image.is_empty() { "--pdf" } else { "--image" };
    args.model.check_is_of(LateInteractionMultimodalEmbedding::FAMILY, option)?;
    let model = args.model.builder::<LateInteractionMultimodalEmbedding>()?.build()?;
    let query = model.embed_one(&Content::text(&args.query), Role::Query)?;
    let scorer = MaxSim::new(&query)?;
    let (titles, images) = named(args)?;
    let cancel = interrupt::token()?;
    let bar = progress::counter("pages", Total::Known(images.len() as u64), false);
    let shown = bar.clone();
    let contents: Vec<Content> = images.iter().cloned().map(Content::Image).collect();
    let results = model.embed_for(&contents, Role::Passage).cancel_with(&cancel);
    let results = results.on_progress(move |done| shown.inc(done.inputs as u64));
    let mut pages = Vec::new();
    for ((title, image), vectors) in titles.into_iter().zip(images).zip(results) {
        let vectors = match vectors {
            Err(Error::Cancelled) => return Err(Failure::Interrupted { done: pages.len() as u64 }),
            Err(error) => return Err(Failure::At { place: title, reason: crate::failure::with_causes(&error) }),
            Ok(vectors) => vectors,
        };
        let (map, score) = (SimilarityMap::of_query(&query, &vectors)?, scorer.score(&vectors)?);
        pages.push(Page { title, image, map, score });
    }
    bar.finish_and_clear();
    Ok(pages)
}

/// The pages' names, and their images, which are drawn when they are needed.
#[cfg_attr(not(feature = "pdf"), allow(unused_mut))]
fn named(args: &ExplainArgs) -> Result<(Vec<String>, Vec<ImageInput>)> {
    let mut titles: Vec<String> = args.image.iter().map(|path| path.display().to_string()).collect();
    let mut images: Vec<ImageInput> = args.image.iter().map(|path| ImageInput::path(path.as_path())).collect();
    #[cfg(feature = "pdf")]
    for file in &args.pdf.pdf {
        let (first, pages) = args.pdf.pages(file)?;
        titles.extend((first..first + pages.len()).map(|page| format!("{}, page {page}", file.display())));
        images.extend(pages);
    }
    Ok((titles, images))
}

/// The similarities of all pages at two percentiles, so that pages can be compared and one odd patch hides no other.
fn percentiles(pages: &[Page], (low, high): (f32, f32)) -> (f32, f32) {
    let cells = |map: &SimilarityMap| {
        let (rows, columns) = map.shape();
        let all = (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)));
        all.filter_map(|(row, column)| map.at(row, column)).collect::<Vec<f32>>()
    };
    let mut all: Vec<f32> = pages.iter().flat_map(|page| cells(&page.map)).collect();
    all.sort_by(f32::total_cmp);
    let at = |percent: f32| {
        let place = f64::from(percent) / 100.0 * all.len().saturating_sub(1) as f64;
        all.get(place.round() as usize).copied().unwrap_or_default()
    };
    (at(low), at(high))
}

fn image(page: &Page, (least, most): (f32, f32), heat: &HeatArgs) -> Result<Vec<u8>> {
    let map = HeatMap::new(page.map.clone(), page.image.clone())?;
    Ok(map.scale(least, most).opacity(heat.opacity).boxes(heat.boxes).legend(true).to_png()?)
}

/// All pages on one page of HTML, written as they are drawn.
fn report(args: &ExplainArgs, path: &PathBuf, pages: &[Page], scale: (f32, f32)) -> Result<()> {
    let mut target = Target::open(Some(path))?;
    let report = PageReport::new(&args.query, pages.iter().map(|page| (page.title.as_str(), page.score)), scale);
    let mut write = |text: &str| target.write_all(text.as_bytes()).map_err(|error| target.failure(error));
    write(&report.head())?;
    for (at, page) in pages.iter().enumerate() {
        write(&report.page(at, &image(page, scale, &args.heat)?))?;
    }
    write(report.end())?;
    target.commit()
}
