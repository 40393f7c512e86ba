//! Heat maps where the answer is known.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{builder, fixture, fixtures, folder, load, pages};
use embedkit_colpali::explain::SimilarityMap;
use embedkit_colpali::multivector::{MaxSim, TokenPooling};
use embedkit_colpali::{Content, HeatMap, ImageInput, MultiVector, Purpose, RowLabel};
use embedkit_core::Error;
use embedkit_core::{ImageEmbedder, PageEmbedder};
use embedkit_fixtures::TOLERANCE;
use embedkit_image::DecodeImage;

fn patch(row: u32, column: u32) -> RowLabel {
    RowLabel::Patch { tile: None, row, column }
}

/// A page of 4 x 6 patches, of which (2, 4) is what the query's first token asks for and (0, 1) its second.
fn page() -> MultiVector {
    let places = (0..4).flat_map(|row| (0..6).map(move |column| (row, column)));
    let vector = |place| match place {
        (2, 4) => [1.0, 0.0, 0.1],
        (0, 1) => [0.0, 0.9, 0.1],
        (row, column) => [0.01 * row as f32, 0.01 * column as f32, 1.0],
    };
    let mut rows: Vec<[f32; 3]> = vec![[1.0, 1.0, 1.0]];
    rows.extend(places.clone().map(vector));
    rows.push([2.0, 2.0, 2.0]);
    let mut labels = vec![RowLabel::Token("<bos>".into())];
    labels.extend(places.map(|(row, column)| patch(row, column)));
    // The whole page beside its tiles is no place of its own.
    labels.push(RowLabel::Patch { tile: Some(7), row: 3, column: 3 });
    MultiVector::from_rows(rows).unwrap().with_labels(labels).unwrap()
}

fn query() -> MultiVector {
    MultiVector::from_rows([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).unwrap()
}

#[test]
fn the_hottest_patch_is_the_one_asked_for() {
    for (map, expected, similarity) in [
        (SimilarityMap::of_token(&query(), 0, &page()), (2, 4), 1.0),
        (SimilarityMap::of_token(&query(), 1, &page()), (0, 1), 0.9),
        (SimilarityMap::of_query(&query(), &page()), (2, 4), 0.5),
    ] {
        let map = map.unwrap();
        assert_eq!(map.shape(), (4, 6));
        let best = map.top(1)[0];
        assert_eq!(((best.row, best.column), best.similarity), (expected, similarity));
        assert_eq!(map.at(best.row, best.column), Some(similarity));
        assert_eq!(map.top(100).len(), 24);
    }
    let best = SimilarityMap::of_query(&query(), &page()).unwrap().top(2);
    assert_eq!((best[0].left, best[0].top, best[0].width, best[0].height), (4.0 / 6.0, 0.5, 1.0 / 6.0, 0.25));
    assert_eq!((best[1].row, best[1].column), (0, 1));
}

#[test]
fn heat_covers_the_hottest_patch_and_leaves_the_rest() {
    let grey = ImageInput::rgb(120, 80, vec![100; 120 * 80 * 3]).unwrap();
    let map = SimilarityMap::of_token(&query(), 0, &page()).unwrap();
    let (width, height, pixels) = HeatMap::new(map.clone(), &grey).unwrap().opacity(1.0).to_rgb();
    assert_eq!((width, height), (120, 80));
    let changes: Vec<u32> =
        pixels.chunks_exact(3).map(|pixel| pixel.iter().map(|level| u32::from(level.abs_diff(100))).sum()).collect();
    let hottest = (0..changes.len()).max_by_key(|at| changes[*at]).unwrap();
    // Patches are 20 x 20 pixels: (2, 4) has its middle at (90, 50).
    assert!((hottest % 120).abs_diff(90) <= 2 && (hottest / 120).abs_diff(50) <= 2, "{hottest}");
    assert!(changes[70 * 120 + 10] < 12, "a cold corner: {}", changes[70 * 120 + 10]);
    let boxed = HeatMap::new(map.clone(), &grey).unwrap().opacity(0.0).boxes(1).to_rgb().2;
    let drawn: Vec<usize> = (0..120 * 80).filter(|at| boxed[at * 3..][..3] != [100; 3]).collect();
    assert_eq!((drawn[0], drawn[drawn.len() - 1]), (40 * 120 + 80, 59 * 120 + 99));
    assert_eq!(drawn.len(), 4 * 19);
}

#[test]
fn a_heat_map_is_a_png() {
    let heat = SimilarityMap::of_query(&query(), &page()).unwrap();
    let heat = HeatMap::new(heat, folder().join("images/lying.png")).unwrap().boxes(2);
    let (width, height, pixels) = heat.to_rgb();
    assert_eq!(ImageInput::bytes(heat.to_png().unwrap()).to_rgb().unwrap(), (width, height, pixels));
    let nowhere = folder().join("no such folder").join("heat.png");
    assert!(matches!(heat.write_png(nowhere), Err(Error::Io { .. })));
}

#[test]
fn pooled_and_pruned_pages_have_maps() {
    let pooled = TokenPooling::new(3).unwrap().pool(&page());
    assert!(pooled.len() < page().len());
    let map = SimilarityMap::of_token(&query(), 0, &pooled).unwrap();
    assert_eq!((map.shape(), map.top(100).len()), ((4, 6), 24), "every patch is in a pooled row");
    let pruned = page().prune(0.9999).unwrap();
    assert!(pruned.len() < page().len());
    let map = SimilarityMap::of_token(&query(), 0, &pruned).unwrap();
    let best = map.top(1)[0];
    assert_eq!((best.row, best.column), (2, 4));
}

#[test]
fn what_has_no_map_is_an_error() {
    let unlabelled = MultiVector::from_rows([[1.0, 0.0, 0.0]]).unwrap();
    let narrow = MultiVector::from_rows([[1.0, 0.0]]).unwrap();
    let none = MultiVector::new(3, Vec::new()).unwrap();
    let far = MultiVector::from_rows([[1.0, 0.0, 0.0]]).unwrap().with_labels(vec![patch(u32::MAX, u32::MAX)]).unwrap();
    for (map, expected) in [
        (SimilarityMap::of_query(&query(), &unlabelled), "labelled as patches"),
        (SimilarityMap::of_query(&narrow, &page()), "3 dimensions, the query has 2"),
        (SimilarityMap::of_query(&none, &page()), "no rows"),
        (SimilarityMap::of_token(&query(), 2, &page()), "`row`: 2 is none of"),
        (SimilarityMap::of_query(&query(), &far), "more than a page can have"),
    ] {
        let error = map.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn maps_and_scores_are_the_references() {
    let with_maps: Vec<_> = fixtures().into_iter().filter(|case| case.golden.maps.is_some()).collect();
    assert!(with_maps.len() > 1);
    for case in with_maps {
        let model = load(&case);
        let queries: Vec<_> = model.query_embed(&case.golden.inputs).map(Result::unwrap).collect();
        let (maps, scores) = (case.golden.maps.as_ref().unwrap(), case.golden.scores.as_ref().unwrap());
        for (at, page) in model.embed_images(pages(&case)).enumerate() {
            let (page, what) = (page.unwrap(), format!("{} {}", case.folder.display(), case.golden.images[at]));
            for (query, scores) in queries.iter().zip(scores) {
                let score = MaxSim::new(query).unwrap().score(&page).unwrap();
                assert!((score - scores[at]).abs() <= TOLERANCE * query.len() as f32, "{what}: {score} {}", scores[at]);
            }
            let found = SimilarityMap::of_tokens(&queries[2], &page).unwrap();
            assert_eq!(found.len(), maps[at].len(), "{what}");
            for (map, expected) in found.iter().zip(&maps[at]) {
                assert_eq!(map.shape(), (expected.len(), expected[0].len()), "{what}");
                for (row, expected) in expected.iter().enumerate() {
                    for (column, expected) in expected.iter().enumerate() {
                        assert!((map.at(row, column).unwrap() - expected).abs() <= TOLERANCE, "{what}: {row} {column}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_querys_maps_may_share_one_scale() {
    let grey = ImageInput::rgb(120, 80, vec![100; 120 * 80 * 3]).unwrap();
    let maps = SimilarityMap::of_tokens(&query(), &page()).unwrap();
    assert_eq!(maps.iter().map(|map| map.range().1).collect::<Vec<_>>(), [1.0, 0.9]);
    let (least, most) = (maps[0].range().0.min(maps[1].range().0), 1.0);
    let hottest = |heat: HeatMap| -> u32 {
        let pixels = heat.opacity(1.0).to_rgb().2;
        let brightness = |pixel: &[u8]| pixel.iter().map(|level| u32::from(*level)).sum();
        pixels.chunks_exact(3).map(brightness).max().unwrap()
    };
    // By itself each map has a patch that is as hot as can be; on one scale only that of the query's best patch has.
    let alone: Vec<u32> = maps.iter().map(|map| hottest(HeatMap::new(map.clone(), &grey).unwrap())).collect();
    let shared: Vec<u32> =
        maps.iter().map(|map| hottest(HeatMap::new(map.clone(), &grey).unwrap().scale(least, most))).collect();
    assert!(shared[0] == alone[0] && shared[1] < alone[1], "{alone:?} {shared:?}");
    let ignored = hottest(HeatMap::new(maps[0].clone(), &grey).unwrap().scale(f32::NAN, 1.0));
    assert_eq!(ignored, alone[0]);
}

/// Every architecture's patches cover the page: each place once, in a grid of the page's shape.
#[test]
fn patches_of_every_architecture_cover_the_page() {
    for case in fixtures() {
        let model = load(&case);
        let query = model.embed_one(&Content::text("hello world"), embedkit_core::Role::Query).unwrap();
        for (image, vectors) in pages(&case).iter().zip(model.embed_images(pages(&case))) {
            let vectors = vectors.unwrap();
            let map = SimilarityMap::of_query(&query, &vectors).unwrap();
            let (rows, columns) = map.shape();
            let what = format!("{} {}", case.folder.display(), image.display());
            assert_eq!(map.top(usize::MAX).len(), rows * columns, "{what}");
            let on_page = vectors.labels().iter().filter(|label| matches!(label, RowLabel::Patch { tile: None, .. }));
            assert_eq!(on_page.count(), rows * columns, "{what}");
        }
    }
}

/// A model sees what is where: the patches that differ between two pages are those under what was drawn.
#[test]
fn patches_are_where_their_labels_say() {
    // Graphs without attention would be local; in these, what was drawn still changes its own patch most.
    for (name, size) in [("colpali", 448), ("colqwen2", 32), ("colmodernvbert", 64)] {
        let model = builder(&fixture(name)).build().unwrap();
        let blank = vec![255_u8; size * size * 3];
        let mut drawn = blank.clone();
        // The square in the lower left quarter's middle.
        for y in size * 5 / 8..size * 7 / 8 {
            drawn[(y * size + size / 8) * 3..(y * size + size * 3 / 8) * 3].fill(0);
        }
        let side = u32::try_from(size).unwrap();
        let embed = |pixels: Vec<u8>| {
            model
                .embed_one(&Content::image(ImageInput::rgb(side, side, pixels).unwrap()), embedkit_core::Role::Passage)
                .unwrap()
        };
        let (before, after) = (embed(blank), embed(drawn));
        let distance = |(a, b): (&[f32], &[f32])| -> f32 { a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum() };
        let changes = before.rows().zip(after.rows()).map(distance).zip(after.labels());
        let places = changes.filter_map(|(change, label)| match label {
            RowLabel::Patch { tile: None, row, column } => Some((change, *row, *column)),
            _ => None,
        });
        let places: Vec<(f32, u32, u32)> = places.collect();
        let last = places.iter().map(|(_, row, column)| row.max(column)).max().unwrap() + 1;
        let (_, row, column) = places.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(row >= last / 2 && column < last.div_ceil(2), "{name}: patch {row},{column} of {last}");
    }
}

#[test]
fn queries_are_labelled_with_their_tokens() {
    let model = load(&fixture("colmodernvbert"));
    let purpose = Purpose::default().without_prompt();
    let query = model.embed_for([Content::text("hello")], purpose).next().unwrap().unwrap();
    let labels: Vec<String> = query.labels().iter().map(ToString::to_string).collect();
    assert_eq!((labels[0].as_str(), labels[labels.len() - 1].as_str()), ("[CLS]", "[SEP]"));
    assert_eq!(labels[1..labels.len() - 1].concat(), "hello");
}
