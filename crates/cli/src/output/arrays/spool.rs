//! An array that grows in a temporary file, since its length stands before its values.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use embedkit::vector::number::{Number, NumberType};

use crate::failure::{Failure, Result};

/// A named array of numbers of one type.
pub(super) struct Spool {
    name: &'static str,
    file: BufWriter<File>,
    number_type: Option<NumberType>,
    /// The width of its rows, where it has two axes.
    width: Option<u64>,
    len: u64,
    bytes: u64,
}

impl Spool {
    pub(super) fn new(name: &'static str) -> Result<Self> {
        let file = tempfile::tempfile().map_err(Failure::io("a temporary file"))?;
        Ok(Self {
            name,
            file: BufWriter::with_capacity(1 << 16, file),
            number_type: None,
            width: None,
            len: 0,
            bytes: 0,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Its values.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its rows.
    pub(super) fn rows(&self) -> u64 {
        self.width.map_or(self.len, |width| self.len.checked_div(width).unwrap_or(0))
    }

    /// The bytes of its values.
    pub(super) fn size(&self) -> u64 {
        self.bytes
    }

    pub(super) fn number_type(&self) -> NumberType {
        self.number_type.unwrap_or(NumberType::F32)
    }

    pub(super) fn shape(&self) -> Vec<u64> {
        match self.width {
            Some(width) => vec![self.rows(), width],
            None => vec![self.len],
        }
    }

    /// The type of an array without values, and the width that its rows would have.
    pub(super) fn declare(&mut self, number_type: NumberType, width: Option<u64>) {
        (self.number_type, self.width) = (Some(number_type), width);
    }

    /// Adds values.
    pub(super) fn push<T: Number>(&mut self, values: &[T]) -> Result<()> {
        let fail = Failure::io("a temporary file");
        self.number_type = Some(T::TYPE);
        let mut write = || {
            values.iter().try_for_each(|value| {
                let cell = value.to_cell();
                self.bytes += cell.as_ref().len() as u64;
                self.file.write_all(cell.as_ref())
            })
        };
        write().map_err(fail)?;
        self.len += values.len() as u64;
        Ok(())
    }

    /// Adds a row, as wide as the first.
    pub(super) fn push_row<T: Number>(&mut self, values: &[T]) -> Result<()> {
        let width = *self.width.get_or_insert(values.len() as u64);
        if width != values.len() as u64 {
            let found = values.len();
            return Err(Failure::Failed(format!("a vector of {found} values, where those before have {width}")));
        }
        self.push(values)
    }

    /// Writes its values.
    pub(super) fn copy_to(&mut self, target: &mut impl Write) -> io::Result<()> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        io::copy(file, target).map(drop)
    }
}
