//! `--pdf` with files that take much memory, time or stack to render: such a page is an error, and the others are embedded.
#![cfg(feature = "pdf")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::io::Write as _;
use std::path::Path;

use common::{Outcome, embedkit, fixtures, model_args};
use embedkit::ModelDescription;
use embedkit_fixtures::{Case, cases, pdf, pdf_of_objects};
use serde::Deserialize;
use serde_json::Value;

const FILL: &str = "0 0 1 rg 0 0 200 100 re f";

/// A stream object, compressed as often as said.
fn stream(entries: &str, data: &[u8], times: usize) -> Vec<u8> {
    let deflated = |data: Vec<u8>, _| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&data).unwrap();
        encoder.finish().unwrap()
    };
    let data = (0..times).fold(data.to_vec(), deflated);
    let filter = if times > 0 { format!("/Filter [{}]", "/FlateDecode ".repeat(times)) } else { String::new() };
    let head = format!("<< {entries} {filter} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), &data, b"\nendstream"].concat()
}

/// A file of two pages: one of this content, with resources and objects from number 7 on, and one that is filled.
fn before_a_good_page(content: &str, resources: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    two_pages(stream("", content.as_bytes(), 1), resources, objects)
}

fn two_pages(content: Vec<u8>, resources: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let page = |content: u8, resources: &str| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents {content} 0 R /Resources << {resources} >> >>"
        )
        .into_bytes()
    };
    let first = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>".to_vec(),
        page(4, resources),
        content,
        page(6, ""),
        stream("", FILL.as_bytes(), 0),
    ];
    pdf_of_objects(&[&first, objects].concat())
}

/// A page that is shaded by a function.
fn shaded(shading: &str, functions: &[Vec<u8>]) -> Vec<u8> {
    before_a_good_page("/S sh", &format!("/Shading << /S << {shading} /Function 7 0 R >> >>"), functions)
}

/// A page that draws an image.
fn image(entries: &str, data: &[u8]) -> Vec<u8> {
    let object = stream(&format!("/Subtype /Image /BitsPerComponent 8 {entries}"), data, 0);
    before_a_good_page("200 0 0 100 0 0 cm /I Do", "/XObject << /I 7 0 R >>", &[object])
}

/// Objects that each name the next, twice.
fn doubling(levels: usize, entries: impl Fn(usize) -> String, content: &str) -> Vec<Vec<u8>> {
    let mut objects: Vec<Vec<u8>> =
        (0..levels).map(|level| stream(&entries(8 + level), content.as_bytes(), 0)).collect();
    objects.push(stream(&entries(7), FILL.as_bytes(), 0));
    objects
}

/// Name, file, and what is said of its first page.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let square = "/ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1 0 1]";
    let axis = "/ShadingType 2 /Coords [0 0 200 0] /ColorSpace /DeviceGray";
    let calculator =
        |code: String| stream("/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]", code.as_bytes(), 2);
    let stitch = |next: usize| {
        format!("<< /FunctionType 3 /Domain [0 1] /Functions [{next} 0 R {next} 0 R] /Bounds [.5] /Encode [0 1 0 1] >>")
    };
    let mut stitches: Vec<Vec<u8>> = (8..48).map(|next| stitch(next).into_bytes()).collect();
    stitches.push(b"<< /FunctionType 2 /Domain [0 1] /N 1 >>".to_vec());
    let form =
        |next: usize| format!("/Subtype /Form /BBox [0 0 200 100] /Resources << /XObject << /X {next} 0 R >> >>");
    let tile = |next: usize| {
        format!(
            "/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 10 10] /XStep .5 /YStep .5 \
             /Resources << /Pattern << /X {next} 0 R >> >>"
        )
    };
    let fax = "/Width 60000 /Height 60000 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode \
               /DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>";
    let mesh = "/ShadingType 4 /ColorSpace /DeviceRGB /BitsPerCoordinate 8 /BitsPerComponent 8 /BitsPerFlag 8 \
                /Decode [0 200 0 200 0 1 0 1 0 1]";
    let triangles = b"\0\0\0\x01\x02\x03\0\xff\0\x01\x02\x03\0\0\xff\x01\x02\x03".repeat(2_000_000);
    vec![
        (
            "a function of very deep braces",
            shaded(square, &[calculator("{".repeat(5_000_000) + &"}".repeat(5_000_000))]),
            "nested too deeply",
        ),
        (
            "a function of very deep conditions",
            shaded(
                square,
                &[calculator("{".to_owned() + &"true {".repeat(1_000_000) + &"} if".repeat(1_000_000) + "}")],
            ),
            "nested too deeply",
        ),
        ("functions that double", shaded(axis, &stitches), "the limit `"),
        ("short dashes", before_a_good_page("[.00001] 0 d 1 w 0 0 m 200 200 l S", "", &[]), "`memory`"),
        ("a long dashed line", before_a_good_page("[1 1] 0 d 0 0 m 100000000 100000000 l S", "", &[]), "`memory`"),
        (
            "forms that double",
            before_a_good_page("/X Do", "/XObject << /X 7 0 R >>", &doubling(26, form, "/X Do /X Do")),
            "`time`",
        ),
        (
            "tiles in tiles",
            before_a_good_page(
                "/Pattern cs /X scn 0 0 200 200 re f",
                "/Pattern << /X 7 0 R >>",
                &doubling(12, tile, "/Pattern cs /X scn 0 0 200 200 re f 0 0 9 9 re f"),
            ),
            "the limit `",
        ),
        (
            "forms in forms",
            before_a_good_page("/X Do", "/XObject << /X 7 0 R >>", &doubling(60, form, "/X Do")),
            "50 deep",
        ),
        ("a long content", two_pages(stream("", &vec![b' '; 200 << 20], 3), "", &[]), "`memory`"),
        ("a large fax", image(fax, b"\0"), "`memory`"),
        (
            "an image of more bytes than there are",
            image("/Width 4000000000 /Height 4000000000 /ColorSpace /DeviceRGB", b"\0"),
            "damaged",
        ),
        (
            "many triangles",
            before_a_good_page("/S sh", "/Shading << /S 7 0 R >>", &[stream(mesh, &triangles, 1)]),
            "the limit `",
        ),
    ]
}

fn embed(model: &[String], file: &Path, arguments: &[&str]) -> Outcome {
    // As much as a small machine has for the program; the rendering processes get less.
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "ulimit -v 1048576; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_embedkit")]);
        shell
    } else {
        embedkit()
    };
    let output = command.args(["embed", "--pdf"]).arg(file).args(model).args(arguments).output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
}

struct Setup {
    folder: tempfile::TempDir,
    model: Vec<String>,
}

impl Setup {
    fn new() -> Self {
        let case: Case<Golden> = cases(fixtures("colpali"), |folder| folder == "colmodernvbert").remove(0);
        let folder = tempfile::tempdir().unwrap();
        let model = model_args(folder.path(), case.golden.model, &case.folder);
        Self { folder, model }
    }

    fn embed(&self, file: &[u8], arguments: &[&str]) -> Outcome {
        let path = self.folder.path().join("file.pdf");
        std::fs::write(&path, file).unwrap();
        embed(&self.model, &path, arguments)
    }

    fn rows(&self, file: &[u8], arguments: &[&str]) -> Vec<Value> {
        self.embed(file, arguments).json().iter_mut().map(|line| line["embeddings"].take()).collect()
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pages_that_take_too_much_are_errors_and_the_others_are_embedded() {
    let setup = Setup::new();
    let limits = ["--dpi", "36", "--page-time", "2", "--page-memory", "400"];
    let good = setup.rows(&pdf(200, 100, &[FILL]), &limits);
    for (name, file, message) in hostile() {
        assert!(file.len() < 200_000, "{name}: {} bytes", file.len());
        let outcome = setup.embed(&file, &[&limits[..], &["--skip-invalid"]].concat());
        assert_eq!(outcome.code, 0, "{name}: {outcome:?}");
        let said = &outcome.stderr;
        assert!(said.contains("file.pdf, page 1: ") && said.contains(message), "{name}: {said}");
        let rows: Vec<Value> = outcome.json().iter_mut().map(|line| line["embeddings"].take()).collect();
        assert_eq!(rows, good, "{name}");
        if name == "short dashes" {
            setup.embed(&file, &limits).assert_fails(1, "page 1: takes more than 400 MiB of memory");
        }
    }
}

#[test]
fn files_that_cannot_be_opened_are_refused() {
    let setup = Setup::new();
    setup.embed(&pdf(200, 100, &[]), &[]).assert_fails(1, "file.pdf: has no pages");
    setup.embed(b"no PDF", &[]).assert_fails(1, "file.pdf: is no PDF");
    let one = pdf(200, 100, &[FILL]);
    setup.embed(&one, &["--pages", "2-1"]).assert_fails(2, "2 comes after 1");
    setup.embed(&one, &["--pages", "0"]).assert_fails(2, "1 to 1");
    let limits = ["--page-memory", "400", "--page-time", "5"];
    let full_stream = stream("/Type /ObjStm /N 1 /First 10", &vec![b'\n'; 300 << 20], 1);
    let objects = [&b"<< /Type /Catalog /Pages 3 0 R >>"[..], &full_stream];
    if cfg!(target_os = "linux") {
        setup.embed(&pdf_of_objects(&objects)[..full_stream.len()], &limits).assert_fails(1, "file.pdf: ");
    }
}

/// A file that cannot be read is an input like others: it fails alone.
#[test]
fn a_file_that_cannot_be_opened_costs_no_other() {
    let setup = Setup::new();
    let good = setup.rows(&pdf(200, 100, &[FILL]), &["--dpi", "36"]);
    let bad = setup.folder.path().join("bad.pdf");
    std::fs::write(&bad, "no PDF").unwrap();
    let again = setup.folder.path().join("file.pdf");
    let none = setup.folder.path().join("none.pdf");
    let files = [&bad, &none, &again].map(|path| path.to_str().unwrap());
    let arguments = [&["--dpi", "36", "--pdf"][..], &files, &["--skip-invalid"]].concat();
    let outcome = setup.embed(&pdf(200, 100, &[FILL]), &arguments);
    for said in ["bad.pdf: is no PDF", "none.pdf: No such file", "2 invalid inputs were skipped"] {
        assert!(outcome.stderr.contains(said), "{said}: {}", outcome.stderr);
    }
    let rows: Vec<Value> = outcome.json().iter_mut().map(|line| line["embeddings"].take()).collect();
    assert_eq!(rows, [&good[..], &good].concat());
    let places: Vec<Value> = outcome.json().iter_mut().map(|line| line["index"].take()).collect();
    assert_eq!(places, [0, 3]);
}

#[test]
fn pages_that_are_missing_are_errors() {
    let setup = Setup::new();
    let whole = pdf(200, 100, &[FILL, "1 0 0 rg 0 0 100 50 re f", FILL]);
    let all = setup.rows(&whole, &["--dpi", "36"]);
    let second = b"7 0 obj";
    let cut = &whole[..whole.windows(second.len()).position(|window| window == second).unwrap()];
    setup.embed(cut, &["--dpi", "36"]).assert_fails(1, "page 2: its content is missing");
    let rows = setup.rows(cut, &["--dpi", "36", "--skip-invalid"]);
    assert_eq!(rows, all[..1]);
}

/// More pages than processors, so that each process renders several.
#[test]
fn processes_go_on_after_a_page() {
    let setup = Setup::new();
    let contents: Vec<String> = (1..=40).map(|side| format!("1 0 0 rg 0 0 {side} {side} re f")).collect();
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    let rows = setup.rows(&pdf(40, 40, &contents), &["--dpi", "72"]);
    assert_eq!(rows.len(), 40);
    for at in [0, 20, 39] {
        let page = (at + 1).to_string();
        let alone = setup.rows(&pdf(40, 40, &contents), &["--dpi", "72", "--pages", &page]);
        assert_eq!(alone, rows[at..=at]);
    }
}

#[test]
fn the_rendering_verb_is_for_programs() {
    common::run(&["--help"]).text().lines().for_each(|line| assert!(!line.contains("render-pdf"), "{line}"));
    common::run_with(&["__render-pdf"], b"a person who types this").assert_fails(1, "renderer of PDF pages");
}
