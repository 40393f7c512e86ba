//! Pages of PDF files.
#![cfg(feature = "pdf")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{fixture, load};
use embedkit_colpali::{ImageInput, MultiVector, PdfFile};
use embedkit_core::Error;
use embedkit_core::ImageEmbedder;
use embedkit_fixtures::pdf;
use embedkit_image::DecodeImage;

const RED_CORNER: &str = "1 0 0 rg 0 0 100 50 re f";
const BLUE: &str = "0 0 1 rg 0 0 200 100 re f";
const TEXT: &str = "BT /F 40 Tf 20 30 Td (HHHH) Tj ET";

#[test]
fn pages_are_rendered_on_white_at_a_resolution() {
    let file = PdfFile::from_bytes(pdf(200, 100, &[RED_CORNER, BLUE, TEXT])).unwrap().dpi(144.0).unwrap();
    assert_eq!(file.page_count(), 3);
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
fn pages_are_embedded_like_pictures_of_them() {
    let model = load(&fixture("colmodernvbert"));
    let file = PdfFile::from_bytes(pdf(200, 100, &[RED_CORNER, BLUE])).unwrap().dpi(36.0).unwrap();
    let vectors: Vec<MultiVector> = model.embed_images(file.pages(..).unwrap()).map(Result::unwrap).collect();
    let pictures = file.pages(..).unwrap().map(|page| {
        let (width, height, pixels) = page.to_rgb().unwrap();
        ImageInput::rgb(width, height, pixels).unwrap()
    });
    let expected: Vec<MultiVector> = model.embed_images(pictures).map(Result::unwrap).collect();
    assert_eq!(vectors, expected);
    assert_ne!(vectors[0], vectors[1]);
}

#[test]
fn what_cannot_be_rendered_is_an_error() {
    assert!(matches!(PdfFile::open("no such file.pdf"), Err(Error::Io { .. })));
    for bytes in [b"".to_vec(), b"no PDF".to_vec(), pdf(10, 10, &[BLUE])[..60].to_vec()] {
        assert!(matches!(PdfFile::from_bytes(bytes), Err(Error::InvalidFile { .. })));
    }
    let file = PdfFile::from_bytes(pdf(14_400, 14_400, &[BLUE])).unwrap();
    for dpi in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(file.clone().dpi(dpi), Err(Error::InvalidOption { .. })), "{dpi}");
    }
    for dpi in [1e-6, 100.0, 1e30] {
        let page = file.clone().dpi(dpi).unwrap().pages(1..=1).unwrap().next().unwrap();
        let error = page.to_rgb().unwrap_err().to_string();
        assert!(error.contains("PDF, page 1: would be") && error.contains("`dpi`"), "{error}");
    }
}

#[test]
fn damaged_files_never_panic() {
    let whole = pdf(60, 60, &[TEXT, RED_CORNER]);
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] = damaged[at].wrapping_add(13);
        for bytes in [damaged, whole[..at].to_vec()] {
            if let Ok(file) = PdfFile::from_bytes(bytes) {
                file.dpi(20.0).unwrap().pages(..).unwrap().for_each(|page| drop(page.to_rgb()));
            }
        }
    }
}
