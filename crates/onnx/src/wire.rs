//! The wire format of protocol buffers: the fields of a message, read and written.

use std::fmt;

/// The longest message that protocol buffers allow.
const LONGEST_MESSAGE: usize = (1 << 31) - 1;

/// Messages and groups are nested no deeper, as in the runtime's own reader.
pub(crate) const DEEPEST: usize = 100;

/// The kinds of the tags around a group.
const GROUP: u64 = 3;
const END_OF_GROUP: u64 = 4;

/// What is not an ONNX file, or holds weights in a way that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUnderstood(pub(crate) &'static str);

impl std::error::Error for NotUnderstood {}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A field of a message.
pub(crate) struct Field {
    pub(crate) number: u64,
    /// The number and the kind of the value, as the file has them.
    tag: u64,
    pub(crate) value: Value,
}

/// A field's value.
pub(crate) enum Value {
    Number(u64),
    /// A number of fixed width: the bytes of it.
    Fixed(Range),
    Bytes(Range),
    /// A group, which ONNX has none of, with the tag that ends it: the runtime passes it over.
    Group(Range),
}

/// A part of the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Range {
    pub(crate) fn of(self, file: &[u8]) -> &[u8] {
        &file[self.start..self.end]
    }

    pub(crate) fn text(self, file: &[u8]) -> Result<&str, NotUnderstood> {
        std::str::from_utf8(self.of(file)).map_err(|_| NotUnderstood("a name that is not UTF-8"))
    }
}

/// The fields of a message. Nothing follows an error.
pub(crate) fn fields(file: &[u8], message: Range) -> impl Iterator<Item = Result<Field, NotUnderstood>> + '_ {
    let mut reader = Reader { file, position: message.start, end: message.end };
    std::iter::from_fn(move || {
        let field = (reader.position < reader.end).then(|| reader.field())?;
        if field.is_err() {
            reader.position = reader.end;
        }
        Some(field)
    })
}

/// The numbers that are packed into one field.
pub(crate) fn packed(file: &[u8], range: Range) -> impl Iterator<Item = Result<u64, NotUnderstood>> + '_ {
    let mut reader = Reader { file, position: range.start, end: range.end };
    std::iter::from_fn(move || {
        let number = (reader.position < reader.end).then(|| reader.varint())?;
        if number.is_err() {
            reader.position = reader.end;
        }
        Some(number)
    })
}

/// A message that is being read.
struct Reader<'f> {
    file: &'f [u8],
    position: usize,
    end: usize,
}

impl Reader<'_> {
    fn field(&mut self) -> Result<Field, NotUnderstood> {
        let tag = self.tag()?;
        let number = tag >> 3;
        let value = match tag & 7 {
            GROUP => Value::Group(self.group(number)?),
            kind => self.value(kind)?,
        };
        Ok(Field { number, tag, value })
    }

    /// A field's number and the kind of its value. The runtime's reader cuts numbers that are too large: what is another
    /// field here must not be one that it knows.
    fn tag(&mut self) -> Result<u64, NotUnderstood> {
        match self.varint()? {
            0..8 => Err(NotUnderstood("a field without a number")),
            tag if tag > u64::from(u32::MAX) => Err(NotUnderstood("a field whose number is too large")),
            tag => Ok(tag),
        }
    }

    fn value(&mut self, kind: u64) -> Result<Value, NotUnderstood> {
        Ok(match kind {
            0 => Value::Number(self.varint()?),
            1 => Value::Fixed(self.pass(8)?),
            2 => {
                let bytes = self.varint()?;
                Value::Bytes(self.pass(bytes)?)
            }
            5 => Value::Fixed(self.pass(4)?),
            _ => return Err(NotUnderstood("a field of an unknown kind")),
        })
    }

    /// What follows the tag of a group, to the tag that ends it.
    fn group(&mut self, number: u64) -> Result<Range, NotUnderstood> {
        let start = self.position;
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            let tag = self.tag()?;
            match tag & 7 {
                GROUP if open.len() == DEEPEST => return Err(NotUnderstood("groups that are nested too deeply")),
                GROUP => open.push(tag >> 3),
                END_OF_GROUP if tag >> 3 == innermost => {
                    open.pop();
                }
                END_OF_GROUP => return Err(NotUnderstood("a group that ends as another")),
                kind => {
                    self.value(kind)?;
                }
            }
        }
        Ok(Range { start, end: self.position })
    }

    fn varint(&mut self) -> Result<u64, NotUnderstood> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.pass(1)?.of(self.file)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(NotUnderstood("a number of more than 64 bits"))
    }

    fn pass(&mut self, bytes: u64) -> Result<Range, NotUnderstood> {
        let start = self.position;
        let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
        let end = end.filter(|end| *end <= self.end);
        self.position = end.ok_or(NotUnderstood("a field that is longer than its message"))?;
        Ok(Range { start, end: self.position })
    }
}

/// A message that is being written. What does not fit into memory is an error, not the end of the process: the
/// sizes come from the file.
#[derive(Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn number(&mut self, number: u64, value: u64) -> Result<(), NotUnderstood> {
        self.varint(number << 3)?;
        self.varint(value)
    }

    pub(crate) fn field(&mut self, number: u64, bytes: &[u8]) -> Result<(), NotUnderstood> {
        self.varint(number << 3 | 2)?;
        self.varint(bytes.len() as u64)?;
        self.raw(bytes)
    }

    /// A field as the file has it.
    pub(crate) fn copy(&mut self, field: &Field, file: &[u8]) -> Result<(), NotUnderstood> {
        self.varint(field.tag)?;
        match field.value {
            Value::Number(number) => self.varint(number),
            Value::Fixed(range) | Value::Group(range) => self.raw(range.of(file)),
            Value::Bytes(range) => {
                self.varint((range.end - range.start) as u64)?;
                self.raw(range.of(file))
            }
        }
    }

    fn varint(&mut self, mut value: u64) -> Result<(), NotUnderstood> {
        while value >= 0x80 {
            self.raw(&[value as u8 | 0x80])?;
            value >>= 7;
        }
        self.raw(&[value as u8])
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), NotUnderstood> {
        if self.0.len() + bytes.len() > LONGEST_MESSAGE || self.0.try_reserve(bytes.len()).is_err() {
            return Err(NotUnderstood("a graph whose structure is larger than 2 GiB or than the memory there is"));
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
