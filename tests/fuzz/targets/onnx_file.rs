//! The reader that parts a graph from its weights: these lie in the file and have their shape's size, what is left
//! names the same weights again, and no file that a weight lies in escapes the search for such names. A graph is quantised or refused.
#![no_main]

use std::borrow::Cow;
use std::error::Error;

use embedkit_onnx::{OnnxFile, Weight, external_files, inline_external_data, quantize};
use libfuzzer_sys::fuzz_target;

/// No file is there but the graph's.
fn absent<'f>(name: &str) -> Result<Cow<'f, [u8]>, Box<dyn Error + Send + Sync>> {
    Err(format!("{name} is not there").into())
}

fuzz_target!(|file: &[u8]| {
    let _ = quantize(file, |name| Err(format!("{name} is not there").into()));
    let _ = inline_external_data(file, absent);
    let locate = |file: Option<&str>| file.unwrap_or("graph").to_owned();
    let Ok(OnnxFile { structure, weights }) = OnnxFile::read(file, locate, absent) else { return };
    let mut named = std::collections::BTreeSet::<String>::new();
    let found = external_files(file, |name| named.extend([name.to_owned()]));
    for weight in &weights {
        assert!(found.is_err() || weight.file.iter().all(|file| named.contains(file)), "{weight:?}");
        let cells: usize = weight.shape.iter().map(|dimension| usize::try_from(*dimension).expect("a size")).product();
        assert!(weight.bytes.is_multiple_of(cells), "{weight:?}");
        if weight.file.is_none() {
            assert!(file.get(weight.offset..).is_some_and(|rest| rest.len() >= weight.bytes));
        }
    }
    let again = OnnxFile::read(&structure, locate, absent).expect("what was written can be read");
    let located = weights.into_iter().map(|weight| Weight { file: Some(locate(weight.file.as_deref())), ..weight });
    assert!(again.weights.into_iter().eq(located));
});
