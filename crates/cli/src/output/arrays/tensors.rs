//! The safetensors format: the length of a header, the header in JSON, and the tensors' bytes.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Spool;

/// Writes the arrays as tensors, the wider numbers first, so that all are aligned.
pub(super) fn write(target: &mut impl Write, arrays: &mut [Spool]) -> io::Result<()> {
    arrays.sort_by_key(|array| std::cmp::Reverse(array.number_type().size()));
    let mut header = Map::new();
    let mut end = 0;
    for array in &*arrays {
        let from = end;
        end += array.size();
        let tensor =
            json!({ "dtype": array.number_type().name(), "shape": array.shape(), "data_offsets": [from, end] });
        header.insert(array.name().to_owned(), tensor);
    }
    let mut header = serde_json::to_vec(&Value::Object(header))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    target.write_all(&(header.len() as u64).to_le_bytes())?;
    target.write_all(&header)?;
    arrays.iter_mut().try_for_each(|array| array.copy_to(target))?;
    target.flush()
}
