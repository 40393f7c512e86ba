//! Model folders: names and contents of files, with NUL between them. Every family refuses the folder, or describes a row
//! that survives writing and that its architecture can check.
#![no_main]

use embedkit_core::{Manifest, ModelFiles, Registry};
use libfuzzer_sys::fuzz_target;

// Links the families.
use embedkit as _;

fuzz_target!(|data: &[u8]| {
    let parts: Vec<&[u8]> = data.split(|byte| *byte == 0).collect();
    let named = parts.chunks_exact(2).filter_map(|pair| Some((std::str::from_utf8(pair[0]).ok()?, pair[1].to_vec())));
    let files = ModelFiles::memory(named);
    for family in Registry::global().families() {
        for described in [family.describe(&files), family.describe_graph(&files)] {
            let Ok(model) = described else { continue };
            assert_eq!(model.family, family.name());
            let mut manifest = Manifest::default();
            manifest.models.push(model);
            let written = toml::to_string(&manifest).expect("rows can be written");
            if let Ok(again) = Manifest::parse("written.toml", &written) {
                assert_eq!(manifest, again);
            }
            if let Ok(architecture) = Registry::global().architecture(&manifest.models[0]) {
                let _ = architecture.check(&manifest.models[0]);
            }
        }
    }
});
