//! `explain` and `score`: texts by their own letters, and pages.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::subject::{COLBERT, COLPALI, HYBRID, Subject};
use common::{Outcome, fixtures, model_args, run};

const DOCUMENT: &str = "Paris, the capital of FRANCE, lies on the Seine.";

#[test]
fn a_document_is_shown_as_it_is_written() {
    let explain = |more: &[&str]| {
        let outcome = run(&[&["explain", "--query", "Where is Paris?", DOCUMENT], more].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.text().to_owned()
    };
    let plain = explain(&[]);
    assert!(
        plain.contains(&format!("document  {DOCUMENT}\n")) && plain.contains("query     Where is Paris?\n"),
        "{plain}"
    );
    let matched = plain.lines().find(|line| line.starts_with("Paris ")).unwrap();
    assert!(matched.split_whitespace().nth(1) == Some("Paris"), "{matched}");
    let coloured = explain(&["--color", "always"]);
    assert!(coloured.contains("mParis\x1b[0m") && coloured.contains("adds "), "{coloured}");
    // Without its colours it is the same text.
    let bare =
        coloured.split("\x1b[").map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect::<String>();
    assert!(bare.contains(&format!("document  {DOCUMENT}\n")), "{bare}");
}

fn model(subject: Subject, folder: &Path) -> Vec<String> {
    model_args(folder, subject.row(), &fixtures(subject.family).join(subject.fixture))
}

fn with(model: &[String], args: &[&str]) -> Outcome {
    run(&args.iter().copied().chain(model.iter().map(String::as_str)).collect::<Vec<_>>())
}

/// Word pieces with markers and masks, and pieces that begin with blanks.
#[test]
fn special_tokens_are_folded_away() {
    for (subject, special) in [(COLBERT, "[MASK]"), (HYBRID, "</s>")] {
        let folder = tempfile::tempdir().unwrap();
        // One of three in one is late interaction too.
        let mut row = subject.row();
        row.family = "colbert".to_owned();
        let model = model_args(folder.path(), row, &fixtures(subject.family).join(subject.fixture));
        let explain = |more: &[&str]| {
            let args = [&["explain", "--query", "hello World", "Hello world, hello again!"], more].concat();
            let outcome = with(&model, &args);
            assert_eq!(outcome.code, 0, "{}: {}", subject.name(), outcome.stderr);
            outcome.text().to_owned()
        };
        let text = explain(&[]);
        assert!(text.contains("document  Hello world, hello again!\n"), "{text}");
        assert!(!text.contains(special) && text.contains("(--all shows them)"), "{text}");
        let all = explain(&["--all"]);
        assert!(all.contains(special) && !all.contains("(--all shows them)"), "{all}");
        let page = folder.path().join("page.html");
        explain(&["--html", page.to_str().unwrap()]);
        let html = std::fs::read_to_string(&page).unwrap();
        assert!(html.contains("<details>") && html.contains("class=\"ramp\""), "{html}");
        assert!(
            html.contains(">Hello</mark>") || html.contains(">Hell</mark>") || html.contains(">H</mark>"),
            "{html}"
        );
    }
}

#[test]
fn what_a_document_loses_is_told() {
    let long = "snow in the mountains ".repeat(400);
    let outcome = run(&["explain", "--query", "snow", &long]);
    assert!(outcome.code == 0 && outcome.stderr.contains("longer than the model's 512 tokens"), "{}", outcome.stderr);
}

#[cfg(feature = "pdf")]
#[test]
fn pages_are_scored_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(COLPALI, folder.path());
    let file = |name: &str, pages: &[&str]| {
        let path = folder.path().join(name);
        std::fs::write(&path, embedkit_fixtures::pdf(200, 100, pages)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let one = file("one.pdf", &["1 0 0 rg 0 0 100 50 re f", "0 0 1 rg 0 0 200 100 re f"]);
    let two = file("two.pdf", &["0 1 0 rg 50 50 20 20 re f"]);
    let scores =
        with(&model, &["score", "--query", "hello", "--keep-order", "--dpi", "36", "--pdf", &one, &two]).json();
    let places: Vec<_> =
        scores.iter().map(|line| (line["path"].as_str().unwrap(), line["page"].as_u64().unwrap())).collect();
    assert_eq!(places, [(one.as_str(), 1), (&one, 2), (&two, 1)]);
    let ranked =
        with(&model, &["score", "--query", "hello", "--top-k", "1", "--dpi", "36", "--pdf", &one, &two]).json();
    let best = scores.iter().map(|line| line["score"].as_f64().unwrap()).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!((ranked.len(), ranked[0]["score"].as_f64()), (1, Some(best)));

    // Several files are embedded in one run, and each result has its place.
    let embedded = with(&model, &["embed", "--dpi", "36", "--pdf", &one, &two]).json();
    assert_eq!(embedded.len(), 3);
    assert_eq!(
        (embedded[2]["path"].as_str(), embedded[2]["page"].as_u64(), embedded[2]["index"].as_u64()),
        (Some(&*two), Some(1), Some(2))
    );

    let (html, png) = (folder.path().join("pages.html"), folder.path().join("page.png"));
    let (html, png) = (html.to_str().unwrap(), png.to_str().unwrap());
    let explain = |more: &[&str]| {
        with(&model, &[&["explain", "--query", "hello", "--dpi", "36", "--pdf", &one, &two], more].concat())
    };
    let outcome = explain(&["--html", html, "--boxes", "2", "--opacity", "0.5", "--percentiles", "5-95"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let page = std::fs::read_to_string(html).unwrap();
    assert_eq!(page.matches("data:image/png;base64,").count(), 3);
    assert!(page.contains("<h1>hello</h1>") && page.contains("class=\"ramp\"") && page.contains("one.pdf, page 2"));
    explain(&["--png", png]).assert_fails(2, "--png is for one page, and these are 3");
    explain(&[]).assert_fails(2, "--html or --png");
    explain(&["--html", html, "--percentiles", "9-3"]).assert_fails(2, "no range of percentiles");
    let single = ["explain", "--query", "hello", "--dpi", "36", "--pdf", &one, "--pages", "2", "--png", png];
    assert_eq!(with(&model, &single).code, 0);
    let pixels = |bytes: &[u8]| u32::from_be_bytes(bytes[20..24].try_into().unwrap());
    let drawn = std::fs::read(png).unwrap();
    assert!(drawn.starts_with(b"\x89PNG") && pixels(&drawn) > 50, "a legend is below the page");
}

#[test]
fn images_of_pages_are_scored_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(COLPALI, folder.path());
    let images = fixtures("colpali").join("images");
    let mut images: Vec<_> = std::fs::read_dir(images).unwrap().flatten().map(|entry| entry.path()).collect();
    images.sort();
    let images: Vec<&str> = images.iter().map(|path| path.to_str().unwrap()).take(2).collect();
    let scores = with(&model, &[&["score", "--query", "hello", "--keep-order"], &images[..]].concat()).json();
    let paths: Vec<&str> = scores.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(paths, images);
    let html = folder.path().join("pages.html");
    let explain = ["explain", "--query", "hello", "--html", html.to_str().unwrap(), "--image"];
    assert_eq!(with(&model, &[&explain[..], &images, &["--boxes", "1"]].concat()).code, 0);
    assert_eq!(std::fs::read_to_string(&html).unwrap().matches("<img ").count(), 2);
}

#[test]
fn what_is_for_pages_is_refused_of_texts() {
    for (args, message) in [
        (&["--opacity", "0.5"][..], "--opacity is for pages: --image or --pdf"),
        (&["--boxes", "2"], "--boxes is for pages"),
        (&["--png", "a.png"], "--png is for pages"),
        (&["--image", "a.png", "--png", "b.png"], "DOC is for texts, and --image names pages"),
    ] {
        run(&[&["explain", "--query", "q", "a text"], args].concat()).assert_fails(2, message);
    }
    run(&["explain", "--query", "q"]).assert_fails(2, "name a document's text, or pages");
    #[cfg(feature = "pdf")]
    {
        run(&["score", "--query", "q", "--pdf", "a.pdf", "-i", "b"])
            .assert_fails(2, "--input cannot be used with --pdf");
        run(&["score", "--query", "q", "--pdf", "a.pdf"])
            .assert_fails(2, "--pdf is for models that take texts and images");
    }
}
