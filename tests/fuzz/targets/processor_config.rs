//! `preprocessor_config.json`: it is refused, or gives a processor that makes finite tensors of the shape that it
//! says, for images and for the patches of Qwen2-VL pages.
#![no_main]

use embedkit_core::ModelFiles;
use embedkit_image::{CONFIG_FILE, DecodeOptions, ImageInput, Processor};
use libfuzzer_sys::fuzz_target;

// Private to its crate, and behind a graph there.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../crates/colpali/src/pipeline/patchify.rs"]
mod patchify;

const MAX_PIXELS: u64 = 1 << 16;

fuzz_target!(|config: &[u8]| {
    let files = ModelFiles::memory([(CONFIG_FILE, config.to_vec())]);
    for (width, height) in [(7, 5), (1, 40), (33, 2)] {
        let levels: Vec<u8> = (0..width * height * 3).map(|at| (at * 31 % 256) as u8).collect();
        let image = ImageInput::rgb(width, height, levels).expect("as many levels as pixels");
        if let Ok(processor) = Processor::load(&files)
            && let Ok(processed) =
                processor.decode_options(DecodeOptions::default().max_pixels(MAX_PIXELS)).process(&image)
        {
            let values = processed.to_values();
            assert_eq!(values.len(), processed.shape().iter().product::<usize>());
            assert!(values.iter().all(|value| value.is_finite()));
            // The patcher has the limit of every image, which costs too much here.
            if let Ok(patcher) = patchify::Patcher::load(&files) {
                let _ = (patcher.patches(&image), patcher.blank());
            }
        }
    }
});
