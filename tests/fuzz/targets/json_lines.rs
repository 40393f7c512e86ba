//! The command line's input: every line gives an input, nothing, or what is wrong with it.
#![no_main]

use formats::InputFormat::{Auto, Jsonl, Lines};
use libfuzzer_sys::fuzz_target;

use feed::Raw;

// These modules are the program's own, and none of its library's users would miss them; so their source is included, with
// what it names of other modules.
#[allow(dead_code)]
#[path = "../../../crates/cli/src/input/python_numbers.rs"]
mod python_numbers;
#[allow(dead_code)]
#[path = "../../../crates/cli/src/input/record.rs"]
mod record;

mod formats {
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum InputFormat {
        Auto,
        Jsonl,
        Lines,
    }
}

mod ticket {
    pub(crate) type Fields = std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>;
}

#[allow(dead_code)]
mod feed {
    pub(crate) enum Raw {
        Line(Vec<u8>),
        JsonLine(Vec<u8>),
        Json(String),
        Row(crate::ticket::Fields),
        Wrong(String),
    }
}

fuzz_target!(|data: &[u8]| {
    for (format, raw) in
        [(Auto, Raw::Line as fn(Vec<u8>) -> Raw), (Auto, Raw::JsonLine), (Jsonl, Raw::Line), (Lines, Raw::Line)]
    {
        let mut parser = record::Parser::new("text", format, format != Lines);
        for line in data.split(|byte| *byte == b'\n') {
            let Ok(Some((text, fields))) = parser.parse(raw(line.to_vec())) else { continue };
            assert!(text.len() <= line.len());
            for value in fields.values() {
                serde_json::from_str::<serde::de::IgnoredAny>(value.get()).expect("a kept field is JSON");
            }
        }
    }
});
