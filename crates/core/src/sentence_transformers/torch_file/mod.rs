//! Tensors in the files that `torch.save` writes: a zip archive with a pickle that describes them, and their bytes.

mod pickle;

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use self::pickle::{Described, Storage};
use super::stored::Stored;
use crate::{Error, Result};

/// More than the description of a linear module's tensors ever takes.
const LARGEST_PICKLE: u64 = 1 << 16;

/// The tensors of a file, by name.
///
/// # Errors
/// A file that is no archive of torch, and what of its pickle is not understood.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<HashMap<String, Stored>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
        let message =
            "is not a zip archive, as torch writes since version 1.6; save the module again, or as safetensors";
        Error::file_because(path, message, error)
    })?;
    let mut names = archive.file_names().filter_map(std::result::Result::ok);
    let pickle = names.find(|name| name.ends_with("/data.pkl")).map(std::borrow::Cow::into_owned);
    drop(names);
    let pickle = pickle.ok_or_else(|| Error::file(path, "has no data.pkl, so it is not a file of torch"))?;
    let folder = pickle.trim_end_matches("data.pkl").to_owned();
    let description = entry(path, &mut archive, &pickle, LARGEST_PICKLE)?;
    let mut stored = HashMap::new();
    for (name, tensor) in pickle::tensors(path, &description)? {
        let bytes = numbers(path, &mut archive, &folder, &tensor)?;
        stored.insert(name, Stored { dtype: tensor.storage.dtype, shape: tensor.shape.clone(), bytes });
    }
    Ok(stored)
}

type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// The bytes of an entry, which torch never compresses: none can be larger than the file.
fn entry(path: &Path, archive: &mut Archive<'_>, name: &str, limit: u64) -> Result<Vec<u8>> {
    let because = |error| Error::file_because(path, format!("has no readable {name}"), error);
    let mut file = archive.by_name(name).map_err(because)?;
    if file.compression() != CompressionMethod::Stored || file.size() > limit {
        return Err(Error::file(
            path,
            format!("has {name} compressed or of {} bytes, as torch never writes", file.size()),
        ));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(limit).read_to_end(&mut bytes).map_err(Error::io(path))?;
    Ok(bytes)
}

/// The bytes of a tensor's numbers.
fn numbers(path: &Path, archive: &mut Archive<'_>, folder: &str, tensor: &Described) -> Result<Vec<u8>> {
    let Storage { dtype, key, len } = &*tensor.storage;
    let width = dtype.bitsize() / 8;
    let wrong = || Error::file(path, format!("has a tensor of shape {:?} beyond its {len} numbers", tensor.shape));
    let all = entry(path, archive, &format!("{folder}data/{key}"), u64::MAX)?;
    let count = tensor.shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side)).ok_or_else(wrong)?;
    let place = |at: usize| at.checked_mul(width);
    let end = tensor.offset.checked_add(count).and_then(place).ok_or_else(wrong)?;
    let start = place(tensor.offset).ok_or_else(wrong)?;
    all.get(start..end).map(<[u8]>::to_vec).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const MODULE: &[u8] =
        include_bytes!("../../../../colbert/tests/fixtures/pylate-longer-queries/1_Dense/pytorch_model.bin");

    fn archive(pickle: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (name, bytes) in [("m/data.pkl", pickle), ("m/data/0", &[0; 8])] {
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn error(bytes: &[u8]) -> String {
        read(Path::new("m.bin"), bytes).err().unwrap().to_string()
    }

    #[test]
    fn a_module_that_torch_saved_is_read() {
        let tensors = read(Path::new("m.bin"), MODULE).unwrap();
        let shapes: Vec<_> = ["linear.weight", "linear.bias"].map(|name| tensors[name].shape.clone()).into();
        assert_eq!((tensors.len(), shapes), (2, vec![vec![16, 16], vec![16]]));
        assert!(tensors.values().all(|tensor| tensor.bytes.len() == 4 * tensor.shape.iter().product::<usize>()));
    }

    #[test]
    fn what_is_no_dictionary_of_tensors_is_refused_by_name() {
        let tensor = |count: u8| {
            let mut pickle = b"\x80\x02(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage".to_vec();
            pickle.extend_from_slice(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02tQK\0K");
            pickle.extend_from_slice(&[count, 0x85, b'K', 1, 0x85, 0x89, b'N', b't', b'R', b'u', b'.']);
            pickle
        };
        assert_eq!(read(Path::new("m.bin"), &archive(&tensor(2))).unwrap()["w"].shape, [2]);
        for (pickle, expected) in [
            (tensor(3), "beyond its 2 numbers"),
            (b"cposix\nsystem\n(X\x02\0\0\0lstR.".to_vec(), "calls posix.system"),
            (b"(i".to_vec(), "instruction 0x69"),
            ([&[b')'; 1][..], &[0x85; 9]].concat(), "tuples 9 deep"),
            (b"\x80\x02X\xff\xff\xff\xff".to_vec(), "damaged"),
            (b"h\x07.".to_vec(), "damaged"),
            (b"R".to_vec(), "damaged"),
            (Vec::new(), "damaged"),
        ] {
            let error = error(&archive(&pickle));
            assert!(error.contains(expected), "{error}");
        }
        assert!(error(b"\x80\x02}q\0.").contains("not a zip archive"));
        for cut in 0..MODULE.len() {
            assert!(read(Path::new("m.bin"), &MODULE[..cut]).is_err());
        }
    }
}
