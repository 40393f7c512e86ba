//! The command line's input: every line gives an input, nothing, or what is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The command line is a program without a library, as it has nothing that a library's user would miss; so its
// source is included.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../crates/cli/src/input/record.rs"]
mod record;

use record::{LineFormat, Parser};

fuzz_target!(|data: &[u8]| {
    for format in [LineFormat::Auto, LineFormat::Jsonl, LineFormat::Lines] {
        let mut parser = Parser::new("text", format, true);
        for line in data.split(|byte| *byte == b'\n') {
            let Ok(Some((text, fields))) = parser.parse(line) else { continue };
            assert!(text.len() <= line.len());
            for value in fields.values() {
                // A field is carried as it was written, so it must be JSON again.
                serde_json::from_str::<serde::de::IgnoredAny>(value.get()).expect("a kept field is JSON");
            }
        }
    }
});
