//! Image files: they are refused, or decoded and processed to a tensor of the model's shape.
#![no_main]

use std::sync::LazyLock;

use embedkit_image::{DecodeOptions, ImageInput, Processor, ProcessorConfig};
use libfuzzer_sys::{Corpus, fuzz_target};

/// CLIP's steps at a size that costs little.
static PROCESSOR: LazyLock<Processor> = LazyLock::new(|| {
    let config: ProcessorConfig = serde_json::from_str(
        r#"{"do_resize": true, "size": {"shortest_edge": 8}, "do_center_crop": true, "crop_size": 8}"#,
    )
    .expect("a configuration");
    let options = DecodeOptions::default().max_pixels(1 << 16).apply_orientation(true);
    Processor::new(&config).expect("a processor").decode_options(options)
});

fuzz_target!(|file: &[u8]| -> Corpus {
    match PROCESSOR.process(&ImageInput::bytes(file)) {
        Ok(processed) => assert_eq!(processed.shape(), [1, 3, 8, 8]),
        Err(error) if error.to_string().contains("not an image") => return Corpus::Reject,
        Err(_) => {}
    }
    Corpus::Keep
});
