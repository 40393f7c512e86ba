//! Small files that claim to be large, or never to end: what they take is known before it is taken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_image::DecodeImage;
use std::error::Error as _;
use std::time::{Duration, Instant};

use embedkit_core::Error;
use embedkit_image::{DecodeOptions, ImageInput, MemoryBudget};

/// What decoding says, and why.
fn refusal(input: impl Into<ImageInput>, options: &DecodeOptions) -> String {
    match input.into().decode(options) {
        Err(error @ Error::InvalidInput { .. }) => {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{error}: {cause}")
        }
        Err(other) => panic!("{other:?}"),
        Ok((width, height, _)) => panic!("an image of {width} x {height}"),
    }
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], data].concat()
}

/// A JPEG file of one component, with a code of one bit that says 0 for each table, and scans of `data`.
fn jpeg(marker: u8, side: u16, scans: &[(&[u8], &[u8])]) -> Vec<u8> {
    let side = side.to_be_bytes();
    let codes = |table: u8| segment(0xC4, &[&[table, 1], &[0; 16][..]].concat());
    let mut file = vec![0xFF, 0xD8];
    file.extend(segment(0xDB, &[&[0][..], &[1; 64]].concat()));
    file.extend(segment(marker, &[&[8], &side[..], &side, &[1, 1, 0x11, 0]].concat()));
    file.extend([codes(0), codes(0x10)].concat());
    for (band, data) in scans {
        file.extend(segment(0xDA, &[&[1, 1, 0][..], band].concat()));
        file.extend(*data);
    }
    file.extend([0xFF, 0xD9]);
    file
}

const ALL: &[u8] = &[0, 63, 0];

fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut file = b"BM".to_vec();
    [54, 0, 54, 40].iter().for_each(|number: &i32| file.extend(number.to_le_bytes()));
    [width, height].iter().for_each(|side| file.extend(side.to_le_bytes()));
    file.extend([1, 0, 24, 0]);
    file.resize(54, 0);
    file
}

fn gif(width: u16, height: u16, frame: u16) -> Vec<u8> {
    let sides = |width: u16, height: u16| [width.to_le_bytes(), height.to_le_bytes()].concat();
    let colours = [0x80, 0, 0, 0, 0, 0, 255, 255, 255];
    let frame = [&[b',', 0, 0, 0, 0][..], &sides(frame, frame), &[0, 2, 2, 0x44, 1, 0, b';']].concat();
    [b"GIF89a", &sides(width, height)[..], &colours, &frame].concat()
}

fn webp(side: u32) -> Vec<u8> {
    let sides = (side - 1) | ((side - 1) << 14);
    let image = [&b"VP8L\x2d\0\0\0\x2f"[..], &sides.to_le_bytes(), &[0; 41]].concat();
    let length = u32::try_from(image.len() + 4).unwrap();
    [b"RIFF", &length.to_le_bytes()[..], b"WEBP", &image].concat()
}

fn tiff(side: u32, bits: u32, channels: u32, compression: u32, strip: u32) -> Vec<u8> {
    let colours = if channels > 1 { 2 } else { 1 };
    let tags = [
        (256, side),
        (257, side),
        (258, bits),
        (259, compression),
        (262, colours),
        (273, 8),
        (277, channels),
        (278, side),
        (279, strip),
    ];
    let mut file = b"II\x2a\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in tags {
        file.extend(u16::to_le_bytes(tag));
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(u32::to_le_bytes(value));
    }
    file.extend([0; 64]);
    file
}

fn png(side: u32) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/rgba16.png");
    embedkit_fixtures::png_of_sides(std::fs::read(path).unwrap(), side, side)
}

#[test]
fn what_decoding_takes_is_known_before_it_is_done() {
    let options = DecodeOptions::default().memory(MemoryBudget::new(50_000_000));
    let large = 5000;
    for (name, file, with_room) in [
        ("baseline.jpg", jpeg(0xC0, large, &[(ALL, &[0; 9])]), "image data"),
        ("progressive.jpg", jpeg(0xC2, 4000, &[(&[0, 0, 0], &[0; 9])]), "image data"),
        ("large.png", png(large.into()), ""),
        ("large.bmp", bmp(large.into(), large.into()), ""),
        ("upside-down.bmp", bmp(large.into(), -i32::from(large)), ""),
        ("large.gif", gif(large, large, large), ""),
        ("large.webp", webp(large.into()), ""),
        ("raw.tif", tiff(large.into(), 8, 3, 1, 9), ""),
        ("deflate.tif", tiff(large.into(), 8, 1, 8, 9), ""),
        ("lzw.tif", tiff(large.into(), 16, 1, 5, 9), ""),
    ] {
        let little = refusal(file.as_slice(), &options);
        assert!(little.contains("image in memory: decoding") && little.contains("MB of memory"), "{name}: {little}");
        // With memory for it, the image is not there.
        let enough = refusal(file, &DecodeOptions::default().memory(MemoryBudget::new(1 << 30)));
        assert!(enough.contains("cannot be decoded") && enough.contains(with_room), "{name}: {enough}");
    }
}

#[test]
fn what_only_claims_to_be_large_is_refused() {
    for (name, file, expected) in [
        ("frame.gif", gif(10, 10, u16::MAX), "exceed the limit"),
        ("strip.tif", tiff(10, 8, 1, 1, 0xFFFF_FFF0), "cannot be decoded"),
        ("compressed-strip.tif", tiff(10, 8, 1, 8, 0xFFFF_FFF0), "cannot be decoded"),
    ] {
        let refusal = refusal(file, &DecodeOptions::default());
        assert!(refusal.contains(expected), "{name}: {refusal}");
    }
}

/// A progression that the standard allows, of more scans than any encoder writes; and one that goes in circles.
#[test]
fn scans_end() {
    let side = 512;
    let data = vec![0; side * side / 64 / 8 + 1];
    let bands: Vec<[u8; 3]> = (1..64).flat_map(|at| [[at, at, 0x0D], [at, at, 0xDC]]).collect();
    let mut scans: Vec<(&[u8], &[u8])> = vec![(&[0, 0, 0], &data)];
    scans.extend(bands.iter().map(|band| (&band[..], &data[..])));
    let start = Instant::now();
    let many = refusal(jpeg(0xC2, side as u16, &scans), &DecodeOptions::default());
    assert!(many.contains("more than 100 scans"), "{many}");
    let again = vec![(&[0u8, 0, 0][..], &data[..]); 90];
    let again = refusal(jpeg(0xC2, side as u16, &again), &DecodeOptions::default());
    assert!(again.contains("order of scans"), "{again}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn parts_that_are_missing_are_no_grey() {
    let data = vec![0; 64 / 8 + 1];
    let whole: Vec<u8> =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/jpeg/420-45x35.jpg")).unwrap();
    let cut = [&whole[..whole.len() / 2], &[0xFF, 0xD9]].concat();
    let runs: Vec<u8> =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/runs_8.bmp")).unwrap();
    let rows = &runs[..runs.len() - 10];
    for (name, file, expected) in [
        ("first scan alone", jpeg(0xC2, 64, &[(&[0, 0, 0], &data)]), "some of its details"),
        ("cut, and closed", cut, "image data is damaged"),
        ("no end", whole[..whole.len() - 2].to_vec(), "ends before"),
        ("runs, cut", rows.to_vec(), "its runs end before"),
        ("runs, ended", [rows, &[0, 1]].concat(), "its runs end before"),
        ("no scan", jpeg(0xC0, 64, &[]), "no image data"),
    ] {
        let refusal = refusal(file, &DecodeOptions::default());
        assert!(refusal.contains(expected), "{name}: {refusal}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_by_name() {
    let folder = std::env::temp_dir().join(format!("embedkit-hostile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let pipe = folder.join("pipe.jpg");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, expected) in [(pipe.as_path(), "pipe"), ("/dev/zero".as_ref(), "a device"), (&folder, "a folder")] {
        let refusal = refusal(path, &DecodeOptions::default());
        assert!(refusal.contains(&*path.to_string_lossy()) && refusal.contains(expected), "{refusal}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A TIFF file with an image in JPEG that is cut or changed anywhere is refused or drawn, and takes no more than it may.
#[test]
fn pieces_in_jpeg_are_where_the_file_says_or_refused() {
    for name in ["jpeg_rgb.tif", "jpeg_strips.tif", "jpeg_grey.tif", "jpeg_tiles_420.tif", "jpeg_ycbcr_strips.tif"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats").join(name);
        let whole = std::fs::read(path).unwrap();
        let size = |bytes: &[u8]| ImageInput::bytes(bytes.to_vec()).to_rgb().map(|(width, height, _)| (width, height));
        let expected = size(&whole).unwrap();
        let mut refused = 0;
        for at in 0..whole.len() {
            refused += usize::from(size(&whole[..at]).is_err());
            // One byte in a few, as images may be told to be large.
            for byte in [0, 1, 0xff].into_iter().filter(|_| at % 17 == 0) {
                let mut changed = whole.clone();
                changed[at] = byte;
                // Sides may be among what is changed.
                let _ = size(&changed);
            }
        }
        assert!(refused > whole.len() / 2, "{name}: {refused} of {}", whole.len());
        assert_eq!(size(&whole).unwrap(), expected);
    }
}

/// The places of the entries of a TIFF file's directory, and whether its numbers have their high byte first.
fn entries(file: &[u8]) -> (Vec<usize>, bool) {
    let is_big_endian = file.starts_with(b"MM");
    let number = |place: usize, size: usize| {
        let bytes = &file[place..place + size];
        let longer = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        if is_big_endian { bytes.iter().fold(0, longer) } else { bytes.iter().rev().fold(0, longer) }
    };
    let start = number(4, 4);
    ((0..number(start, 2)).map(|at| start + 2 + at * 12).collect(), is_big_endian)
}

/// Whatever number of values a tag claims to have, and whatever they are: none is allocated for, beside an image of any width.
#[test]
fn tags_of_tiff_files_are_not_believed() {
    const NUMBERS: [u32; 6] = [0, 1, 2, 0x5D00_0001, 0x7FFF_FFFF, u32::MAX];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut count = 0;
    for path in files.filter(|path| path.extension().is_some_and(|end| end == "tif")) {
        let whole = std::fs::read(&path).unwrap();
        // BigTIFF has other entries.
        if whole.starts_with(b"II+") {
            continue;
        }
        let (entries, is_big_endian) = entries(&whole);
        let bytes = |number: u32| if is_big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        let decoded = |file: Vec<u8>| match ImageInput::bytes(file).to_rgb() {
            Ok(_) | Err(Error::InvalidInput { .. }) => {}
            Err(other) => panic!("{}: {other:?}", path.display()),
        };
        for (entry, number) in entries.iter().flat_map(|entry| NUMBERS.map(|number| (*entry, number))) {
            for place in [entry + 4, entry + 8] {
                let mut file = whole.clone();
                file[place..place + 4].copy_from_slice(&bytes(number));
                decoded(file.clone());
                // The width is the first of them, as a number of 32 bits.
                let width = if is_big_endian { [0, 4] } else { [4, 0] };
                file[entries[0] + 2..entries[0] + 4].copy_from_slice(&width);
                file[entries[0] + 8..entries[0] + 12].copy_from_slice(&bytes(0xE200_000B));
                decoded(file);
                count += 1;
            }
        }
    }
    assert!(count > 5000, "{count}");
}
