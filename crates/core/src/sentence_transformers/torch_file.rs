//! Tensors in the files that `torch.save` writes: a zip archive with a pickle that describes them, and their bytes.
//!
//! Nothing in a pickle is run. Of its language only what describes a dictionary of tensors is understood
//! (<https://docs.python.org/3/library/pickletools.html>), and everything else is refused by name.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use safetensors::Dtype;
use zip::{CompressionMethod, ZipArchive};

use super::stored::Stored;
use crate::{Error, Result};

/// More than the description of a linear module's tensors ever takes.
const LARGEST_PICKLE: u64 = 1 << 16;
/// Tuples within tuples: more than any description has.
const DEEPEST: usize = 8;

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
    let tensors = Unpickler { path, rest: &description, stack: Vec::new(), memo: HashMap::new(), found: Vec::new() };
    let mut stored = HashMap::new();
    for (name, tensor) in tensors.run()? {
        let bytes = tensor.bytes(path, &mut archive, &folder)?;
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

/// Numbers that tensors share.
struct Storage {
    dtype: Dtype,
    key: String,
    len: usize,
}

/// A tensor's place in its storage.
struct Described {
    storage: Rc<Storage>,
    offset: usize,
    shape: Vec<usize>,
}

impl Described {
    fn bytes(&self, path: &Path, archive: &mut Archive<'_>, folder: &str) -> Result<Vec<u8>> {
        let Storage { dtype, key, len } = &*self.storage;
        let width = dtype.bitsize() / 8;
        let wrong = || Error::file(path, format!("has a tensor of shape {:?} beyond its {len} numbers", self.shape));
        let all = entry(path, archive, &format!("{folder}data/{key}"), u64::MAX)?;
        let count = self.shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side)).ok_or_else(wrong)?;
        let place = |at: usize| at.checked_mul(width);
        let end = self.offset.checked_add(count).and_then(place).ok_or_else(wrong)?;
        let start = place(self.offset).ok_or_else(wrong)?;
        all.get(start..end).map(<[u8]>::to_vec).ok_or_else(wrong)
    }
}

/// What stands on the pickle's stack, as far as it matters here.
#[derive(Clone)]
enum Value {
    Mark,
    Integer(i64),
    Text(Rc<str>),
    Tuple(Rc<[Value]>, usize),
    Global(Rc<str>),
    Storage(Rc<Storage>),
    Tensor(Rc<Described>),
    /// Dictionaries, truth values and nothing at all.
    Other,
}

struct Unpickler<'p> {
    path: &'p Path,
    rest: &'p [u8],
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    found: Vec<(String, Rc<Described>)>,
}

impl Unpickler<'_> {
    fn run(mut self) -> Result<Vec<(String, Rc<Described>)>> {
        loop {
            match self.byte()? {
                b'.' => return Ok(self.found),
                0x80 => drop(self.byte()?),
                b'c' => {
                    let name = format!("{}.{}", self.line()?, self.line()?);
                    self.stack.push(Value::Global(name.into()));
                }
                b'(' => self.stack.push(Value::Mark),
                b'}' | b']' | b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
                b')' => self.tuple(Vec::new())?,
                b't' => {
                    let items = self.above_mark()?;
                    self.tuple(items)?;
                }
                count @ 0x85..=0x87 => {
                    let start = self.stack.len().checked_sub(usize::from(count - 0x84));
                    let items = start.map(|start| self.stack.split_off(start)).ok_or_else(|| self.damaged())?;
                    self.tuple(items)?;
                }
                b'X' => {
                    let length = self.u32()? as usize;
                    let text = std::str::from_utf8(self.take(length)?).map(Rc::from);
                    self.stack.push(Value::Text(text.map_err(|_| self.damaged())?));
                }
                b'K' => {
                    let value = self.byte()?;
                    self.stack.push(Value::Integer(value.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(value.into()));
                }
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(value.into()));
                }
                b'q' => {
                    let key = self.byte()?.into();
                    self.remember(key)?;
                }
                b'r' => {
                    let key = self.u32()?;
                    self.remember(key)?;
                }
                b'h' => {
                    let key = self.byte()?.into();
                    self.recall(key)?;
                }
                b'j' => {
                    let key = self.u32()?;
                    self.recall(key)?;
                }
                b'Q' => self.storage()?,
                b'R' => self.call()?,
                // The state of a dictionary, which says nothing of tensors.
                b'b' => drop(self.pop()?),
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(&[key, value]);
                }
                b'u' => {
                    let items = self.above_mark()?;
                    items.chunks(2).for_each(|pair| self.set(pair));
                }
                other => return Err(self.wrong(format!("has the pickle instruction {other:#04x}"))),
            }
        }
    }

    fn wrong(&self, what: String) -> Error {
        Error::file(self.path, format!("{what}, which a dictionary of tensors has no need of"))
    }

    fn damaged(&self) -> Error {
        Error::file(self.path, "has a damaged data.pkl")
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn line(&mut self) -> Result<String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| self.damaged())?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.byte()?;
        Ok(line)
    }

    fn pop(&mut self) -> Result<Value> {
        self.stack.pop().ok_or_else(|| self.damaged())
    }

    fn above_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or_else(|| self.damaged())?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn tuple(&mut self, items: Vec<Value>) -> Result<()> {
        let depth = |value: &Value| if let Value::Tuple(_, depth) = value { *depth } else { 0 };
        let depth = 1 + items.iter().map(depth).max().unwrap_or(0);
        if depth > DEEPEST {
            return Err(self.wrong(format!("has tuples {depth} deep")));
        }
        self.stack.push(Value::Tuple(items.into(), depth));
        Ok(())
    }

    fn remember(&mut self, key: u32) -> Result<()> {
        let value = self.stack.last().cloned().ok_or_else(|| self.damaged())?;
        self.memo.insert(key, value);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<()> {
        let value = self.memo.get(&key).cloned().ok_or_else(|| self.damaged())?;
        self.stack.push(value);
        Ok(())
    }

    /// An entry of a dictionary. There is one that names tensors, and in its state some that name none.
    fn set(&mut self, entry: &[Value]) {
        if let [Value::Text(name), Value::Tensor(tensor)] = entry {
            self.found.push((name.to_string(), tensor.clone()));
        }
    }

    /// A reference to numbers: `("storage", type, key, device, length)`.
    fn storage(&mut self) -> Result<()> {
        let Value::Tuple(parts, _) = self.pop()? else { return Err(self.damaged()) };
        let [_, Value::Global(kind), Value::Text(key), _, Value::Integer(len)] = &*parts else {
            return Err(self.damaged());
        };
        let dtype = match &**kind {
            "torch.FloatStorage" => Dtype::F32,
            "torch.HalfStorage" => Dtype::F16,
            "torch.BFloat16Storage" => Dtype::BF16,
            other => {
                let message = format!("has a {other}; 32-bit, 16-bit and bfloat16 numbers are read");
                return Err(Error::file(self.path, message));
            }
        };
        let len = usize::try_from(*len).map_err(|_| self.damaged())?;
        self.stack.push(Value::Storage(Rc::new(Storage { dtype, key: key.to_string(), len })));
        Ok(())
    }

    /// A call, of one of the few functions that describe tensors.
    fn call(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments, _), Value::Global(function)) = (arguments, function) else {
            return Err(self.damaged());
        };
        let result = match (&*function, &*arguments) {
            ("collections.OrderedDict", _) => Value::Other,
            ("torch._utils._rebuild_parameter", [Value::Tensor(tensor), ..]) => Value::Tensor(tensor.clone()),
            (
                "torch._utils._rebuild_tensor_v2",
                [Value::Storage(storage), Value::Integer(offset), Value::Tuple(shape, _), Value::Tuple(strides, _), ..],
            ) => {
                let sizes = |values: &[Value]| values.iter().map(size).collect::<Option<Vec<usize>>>();
                let (shape, strides) = sizes(shape).zip(sizes(strides)).ok_or_else(|| self.damaged())?;
                if !is_row_by_row(&shape, &strides) {
                    let message = format!("has a tensor of shape {shape:?} that is not kept row by row");
                    return Err(Error::file(self.path, message));
                }
                let offset = usize::try_from(*offset).map_err(|_| self.damaged())?;
                Value::Tensor(Rc::new(Described { storage: storage.clone(), offset, shape }))
            }
            (other, _) => return Err(self.wrong(format!("calls {other}"))),
        };
        self.stack.push(result);
        Ok(())
    }
}

fn size(value: &Value) -> Option<usize> {
    if let Value::Integer(value) = value { usize::try_from(*value).ok() } else { None }
}

/// Whether each row follows the one before; the stride of an axis of one or no place means nothing.
fn is_row_by_row(shape: &[usize], strides: &[usize]) -> bool {
    let mut step = Some(1usize);
    let mut axes = shape.iter().zip(strides).rev();
    shape.len() == strides.len()
        && axes.all(|(side, stride)| {
            let fits = *side <= 1 || Some(*stride) == step;
            step = step.and_then(|step| step.checked_mul((*side).max(1)));
            fits
        })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const MODULE: &[u8] =
        include_bytes!("../../../colbert/tests/fixtures/pylate-longer-queries/1_Dense/pytorch_model.bin");

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

    #[test]
    fn rows_follow_one_another() {
        for (shape, strides, expected) in [
            (&[2, 3][..], &[3, 1][..], true),
            (&[2, 3], &[1, 2], false),
            (&[1, 3], &[7, 1], true),
            (&[3], &[2], false),
            (&[], &[], true),
            (&[2, 3], &[1], false),
        ] {
            assert_eq!(is_row_by_row(shape, strides), expected, "{shape:?} {strides:?}");
        }
    }
}
