//! Pages of PDF files.
#![cfg(feature = "pdf")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{fixture, load};
use embedkit_colpali::{ImageInput, MultiVector, PdfFile, PdfLimits, PdfProcess};
use embedkit_core::Error;
use embedkit_core::ImageEmbedder;
use embedkit_fixtures::{pdf, pdf_of_objects};
use embedkit_image::DecodeImage;

const RED_CORNER: &str = "1 0 0 rg 0 0 100 50 re f";
const BLUE: &str = "0 0 1 rg 0 0 200 100 re f";
const TEXT: &str = "BT /F 40 Tf 20 30 Td (HHHH) Tj ET";

#[test]
fn pages_are_rendered_on_white_at_a_resolution() {
    let file = PdfFile::from_bytes(pdf(200, 100, &[RED_CORNER, BLUE, TEXT])).unwrap().dpi(144.0).unwrap();
    assert_eq!(file.page_count().unwrap(), 3);
    let pages: Vec<ImageInput> = file.pages(..).unwrap().collect();
    let rendered: Vec<Vec<u8>> = pages
        .iter()
        .map(|page| {
            let (width, height, pixels) = page.to_rgb().unwrap();
            assert_eq!((width, height), (400, 200));
            pixels
        })
        .collect();
    let pixel = |page: usize, x: usize, y: usize| &rendered[page][(y * 400 + x) * 3..][..3];
    assert_eq!(pixel(0, 10, 190), [255, 0, 0], "PDF counts from the lower left");
    assert_eq!(pixel(0, 10, 10), [255, 255, 255]);
    assert_eq!(pixel(1, 200, 100), [0, 0, 255]);
    let black = rendered[2].chunks_exact(3).filter(|pixel| pixel.iter().all(|level| *level < 64)).count();
    assert!((1000..40_000).contains(&black), "{black} pixels of text");
}

/// What would be waited for, or never ends, is not read: the other inputs of a job go on.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let pipe = folder.join("pipe.pdf");
    let _ = std::fs::remove_file(&pipe);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, what) in [(pipe.as_path(), "pipe"), ("/dev/zero".as_ref(), "device"), (folder, "a folder")] {
        let error = PdfFile::open(path).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::InvalidFile { .. }) && message.contains(what), "{message}");
    }
}

#[test]
fn pages_have_their_text() {
    let lines = "BT /F 20 Tf 20 160 Td (Two wor) Tj (ds) Tj 0 -24 Td [(kern) -400 (ed) -20 (!)] TJ 0 -60 Td (A divi-) Tj \
                 0 -22 Td (ded word) Tj ET";
    let file = PdfFile::from_bytes(pdf(200, 200, &[lines, BLUE, TEXT])).unwrap();
    assert_eq!(file.text(1).unwrap(), "Two words\nkern ed!\n\nA divided word");
    assert_eq!(file.text(2).unwrap(), "");
    assert_eq!(file.text(3).unwrap(), "HHHH");
    assert!(file.text(4).is_err() && file.text(0).is_err());
}

#[test]
fn outlined_letters_are_text_once_and_ligatures_are_their_letters() {
    let of = |content: &str| PdfFile::from_bytes(pdf(200, 200, &[content])).unwrap().text(1).unwrap();
    let modes = "BT /F 20 Tf 20 160 Td (Filled) Tj 1 Tr 0 -24 Td (Outlined heading) Tj 2 Tr 0 -24 Td (Both) Tj 5 Tr 0 -24 Td \
                 (Outline and clip) Tj 6 Tr 0 -24 Td (All) Tj ET";
    assert_eq!(of(modes), "Filled\nOutlined heading\nBoth\nOutline and clip\nAll");
    let twice =
        "BT /F 20 Tf 20 160 Td (One, two) Tj ET BT /F 20 Tf 1 Tr 20 160 Td (One, two) Tj 0 -24 Td (three) Tj ET";
    assert_eq!(of(twice), "One, two\nthree");
    assert_eq!(of("BT /F 20 Tf 20 160 Td (\\256nd the \\257oor) Tj ET"), "find the floor");
}

#[test]
fn pages_are_chosen_by_number() {
    let file = PdfFile::from_bytes(pdf(10, 10, &[RED_CORNER, BLUE, TEXT])).unwrap();
    assert_eq!(file.pages(2..=3).unwrap().count(), 2);
    assert_eq!(file.pages(1..3).unwrap().count(), 2);
    assert_eq!(file.pages(3..).unwrap().count(), 1);
    assert_eq!(file.pages(2..2).unwrap().count(), 0);
    for error in [file.pages(0..2).err(), file.pages(..=4).err(), file.pages(5..).err()] {
        assert!(matches!(&error, Some(Error::InvalidOption { option, .. }) if option == "pages"), "{error:?}");
    }
}

#[test]
fn pages_are_embedded_like_images_of_them() {
    let model = load(&fixture("colmodernvbert"));
    let file = PdfFile::from_bytes(pdf(200, 100, &[RED_CORNER, BLUE])).unwrap().dpi(36.0).unwrap();
    let vectors: Vec<MultiVector> = model.embed_images(file.pages(..).unwrap()).map(Result::unwrap).collect();
    let images = file.pages(..).unwrap().map(|page| {
        let (width, height, pixels) = page.to_rgb().unwrap();
        ImageInput::rgb(width, height, pixels).unwrap()
    });
    let expected: Vec<MultiVector> = model.embed_images(images).map(Result::unwrap).collect();
    assert_eq!(vectors, expected);
    assert_ne!(vectors[0], vectors[1]);
}

#[test]
fn what_cannot_be_rendered_is_an_error() {
    assert!(matches!(PdfFile::open("no such file.pdf"), Err(Error::Io { .. })));
    for bytes in [b"".to_vec(), b"no PDF".to_vec()] {
        assert!(matches!(PdfFile::from_bytes(bytes), Err(Error::InvalidFile { .. })));
    }
    let empty = pdf(10, 10, &[]);
    for bytes in [pdf(10, 10, &[BLUE])[..60].to_vec(), empty] {
        let file = PdfFile::from_bytes(bytes).unwrap();
        assert!(matches!(file.page_count(), Err(Error::InvalidFile { .. })));
        assert!(matches!(file.pages(..), Err(Error::InvalidFile { .. })));
    }
    let file = PdfFile::from_bytes(pdf(14_400, 14_400, &[BLUE])).unwrap();
    for dpi in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(file.clone().dpi(dpi), Err(Error::InvalidOption { .. })), "{dpi}");
    }
    for dpi in [1e-6, 100.0, 1e30] {
        let page = file.clone().dpi(dpi).unwrap().pages(1..=1).unwrap().next().unwrap();
        let error = page.to_rgb().unwrap_err().to_string();
        assert!(error.contains("PDF, page 1: would be") && error.contains(" dpi, "), "{error}");
    }
}

#[test]
fn limits_hold_in_process_too() {
    let file = PdfFile::from_bytes(pdf(100, 100, &[BLUE, BLUE])).unwrap().dpi(72.0).unwrap();
    let page = |limits: PdfLimits| file.clone().limits(limits).pages(..).map(|mut pages| pages.next().unwrap());
    assert!(page(PdfLimits::default().page_pixels(10_000).pages(2)).unwrap().to_rgb().is_ok());
    let error = page(PdfLimits::default().page_pixels(9_999)).unwrap().to_rgb().unwrap_err();
    assert!(matches!(&error, Error::InvalidInput { message, .. } if message.contains("`page_pixels`")), "{error}");
    let error = page(PdfLimits::default().pages(1)).unwrap_err();
    assert!(matches!(&error, Error::InvalidFile { message, .. } if message.contains("`pages`")), "{error}");
}

/// A file of one page with these entries, in a page tree with those, that draws a red square from 20 to 30.
fn boxed(page: &str, tree: &str) -> PdfFile {
    let content = "1 0 0 rg 20 20 10 10 re f";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [3 0 R] /Count 1 {tree} >>"),
        format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {page} >>"),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    PdfFile::from_bytes(pdf_of_objects(&objects)).unwrap().dpi(72.0).unwrap()
}

/// The sizes are PDFium's, but for a CropBox outside of the MediaBox, of which PDFium shows nothing.
#[test]
fn of_empty_boxes_the_next_is_taken() {
    // Page, tree, width, height, and where the square's lower left corner is, from the page's.
    for (page, tree, width, height, corner) in [
        ("/MediaBox [0 0 300 200]", "", 300, 200, 20),
        ("/MediaBox [300 200 0 0]", "", 300, 200, 20),
        ("/MediaBox [0 0 300 200] /CropBox [0 0 0 0]", "", 300, 200, 20),
        ("/MediaBox [0 0 300 200] /CropBox [0 0 9 0]", "", 300, 200, 20),
        ("/MediaBox [0 0 300 200] /CropBox [0 0 9]", "", 300, 200, 20),
        ("/MediaBox [0 0 300 200] /CropBox [0 0 0 0]", "/CropBox [0 0 50 50]", 300, 200, 20),
        ("/MediaBox [0 0 300 200] /CropBox [10 10 60 90]", "/CropBox [0 0 0 0]", 50, 80, 10),
        ("/MediaBox [0 0 300 200] /CropBox [400 400 500 500]", "", 300, 200, 20),
        ("/MediaBox [0 0 300 200]", "/CropBox [0 0 0 0]", 300, 200, 20),
        ("/MediaBox [0 0 0 0] /CropBox [10 10 110 60]", "", 100, 50, 10),
        ("/MediaBox [0 0 0 0] /CropBox [0 0 900 900]", "", 612, 792, 20),
        ("/MediaBox [0 0 0 0] /CropBox [0 0 0 0]", "", 612, 792, 20),
        ("/MediaBox [0 0 0 0]", "/MediaBox [0 0 300 200]", 612, 792, 20),
        ("/CropBox [0 0 0 0]", "/MediaBox [0 0 300 200]", 300, 200, 20),
        ("", "", 612, 792, 20),
    ] {
        let page_of_boxes = boxed(page, tree).pages(..).unwrap().next().unwrap();
        let (w, h, pixels) = page_of_boxes.to_rgb().unwrap();
        assert_eq!((w, h), (width, height), "{page} below {tree}");
        let red = |x: u32, from_below: u32| pixels[((h - 1 - from_below) * w + x) as usize * 3..][..3] == [255, 0, 0];
        assert!(red(corner, corner) && red(corner + 9, corner + 9), "{page} below {tree}");
        assert!(!red(corner - 1, corner) && !red(corner + 10, corner), "{page} below {tree}");
    }
}

#[test]
fn boxes_that_cannot_be_replaced_are_named() {
    let inline = pdf_of_objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [<< /Type /Page /MediaBox [0 0 9 9] /CropBox [0 0 0 0] >>] /Count 1 >>",
    ]);
    let page = PdfFile::from_bytes(inline).unwrap().pages(..).unwrap().next().unwrap();
    let error = page.to_rgb().unwrap_err().to_string();
    assert!(error.contains("PDF, page 1: has an empty CropBox"), "{error}");
}

/// What each page of a file gives: whether it is wholly white, or the error.
fn drawn(bytes: Vec<u8>) -> Vec<Result<bool, String>> {
    let file = PdfFile::from_bytes(bytes).unwrap().dpi(36.0).unwrap();
    let white = |page: ImageInput| {
        let (_, _, pixels) = page.to_rgb().map_err(|error| error.to_string())?;
        Ok(pixels.iter().all(|level| *level == 255))
    };
    file.pages(..).unwrap().map(white).collect()
}

#[test]
fn pages_whose_content_is_missing_are_errors() {
    let whole = pdf(60, 60, &[TEXT, BLUE, RED_CORNER]);
    assert_eq!(drawn(whole.clone()), [Ok(false), Ok(false), Ok(false)]);
    // Cut anywhere, the file or each page is drawn wholly or refused: never white.
    let is_refused = |page: &Result<bool, String>| page.as_ref().is_err_and(|error| error.contains("missing"));
    let mut partly = 0;
    for length in 60..whole.len() {
        let file = PdfFile::from_bytes(&whole[..length]).unwrap();
        if file.page_count().is_ok() {
            let pages = drawn(whole[..length].to_vec());
            assert!(pages.iter().all(|page| is_refused(page) || *page == Ok(false)), "cut at {length}: {pages:?}");
            assert_eq!(pages.len(), 3, "cut at {length}");
            partly += usize::from(pages[0].is_ok() && is_refused(&pages[2]));
        }
    }
    assert!(partly > 50, "{partly} files of which a part is drawn");
}

/// Compressed content that is damaged anywhere is drawn as it was or refused, and so is content behind a filter that is not
/// known, or that is no content.
#[test]
fn damaged_content_is_drawn_as_it_was_or_refused() {
    use std::io::Write as _;
    let content: String =
        (0..60).map(|at| format!("0.{at} 0 1 rg {} {} 9 9 re f\n", at * 7 % 50, at * 11 % 50)).collect();
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(content.as_bytes()).unwrap();
    let packed = writer.finish().unwrap();
    let page = |filter: &str, content: &[u8]| {
        let dict = format!("<< /Length {} {filter} >>\nstream\n", content.len());
        let mut file = b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n3 0 obj << /Type /Page /MediaBox [0 0 60 60] /Parent 2 0 R /Contents 4 0 R >> endobj\n4 0 obj ".to_vec();
        file.extend(dict.as_bytes());
        file.extend(content);
        file.extend(b"\nendstream endobj\ntrailer << /Root 1 0 R >>\n");
        let page = PdfFile::from_bytes(file).unwrap().dpi(72.0).unwrap().pages(..).unwrap().next().unwrap();
        page.to_rgb().map(|(.., pixels)| pixels).map_err(|error| error.to_string())
    };
    let flate = "/Filter /FlateDecode";
    let whole = page(flate, &packed).unwrap();
    assert_eq!(page("", content.as_bytes()).as_ref(), Ok(&whole));
    let end = packed.len();
    let without_checksum = page(flate, &packed[..end - 4]);
    assert_eq!(without_checksum.as_ref(), Ok(&whole), "some writers leave it out");
    assert_eq!(page(flate, &[&packed[..], b"\r\n"].concat()).as_ref(), Ok(&whole));
    for at in (0..end).step_by(3) {
        for byte in [0, 0xff, packed[at] ^ 1] {
            let mut damaged = packed.clone();
            damaged[at..(at + 6).min(end)].fill(byte);
            match page(flate, &damaged) {
                Ok(pixels) => assert!(pixels == whole, "{byte} at {at} of {end}: another image"),
                Err(error) => assert!(error.contains("damaged"), "{byte} at {at}: {error}"),
            }
        }
    }
    for (filter, content, expected) in [
        ("/Filter /Nonsense", packed.as_slice(), "a filter that is not known"),
        ("/Filter [/FlateDecode /Nonsense]", &packed, "a filter that is not known"),
        ("", b"\x01\x02 nothing of a page".as_slice(), "draws nothing that is known"),
    ] {
        let error = page(filter, content).unwrap_err();
        assert!(error.contains(expected), "{filter}: {error}");
    }
    for blank in ["", " \n", "% a comment\n", "q Q", "BT ET foo"] {
        assert!(page("", blank.as_bytes()).is_ok(), "{blank:?}");
    }
}

#[test]
fn what_a_page_does_not_have_is_no_content_that_is_missing() {
    let page = |entries: &str, objects: &[&str]| {
        let page = format!("<< /Type /Page /MediaBox [0 0 60 60] {entries} >>");
        let first = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", &page];
        drawn(pdf_of_objects(&[&first[..], objects].concat())).remove(0)
    };
    let stream = |content: &str| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let (fill, draw) = (stream("0 0 9 9 re f"), stream("0 0 9 9 re f /X Do"));
    let cut = "<< /Length 14 /Filter /FlateDecode >>\nstream\nx\u{1}0 0 9 9 re f\nendstream".to_owned();
    let form = format!("<< /Subtype /Form /BBox [0 0 60 60] /Resources << /XObject << /X 9 0 R >> >> {}", &draw[2..]);
    for (what, entries, objects, missing) in [
        ("no content", "", &[][..], None),
        ("null", "/Contents null", &[], None),
        ("no parts", "/Contents []", &[], None),
        ("one", "/Contents 4 0 R", &[&fill], None),
        ("two parts", "/Contents [4 0 R 4 0 R]", &[&fill], None),
        ("no object", "/Contents 9 0 R", &[&fill], Some("content is missing")),
        ("a number", "/Contents 5", &[&fill], Some("content is missing")),
        ("a part is missing", "/Contents [4 0 R 9 0 R]", &[&fill], Some("a part of its content is missing")),
        ("breaks off", "/Contents 4 0 R", &[&cut], Some("cannot be decompressed")),
        ("unused", "/Contents 4 0 R /Resources << /XObject << /X 9 0 R >> >>", &[&fill], None),
        ("unnamed", "/Contents 4 0 R", &[&draw], None),
        ("image", "/Contents 4 0 R /Resources << /XObject << /X 9 0 R >> >>", &[&draw], Some("an image or form in it")),
        ("font", "/Contents 4 0 R /Resources << /Font << /X 9 0 R >> >>", &[&draw], Some("a font in it is missing")),
        (
            "image in a form",
            "/Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >>",
            &[&draw, &form],
            Some("an image or form in it is missing"),
        ),
    ] {
        let objects: Vec<&str> = objects.iter().map(|object| object.as_str()).collect();
        let drawn = page(entries, &objects);
        match missing {
            None => assert!(drawn.is_ok(), "{what}: {drawn:?}"),
            Some(missing) => assert!(drawn.as_ref().is_err_and(|error| error.contains(missing)), "{what}: {drawn:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn programs_that_are_no_renderers_are_named() {
    use std::time::{Duration, Instant};
    let open = |program: &str, arguments: &[&str]| {
        let process = arguments.iter().fold(PdfProcess::new(program), |process, argument| process.argument(argument));
        let limits = PdfLimits::default().time(Duration::from_millis(300));
        PdfFile::from_bytes(pdf(10, 10, &[BLUE])).unwrap().renderer(process.into()).limits(limits).page_count()
    };
    assert!(matches!(open("/no/such/program", &[]), Err(Error::Io { path, .. }) if path.ends_with("program")));
    let error = open("/bin/sh", &["-c", "cat > /dev/null & echo words of another program"]).unwrap_err();
    assert!(matches!(&error, Error::InvalidOption { option, .. } if option == "renderer"), "{error}");
    let error = open("/bin/sh", &["-c", "exit 3"]).unwrap_err();
    assert!(matches!(&error, Error::InvalidFile { message, .. } if message.contains("exit status: 3")), "{error}");
    let started = Instant::now();
    let error = open("/bin/sleep", &["60"]).unwrap_err();
    assert!(matches!(&error, Error::InvalidFile { message, .. } if message.contains("`time`")), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[cfg(unix)]
#[test]
fn variables_are_kept_from_the_renderer() {
    let process = PdfProcess::new("/bin/sh").argument("-c").argument("test -z \"$HOME$USER$CARGO\" && exit 7");
    let file = PdfFile::from_bytes(pdf(10, 10, &[BLUE])).unwrap().renderer(process.into());
    let error = file.page_count().unwrap_err().to_string();
    assert!(error.contains("exit status: 7"), "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let whole = pdf(60, 60, &[TEXT, RED_CORNER]);
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] = damaged[at].wrapping_add(13);
        for bytes in [damaged, whole[..at].to_vec()] {
            if let Ok(file) = PdfFile::from_bytes(bytes) {
                let pages = file.dpi(20.0).unwrap().pages(..);
                pages.into_iter().flatten().for_each(|page| drop(page.to_rgb()));
            }
        }
    }
}

/// A file of three pages with an outline: places that are written out, named in the old way and in a tree, and led to by
/// an action; with titles in three encodings, and what leads nowhere.
fn with_outline() -> Vec<u8> {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>";
    let objects: [&[u8]; 17] = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R /Dests << /old [4 0 R /Fit] >> /Names << /Dests 14 0 R >> >>",
        b"<< /Type /Pages /Count 3 /Kids [3 0 R 4 0 R 5 0 R] >>",
        page.as_bytes(),
        page.as_bytes(),
        page.as_bytes(),
        b"<< /Type /Outlines /First 7 0 R /Last 13 0 R >>",
        b"<< /Title (One   part) /Dest [3 0 R /XYZ 0 0 0] /First 8 0 R /Next 10 0 R >>",
        b"<< /Title <FEFF00D6006C> /Dest /old /Next 9 0 R /First 11 0 R >>",
        b"<< /Title (By action) /A << /S /GoTo /D (deep) >> >>",
        // It leads to no page, and what stands below it does; its next is one that was there already.
        b"<< /Title (Nowhere) /Dest [99 0 R /Fit] /First 12 0 R /Next 13 0 R >>",
        b"<< /Title (Below) /Dest (missing) /Next 8 0 R >>",
        b"<< /Title (\x93nal) /A << /S /GoTo /D [5 0 R /Fit] >> >>",
        b"<< /Title (Elsewhere) /A << /S /URI /URI (https://example.org) >> /Next 7 0 R >>",
        b"<< /Kids [15 0 R 16 0 R 14 0 R] >>",
        b"<< /Names [(a) [3 0 R /Fit] (b) 17 0 R] >>",
        b"<< /Names [(deep) << /D [5 0 R /Fit] >>] >>",
        b"[4 0 R /Fit]",
    ];
    pdf_of_objects(&objects)
}

#[test]
fn files_have_their_outline() {
    let bytes = with_outline();
    let found = |file: &PdfFile| {
        let headings = file.outline().unwrap();
        headings.into_iter().map(|heading| (heading.level, heading.title, heading.page)).collect::<Vec<_>>()
    };
    let file = PdfFile::from_bytes(bytes).unwrap();
    let expected = [(1, "One part", 1), (2, "Öl", 2), (2, "By action", 3), (2, "ﬁnal", 3)];
    assert_eq!(found(&file), expected.map(|(level, title, page)| (level, title.to_owned(), page)));
    assert_eq!(found(&PdfFile::from_bytes(pdf(10, 10, &[BLUE])).unwrap()), []);
}
