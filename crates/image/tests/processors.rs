//! Tensors equal the reference's and transformers', value by value; `tests/fixtures/generate/image_processors.py` and
//! `transformers_processors.py` wrote them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::{Error, ModelFiles};
use embedkit_fixtures::{TensorGolden, pattern};
use embedkit_image::{ImageInput, Processor, ProcessorConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    config: ProcessorConfig,
    size: (u32, u32),
    grid: (usize, usize),
    #[serde(flatten)]
    golden: TensorGolden,
}

#[test]
fn tensors_equal_the_references() {
    assert_equal(include_str!("fixtures/processors.json"), 200);
}

#[test]
fn tensors_equal_those_of_transformers() {
    assert_equal(include_str!("fixtures/transformers.json"), 100);
}

/// The same processors by the names that transformers 5 writes where it works with Pillow.
#[test]
fn names_of_pillows_processors_have_the_same_rules() {
    let cases = include_str!("fixtures/transformers.json").replace("ImageProcessorFast\"", "ImageProcessorPil\"");
    assert!(cases.matches("ImageProcessorPil\"").count() > 50);
    assert_equal(&cases, 100);
}

fn assert_equal(cases: &str, more_than: usize) {
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert!(cases.len() > more_than, "{} cases", cases.len());
    let differing: Vec<String> = cases.iter().filter_map(|case| difference(case).err()).collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.len(), differing.join("\n"));
}

fn difference(case: &Case) -> Result<(), String> {
    let (width, height) = case.size;
    let named = |what: String| format!("{} of {width} x {height}: {what}", case.name);
    let image = ImageInput::rgb(width, height, pattern(width, height)).map_err(|e| named(e.to_string()))?;
    let processor = Processor::new(&case.config).map_err(|e| named(e.to_string()))?;
    let processed = processor.process(&image).map_err(|e| named(e.to_string()))?;
    if processed.grid() != case.grid {
        return Err(named(format!("grid {:?}, expected {:?}", processed.grid(), case.grid)));
    }
    case.golden.compare(&processed.shape(), &processed.to_values()).map_err(named)
}

/// What a configuration says is done, or refused by the key's name; what changes nothing is passed over.
#[test]
fn unknown_types_and_keys_are_refused_by_name() {
    for (config, expected) in [
        (r#"{"image_processor_type": "DINOv3ViTImageProcessorFast"}"#, "DINOv3ViTImageProcessorFast"),
        (r#"{"image_processor_type": "JinaCLIPImageProcessorPil"}"#, "JinaCLIPImageProcessorPil"),
        (r#"{"feature_extractor_type": "WhisperFeatureExtractor"}"#, "WhisperFeatureExtractor"),
        (r#"{"do_thumbnail": true}"#, "do_thumbnail"),
        (r#"{"use_square_size": true}"#, "use_square_size"),
        (r#"{"size_divisor": 32}"#, "size_divisor"),
        (r#"{"do_pad": true}"#, "do_pad"),
        (
            r#"{"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 8, "longest_edge": 9}}"#,
            "longest_edge",
        ),
    ] {
        let error = Processor::new(&serde_json::from_str(config).unwrap()).unwrap_err().to_string();
        assert!(error.contains(expected), "{config}: {error}");
    }
    for config in [
        r#"{"do_thumbnail": false, "processor_class": "CLIPProcessor", "device": null, "do_convert_rgb": true}"#,
        r#"{"image_processor_type": "Idefics3ImageProcessor", "do_pad": true, "return_row_col_info": true}"#,
        r#"{"image_processor_type": "SiglipImageProcessor", "image_seq_length": 1024, "auto_map": {"a": "b"}}"#,
    ] {
        assert!(Processor::new(&serde_json::from_str(config).unwrap()).is_ok(), "{config}");
    }
}

/// The reference makes no numbers of these: an image of nothing but NaN.
#[test]
fn null_beside_a_mean_or_a_deviation_is_refused_where_it_is_not_left_out() {
    for (mean, std, named) in [("null", "0.5", "`mean`"), ("0.5", "null", "`std`"), ("null", "null", "`mean`")] {
        let pair = format!(r#""mean": {mean}, "std": {std}"#);
        let load = |config: String| Processor::new(&serde_json::from_str(&config).unwrap());
        let error = load(format!("{{{pair}}}")).unwrap_err().to_string();
        assert!(error.contains(named), "{pair}: {error}");
        let normalizes = format!(r#"{{{pair}, "do_normalize": true, "image_mean": 0.5, "image_std": 0.5}}"#);
        assert!(load(normalizes).is_ok(), "{pair}");
        let of_transformers =
            format!(r#"{{{pair}, "image_processor_type": "ViTImageProcessor", "do_normalize": false}}"#);
        assert!(load(of_transformers).is_ok(), "{pair}");
    }
}

/// To transformers, a null is what its own default is.
#[test]
fn null_is_left_out_for_the_processors_of_transformers() {
    let image = ImageInput::rgb(20, 10, pattern(20, 10)).unwrap();
    for name in ["CLIPImageProcessorFast", "ConvNextImageProcessor", "Idefics3ImageProcessorFast", "ViTImageProcessor"]
    {
        let base = format!(r#""image_processor_type": "{name}""#);
        let values = |config: String| {
            Processor::new(&serde_json::from_str(&config).unwrap()).unwrap().process(&image).unwrap().to_values()
        };
        let expected = values(format!("{{{base}}}"));
        for key in [
            "do_resize",
            "do_center_crop",
            "do_image_splitting",
            "do_rescale",
            "do_normalize",
            "resample",
            "image_mean",
        ] {
            assert!(values(format!(r#"{{{base}, "{key}": null}}"#)) == expected, "{name} {key}");
        }
    }
}

#[test]
fn values_of_another_kind_are_told_by_their_key() {
    const SIDES: &str = "a whole number, or an object";
    const NUMBERS: &str = "a number, or three";
    for (key, value, expected) in [
        ("image_processor_type", "7", "a text"),
        ("do_resize", "1", "true or false"),
        ("size", r#"{"shortest_edge":32.0}"#, SIDES),
        ("size", "-1", SIDES),
        ("size", "[3,4]", SIDES),
        ("crop_size", r#"{"height":"8"}"#, SIDES),
        ("max_image_size", r#""8""#, SIDES),
        ("resample", "-1", "nearest (0), lanczos (1)"),
        ("resample", "3.0", "nearest (0), lanczos (1)"),
        ("resample", "6", "nearest (0), lanczos (1)"),
        ("interpolation", r#""cubic""#, "nearest (0), lanczos (1)"),
        ("crop_pct", r#""0.9""#, "a number"),
        ("resize_mode", "3", "a text"),
        ("fill_color", r#""red""#, "three numbers from 0 to 255"),
        ("fill_color", "[1,2,256]", "three numbers from 0 to 255"),
        ("min_pixels", "2.5", "a whole number"),
        ("image_mean", "[0.5,0.5]", NUMBERS),
        ("std", "[0.5,0.5,null]", NUMBERS),
    ] {
        let config = format!(r#"{{"do_normalize": true, "{key}": {value}}}"#);
        let error = serde_json::from_str::<ProcessorConfig>(&config).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{key}` is {value}, and should be {expected}")), "{config}: {error}");
    }
}

#[test]
fn transformers_5_keeps_processors_in_one_file() {
    let whole =
        br#"{"image_processor": {"image_processor_type": "ViTImageProcessor", "size": 8}, "processor_class": "X"}"#;
    let plain = br#"{"image_processor_type": "ViTImageProcessor", "size": 9}"#;
    let image = ImageInput::rgb(20, 10, pattern(20, 10)).unwrap();
    let shape = |files: &[(&str, &[u8])]| {
        let files = ModelFiles::memory(files.iter().map(|(name, bytes)| (*name, bytes.to_vec())));
        Processor::load(&files).unwrap().process(&image).unwrap().shape()
    };
    assert_eq!(shape(&[("processor_config.json", whole)]), [1, 3, 8, 8]);
    // The reference reads this one.
    assert_eq!(shape(&[("processor_config.json", whole), ("preprocessor_config.json", plain)]), [1, 3, 9, 9]);
    let neither = ModelFiles::memory([("processor_config.json", br#"{"image_seq_len": 64}"#.to_vec())]);
    assert!(matches!(Processor::load(&neither), Err(Error::MissingFile { .. })));
}
