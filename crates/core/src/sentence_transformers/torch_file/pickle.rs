//! The pickle in a file of torch, which describes its tensors.
//!
//! Nothing in a pickle is run. Of its language only what describes a dictionary of tensors is understood
//! (<https://docs.python.org/3/library/pickletools.html>), and everything else is refused by name.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use safetensors::Dtype;

use crate::{Error, Result};

/// Tuples within tuples: more than any description has.
const DEEPEST: usize = 8;

/// Numbers that tensors share.
pub(super) struct Storage {
    pub(super) dtype: Dtype,
    pub(super) key: String,
    pub(super) len: usize,
}

/// A tensor's place in its storage.
pub(super) struct Described {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
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

/// The tensors that a pickle describes, by name.
///
/// # Errors
/// A pickle that is damaged, and what of it is not understood.
pub(super) fn tensors(path: &Path, pickle: &[u8]) -> Result<Vec<(String, Rc<Described>)>> {
    let unpickler = Unpickler { path, rest: pickle, stack: Vec::new(), memo: HashMap::new(), found: Vec::new() };
    unpickler.run()
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
    use super::*;

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
