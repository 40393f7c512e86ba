//! Images that are none, or not whole, or far too large.

use std::path::Path;

use crate::case::Case;
use crate::common::setting::Setting;
use crate::common::subject::{COLQWEN, IMAGE, Subject, image};
use crate::common::{self, library};
use crate::program;

/// What is at an image's path.
#[derive(Clone, Copy, Debug)]
enum Image {
    Missing,
    Folder,
    Empty,
    Text,
    /// The first bytes of an image, this share of it in percent.
    Part(usize),
    /// One of the image crate's fixtures, its bytes from one place on replaced.
    Damaged(&'static str, usize, &'static [u8]),
    /// A PNG that says it has these sides.
    Sides(u32, u32),
    /// The beginning of this format, and nothing more.
    Magic(&'static [u8]),
    /// A path that holds what paths cannot.
    Path(&'static str),
}

use Image::*;

/// An image, and what the error says beside its name.
const IMAGES: &[(Image, &[&str])] = &[
    (Missing, &[]),
    (Folder, &[]),
    (Empty, &["empty"]),
    (Text, &["not an image"]),
    (Part(1), &[]),
    (Part(10), &[]),
    (Part(50), &[]),
    (Part(95), &[]),
    (Damaged("rgb.jpg", 2, &[0xff; 40]), &[]),
    (Damaged("rgb.gif", 6, &[0xff; 40]), &[]),
    (Damaged("rgb.bmp", 18, &[0xff; 12]), &[]),
    (Damaged("rgb_raw.tif", 4, &[0xff; 4]), &[]),
    (Damaged("lossy.webp", 12, &[0xff; 20]), &[]),
    (Damaged("rgb.png", 33, &[0xff; 8]), &[]),
    (Sides(60_000, 60_000), &["exceed"]),
    (Sides(u32::MAX >> 1, u32::MAX >> 1), &[]),
    (Sides(0, 5), &[]),
    (Sides(5, 0), &[]),
    (Magic(b"\x89PNG\r\n\x1a\n"), &[]),
    (Magic(b"\xff\xd8\xff\xe0"), &[]),
    (Magic(b"GIF89a"), &[]),
    (Magic(b"RIFF\xff\xff\xff\xffWEBPVP8 "), &[]),
    (Magic(b"II*\0\x08\0\0\0"), &[]),
    (Magic(b"BM"), &[]),
    (Path("/no/such/folder/image.png"), &[]),
    (Path("/dev/null/image.png"), &[]),
    (Path("/nul\0.png"), &[]),
];

pub(crate) fn cases() -> Vec<Case> {
    let case = |subject: Subject| {
        IMAGES.iter().map(move |(image, parts)| {
            Case::new(format!("{}: image {image:?}", subject.name()), move || check(subject, *image, parts))
        })
    };
    [IMAGE, COLQWEN].into_iter().flat_map(case).collect()
}

fn check(subject: Subject, image: Image, parts: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    subject.copy_to(&model);
    let path = image.at(&folder.path().join("the_image.png"));
    let good = crate::common::subject::image();
    let inputs = [good.clone(), path.clone(), good];
    let results = library::embed(&subject.row(), &model, &[], &inputs).map_err(|error| error.to_string())?;
    let [Ok(first), Err(error), Ok(last)] = &results[..] else { return Err(format!("{results:?}")) };
    if first != last || first.is_empty() {
        return Err("the images beside it should be embedded as without it".to_owned());
    }
    let name = path.replace('\0', "");
    let name = name.rsplit('/').next().unwrap();
    let named = name.strip_suffix(".png").unwrap().trim_start_matches("nul");
    let parts: Vec<&str> = parts.iter().copied().chain([named]).collect();
    let error = error.to_string();
    if let Some(missing) = parts.iter().find(|part| !error.contains(**part)) {
        return Err(format!("{missing:?} is not in {error:?}"));
    }
    let outcome = program::embed(&subject.row(), &model, &[], &inputs).unwrap();
    let parts: Vec<&str> = parts.into_iter().chain(["line 2"]).collect();
    program::check_failure(&outcome, &parts).map_err(|failure| format!("in the program: {failure}"))?;
    // What cannot be read is its input's fault alone.
    let skipped = program::embed(&subject.row(), &model, &[Setting::SkipInvalid], &inputs).unwrap();
    let indices: Vec<_> = skipped.json().iter().map(|line| line["index"].clone()).collect();
    if indices != [0, 2] || !skipped.stderr.contains("1 invalid inputs were skipped") {
        return Err(format!("the others should be given with --skip-invalid: {skipped:?}"));
    }
    Ok(())
}

impl Image {
    /// Puts it at a path; where it then is.
    fn at(self, path: &Path) -> String {
        let good = || std::fs::read(image()).unwrap();
        let bytes = match self {
            Missing => None,
            Folder => {
                std::fs::create_dir(path).unwrap();
                None
            }
            Empty => Some(vec![]),
            Text => Some(b"this is a text, not an image".to_vec()),
            Part(percent) => Some(good()[..good().len() * percent / 100].to_vec()),
            Damaged(name, from, bytes) => {
                let mut damaged = std::fs::read(common::fixtures("image").join("formats").join(name)).unwrap();
                damaged[from..from + bytes.len()].copy_from_slice(bytes);
                Some(damaged)
            }
            Sides(width, height) => Some(embedkit_fixtures::png_of_sides(good(), width, height)),
            Magic(bytes) => Some(bytes.to_vec()),
            Path(path) => return path.to_owned(),
        };
        if let Some(bytes) = bytes {
            std::fs::write(path, bytes).unwrap();
        }
        path.to_str().unwrap().to_owned()
    }
}
