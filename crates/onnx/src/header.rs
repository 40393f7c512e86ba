//! What a tensor (`TensorProto`) says of itself: its name, its type, its shape, and where its values lie.

use std::borrow::Cow;

use crate::data_type::DataType;
use crate::error::FileError;
use crate::wire::{NotUnderstood, Range, Value, fields, packed};
use crate::{Error, Result};

/// More dimensions, or more entries about external data, than any tensor has.
const LONGEST_LIST: usize = 64;

/// Where a `TensorProto` has its values, the entries about external data, and whether these count.
pub(crate) const RAW_DATA: u64 = 9;
pub(crate) const EXTERNAL_DATA: u64 = 13;
pub(crate) const DATA_LOCATION: u64 = 14;
pub(crate) const EXTERNAL: u64 = 1;

/// A tensor without its values.
pub(crate) struct Header<'m> {
    pub(crate) name: &'m str,
    /// None of types that are not known here.
    pub(crate) data_type: Option<DataType>,
    pub(crate) shape: Vec<i64>,
    pub(crate) raw: Option<Range>,
    external: Vec<(&'m str, &'m str)>,
    is_external: bool,
}

/// Where values lie in another file.
pub(crate) struct Place<'m> {
    /// Its name, relative to the graph's folder.
    pub(crate) file: &'m str,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

impl<'m> Header<'m> {
    pub(crate) fn read(model: &'m [u8], tensor: Range) -> Result<Self, NotUnderstood> {
        let mut header =
            Self { name: "", data_type: None, shape: Vec::new(), raw: None, external: Vec::new(), is_external: false };
        for field in fields(model, tensor) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Number(dimension)) => push(&mut header.shape, dimension as i64)?,
                (1, Value::Bytes(range)) => {
                    for dimension in packed(model, range) {
                        push(&mut header.shape, dimension? as i64)?;
                    }
                }
                (2, Value::Number(number)) => header.data_type = DataType::of(number),
                (8, Value::Bytes(range)) => header.name = range.text(model)?,
                (RAW_DATA, Value::Bytes(range)) => header.raw = Some(range),
                (EXTERNAL_DATA, Value::Bytes(range)) => push(&mut header.external, entry(model, range)?)?,
                (DATA_LOCATION, Value::Number(location)) => header.is_external = location == EXTERNAL,
                _ => {}
            }
        }
        Ok(header)
    }

    /// The bytes that its values take; none of a type that is not known here, and of more than there can be.
    pub(crate) fn bytes(&self) -> Option<usize> {
        let mut sides = self.shape.iter().map(|side| usize::try_from(*side).ok());
        sides.try_fold(self.data_type?.facts().1, |bytes, side| bytes.checked_mul(side?))
    }

    /// Where its values lie in another file; none where it has them itself.
    pub(crate) fn place(&self) -> Result<Option<Place<'m>>, NotUnderstood> {
        if self.external.is_empty() || (self.raw.is_some() && !self.is_external) {
            return Ok(None);
        }
        let elsewhere = NotUnderstood("external data in a place that is not known here");
        let entry = |wanted: &str| self.external.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
        let number = |wanted: &str| entry(wanted).map_or(Ok(0), |number| number.parse().map_err(|_| elsewhere));
        let file = entry("location").ok_or(elsewhere)?;
        // As for the runtime, a length of 0 is none.
        let bytes = match (self.bytes(), number("length")?) {
            (None, 0) => return Err(NotUnderstood("external data of an unknown type")),
            (None, stated) => stated,
            (Some(bytes), stated) if stated == 0 || stated == bytes => bytes,
            (Some(_), _) => return Err(elsewhere),
        };
        Ok(Some(Place { file, offset: number("offset")?, bytes }))
    }
}

impl Place<'_> {
    /// The values of the tensor of this name.
    pub(crate) fn values<'f>(
        &self,
        name: &str,
        file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
    ) -> Result<Cow<'f, [u8]>> {
        let Self { file: at, offset, bytes } = *self;
        let content = file(at).map_err(|source| Error::File { file: at.to_owned(), source })?;
        let end = offset.checked_add(bytes).filter(|end| *end <= content.len());
        let Some(end) = end else { return Err(Error::Cut { name: name.to_owned(), file: at.to_owned() }) };
        Ok(match content {
            Cow::Borrowed(content) => Cow::Borrowed(&content[offset..end]),
            Cow::Owned(content) => Cow::Owned(content[offset..end].to_vec()),
        })
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), NotUnderstood> {
    if list.len() == LONGEST_LIST {
        return Err(NotUnderstood("a tensor of more than 64 dimensions or entries"));
    }
    list.push(item);
    Ok(())
}

/// A `StringStringEntryProto`: key and value.
pub(crate) fn entry(file: &[u8], range: Range) -> Result<(&str, &str), NotUnderstood> {
    let (mut key, mut value) = ("", "");
    for field in fields(file, range) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(range)) => key = range.text(file)?,
            (2, Value::Bytes(range)) => value = range.text(file)?,
            _ => {}
        }
    }
    Ok((key, value))
}
