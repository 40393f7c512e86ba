//! Pictures and pages that are searched.

use super::*;

/// A manifest of the fixtures that see images, and a pipeline over them with these lines.
fn images(folder: &Path, pipeline: &str) -> (PathBuf, PathBuf) {
    let rows = [
        row("colpali", "colmodernvbert", "test/pages"),
        row("image", "clip", "test/images"),
        row("dense", "clip-text", "test/texts"),
    ];
    let manifest = folder.join("models.toml");
    let rows = std::collections::BTreeMap::from([("model", rows)]);
    std::fs::write(&manifest, toml::to_string(&rows).unwrap()).unwrap();
    let mut pipeline = pipeline.to_owned();
    for (name, family, fixture) in
        [("PAGES", "colpali", "colmodernvbert"), ("IMAGES", "image", "clip"), ("TEXTS", "dense", "clip-text")]
    {
        pipeline = pipeline.replace(name, &format!("{:?}", common::fixtures(family).join(fixture)));
    }
    let path = folder.join("pipeline.toml");
    std::fs::write(&path, pipeline).unwrap();
    (manifest, path)
}

const PAGES: &str = "[[stage]]\nname = \"pages\"\nmodel = \"test/pages\"\nfamily = \"colpali\"\nfolder = PAGES\n";

#[cfg(feature = "pdf")]
#[test]
fn images_and_pages_are_searched_with_a_heat_map() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    for name in ["upright.png", "square.png"] {
        std::fs::copy(common::fixtures("colpali").join("images").join(name), docs.join(name)).unwrap();
    }
    std::fs::write(docs.join("broken.png"), "no image").unwrap();
    let text = "BT /F 20 Tf 20 30 Td (Bees make honey) Tj ET";
    std::fs::write(docs.join("b.pdf"), embedkit_fixtures::pdf(200, 100, &[text, "0 0 100 50 re f"])).unwrap();
    // A page that is too wide to be drawn has its words.
    let wide = "BT /F 20 Tf 20 30 Td (Wax is warm) Tj ET";
    std::fs::write(docs.join("c.pdf"), embedkit_fixtures::pdf(40_000, 100, &[wide])).unwrap();
    // BM25 reads what the pages say, the other stage sees them.
    let words = "[[stage]]\nname = \"words\"\nmodel = \"Qdrant/bm25\"\n";
    let (manifest, pipeline) = images(folder.path(), &format!("{PAGES}{words}"));
    let manifest = ["--manifest", path(&manifest)];
    let report = run(&[
        &manifest[..],
        &["index", path(&docs), "-o", path(&collection), "--pipeline", path(&pipeline), "--json"],
    ]
    .concat());
    assert_eq!(report.code, 0, "{}", report.stderr);
    let report = report.json_value();
    // Three chunks of a.md, two images, three pages.
    assert_eq!((&report["records"], report["unread"].as_array().unwrap().len()), (&json!(8), 2), "{report}");
    assert!(report["unread"][0]["path"].as_str().unwrap().ends_with("broken.png"), "{report}");

    let maps = folder.path().join("maps");
    let search = ["search", path(&collection), "honey", "-k", "9", "--json", "--explain", "--heat-map", path(&maps)];
    let hits = run(&[&manifest[..], &search].concat()).json();
    // The text says nothing of honey, and no patch is of it.
    assert_eq!(hits.len(), 4, "{hits:?}");
    let page = hits.iter().find(|hit| hit["record"]["page"] == 1).unwrap();
    assert_eq!(page["record"]["text"], "Bees make honey");
    assert!(page["contributions"][1]["score"].as_f64().unwrap() > 0.0, "{page}");
    for hit in &hits {
        let map = std::fs::read(hit["heat_map"].as_str().unwrap()).unwrap();
        assert!(map.starts_with(b"\x89PNG"), "{hit}");
        let sum: f64 =
            hit["contributions"].as_array().unwrap().iter().map(|part| part["value"].as_f64().unwrap()).sum();
        assert!((sum - hit["score"].as_f64().unwrap()).abs() < 1e-9);
    }
    let wax = ["search", path(&collection), "wax", "-k", "9", "--json", "--heat-map", path(&maps)];
    let wax = run(&[&manifest[..], &wax].concat()).json();
    let wax = wax.iter().find(|hit| hit["record"]["text"] == "Wax is warm").unwrap();
    assert_eq!(wax["heat_map"], json!(null));
    let html = folder.path().join("page.html");
    let page = ["search", path(&collection), "honey", "--heat-map", path(&maps), "--html", path(&html)];
    assert_eq!(run(&[&manifest[..], &page].concat()).code, 0);
    assert_eq!(std::fs::read_to_string(&html).unwrap().matches("data:image/png;base64,").count(), 4);
    // Images that stayed are not embedded again; one that changed is.
    std::fs::copy(docs.join("square.png"), docs.join("upright.png")).unwrap();
    let again = run(&[&manifest[..], &["index", path(&docs), "-o", path(&collection), "--json"]].concat()).json_value();
    assert_eq!((&again["records"], &again["reused"]), (&json!(8), &json!(7)), "{again}");
}

/// That an image is none is told when it is embedded, and of a text when it is read.
#[test]
fn the_order_in_which_failures_are_told_makes_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    std::fs::write(docs.join("broken.png"), "no image").unwrap();
    std::fs::write(docs.join("z.txt"), [0xfd, 0xff]).unwrap();
    let words = "[[stage]]\nname = \"words\"\nmodel = \"Qdrant/bm25\"\n";
    let (manifest, pipeline) = images(folder.path(), &format!("{PAGES}{words}"));
    let index = ["--manifest", path(&manifest), "index", path(&docs), "-o", path(&collection)];
    let [first, second] = [(); 2].map(|()| {
        let report = run(&[&index[..], &["--pipeline", path(&pipeline), "--json"]].concat());
        assert_eq!(report.code, 0, "{}", report.stderr);
        report.json_value()
    });
    assert_eq!(first["unread"].as_array().unwrap().len(), 2, "{first}");
    assert_eq!((&second["is_unchanged"], &second["unread"]), (&json!(true), &first["unread"]));
}

#[test]
fn images_are_found_by_another_models_queries() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let stage = "[[stage]]\nname = \"images\"\nmodel = \"test/images\"\nfamily = \"image\"\nfolder = IMAGES\n";
    let query = "query = { model = \"test/texts\", family = \"dense\", folder = TEXTS }\n";
    let index = |lines: &str| {
        let (manifest, pipeline) = images(folder.path(), lines);
        run(&[
            "--manifest",
            path(&manifest),
            "index",
            path(&docs),
            "-o",
            path(&collection),
            "--pipeline",
            path(&pipeline),
            "--json",
        ])
    };
    index(stage).assert_fails(2, "name the model of queries");
    std::fs::copy(common::fixtures("colpali").join("images/upright.png"), docs.join("upright.png")).unwrap();
    let report = index(&format!("{stage}{query}"));
    assert_eq!(report.code, 0, "{}", report.stderr);
    assert_eq!(report.json_value()["records"], 1, "texts are none of a model of images");
    let search = ["search", path(&collection), "a red square", "--json"];
    let manifest = folder.path().join("models.toml");
    let hits = run(&[&["--manifest", path(&manifest)], &search[..]].concat()).json();
    assert!(hits[0]["record"]["path"].as_str().unwrap().ends_with("upright.png"));
    // A model of single vectors has no patches.
    let maps = folder.path().join("maps");
    run(&[&["--manifest", path(&manifest)], &search[..], &["--heat-map", path(&maps)]].concat())
        .assert_fails(2, "--heat-map");
    run(&["index", path(&docs), "-o", path(&folder.path().join("other")), "--frame-seconds", "2"])
        .assert_fails(2, "--frame-seconds");
}
