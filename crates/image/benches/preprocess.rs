//! Pictures a second through processors, on one thread, as JSON.
//!
//! `preprocess.py` beside this file runs it and the reference on the same pictures and prints the ratios.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints its result or ends")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use embedkit_image::{ImageInput, Processor, ProcessorConfig};

const SHORTEST: Duration = Duration::from_secs(2);

fn main() {
    // Cargo adds `--bench` to the arguments.
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else { return };
    let folder = Path::new(&folder);
    let configs: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("processors.json")).unwrap()).unwrap();
    let mut results = serde_json::Map::new();
    for (name, config) in configs {
        let config: ProcessorConfig = serde_json::from_value(config).unwrap();
        let processor = Processor::new(&config).unwrap();
        for kind in ["png", "jpg"] {
            let pictures: Vec<ImageInput> = files(folder, kind).iter().map(ImageInput::from).collect();
            results.insert(format!("{name}, {kind} files"), rate(&processor, &pictures).into());
        }
        let opened: Vec<ImageInput> =
            files(folder, "png").iter().map(|path| image::open(path).unwrap().into()).collect();
        results.insert(format!("{name}, opened"), rate(&processor, &opened).into());
    }
    println!("{}", serde_json::to_string(&results).unwrap());
}

fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == kind)).collect();
    files.sort();
    files
}

/// Pictures a second.
fn rate(processor: &Processor, pictures: &[ImageInput]) -> f64 {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < SHORTEST {
        for picture in pictures {
            std::hint::black_box(processor.process(picture).unwrap());
        }
        done += pictures.len();
    }
    done as f64 / start.elapsed().as_secs_f64()
}
