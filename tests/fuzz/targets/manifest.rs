//! Manifest rows: any text is refused, or gives rows that survive writing and that architectures can check.
#![no_main]

use embedkit_core::{Manifest, Registry};
use libfuzzer_sys::fuzz_target;

// Links the families.
use embedkit as _;

fuzz_target!(|text: &str| {
    let Ok(manifest) = Manifest::parse("fuzz.toml", text) else { return };
    let written = toml::to_string(&manifest).expect("rows can be written");
    let again = Manifest::parse("written.toml", &written).expect("what was written can be read");
    assert_eq!(manifest, again);
    for model in &manifest.models {
        if let Ok(architecture) = Registry::global().architecture(model) {
            let _ = architecture.check(model);
        }
    }
});
