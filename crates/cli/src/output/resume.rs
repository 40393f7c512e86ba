//! Going on with JSON Lines that an earlier run began.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::ticket::Place;

/// How much is read at a time, from the end, to find the last whole line.
const BLOCK: u64 = 1 << 16;

/// What is looked at of a result.
#[derive(Deserialize)]
struct Record {
    index: usize,
    #[serde(default)]
    chunk: usize,
}

/// Cuts off what an earlier run left half-written, and gives the place of the last result that is there.
pub(super) fn prepare(path: &Path) -> Result<Option<Place>> {
    let label = path.display().to_string();
    let mut file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io(label)(error)),
    };
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err(Failure::Usage(format!("{label} is no file: --resume goes on with a file of JSON Lines")));
    }
    if file.try_lock().is_err() {
        return Err(Failure::Failed(format!("{label} is being written by another process")));
    }
    let (end, line) = last_line(&mut file).map_err(Failure::io(&label))?;
    if line.is_empty() {
        file.set_len(0).map_err(Failure::io(label))?;
        return Ok(None);
    }
    let record: Record = serde_json::from_slice(&line).map_err(|_| {
        Failure::Failed(format!("{label} does not end in a result of `embed`, which --resume could go on from"))
    })?;
    file.set_len(end).map_err(Failure::io(label))?;
    Ok(Some((record.index, record.chunk)))
}

/// The last line that is whole, and where it ends; nothing of a file without one.
fn last_line(file: &mut File) -> std::io::Result<(u64, Vec<u8>)> {
    let mut begin = file.metadata()?.len();
    let mut tail: Vec<u8> = Vec::new();
    loop {
        if let Some(last) = tail.iter().rposition(|byte| *byte == b'\n') {
            let before = tail[..last].iter().rposition(|byte| *byte == b'\n');
            if before.is_some() || begin == 0 {
                let from = before.map_or(0, |at| at + 1);
                return Ok((begin + last as u64 + 1, tail[from..last].to_vec()));
            }
        } else if begin == 0 {
            return Ok((0, Vec::new()));
        }
        let size = begin.min(BLOCK);
        begin -= size;
        file.seek(SeekFrom::Start(begin))?;
        let mut block = vec![0; size as usize];
        file.read_exact(&mut block)?;
        block.append(&mut tail);
        tail = block;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_line_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results");
        let long = "x".repeat(3 * BLOCK as usize);
        for (text, kept, last) in [
            ("", "", Some(None)),
            ("{\"index\":0", "", Some(None)),
            ("{\"index\":0}\n", "{\"index\":0}\n", Some(Some((0, 0)))),
            ("{\"index\":0}\n{\"index\":5}\n{\"ind", "{\"index\":0}\n{\"index\":5}\n", Some(Some((5, 0)))),
            ("{\"index\":0,\"chunk\":3}\n", "{\"index\":0,\"chunk\":3}\n", Some(Some((0, 3)))),
            (
                &format!("{{\"index\":7,\"a\":\"{long}\"}}\n{{\"b\":\"{long}"),
                &format!("{{\"index\":7,\"a\":\"{long}\"}}\n"),
                Some(Some((7, 0))),
            ),
            ("notes\n", "notes\n", None),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(prepare(&path).ok(), last);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
        }
        assert_eq!(prepare(&folder.path().join("nothing")).ok(), Some(None));
    }
}
