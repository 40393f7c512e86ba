//! The values of one column of a group, with the levels that say where lists begin and what is missing.

use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;

use crate::output::{Target, Values};

/// Values of one physical type.
pub(super) enum Cells {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    F16(Vec<FixedLenByteArray>),
    Text(Vec<ByteArray>),
}

/// A column of a group.
pub(super) struct Leaf {
    cells: Cells,
    /// Definition and repetition levels; none of a column that has a value in every row.
    levels: Option<(Vec<i16>, Vec<i16>)>,
}

impl Leaf {
    /// A value in every row.
    pub(super) fn required(cells: Cells) -> Self {
        Self { cells, levels: None }
    }

    /// A value in those rows that are marked.
    pub(super) fn optional(cells: Cells, present: impl Iterator<Item = bool>) -> Self {
        let defined: Vec<i16> = present.map(i16::from).collect();
        let repeated = vec![0; defined.len()];
        Self { cells, levels: Some((defined, repeated)) }
    }

    /// A list in every row, of these lengths.
    pub(super) fn lists(cells: Cells, lengths: impl Iterator<Item = usize>) -> Self {
        let (mut defined, mut repeated) = (Vec::new(), Vec::new());
        for length in lengths {
            defined.extend(std::iter::repeat_n(i16::from(length > 0), length.max(1)));
            repeated.push(0);
            repeated.extend(std::iter::repeat_n(1, length.saturating_sub(1)));
        }
        Self { cells, levels: Some((defined, repeated)) }
    }

    /// A list of lists in every row, of these lengths.
    pub(super) fn nested<L: Iterator<Item = usize>>(cells: Cells, rows: impl Iterator<Item = L>) -> Self {
        let (mut defined, mut repeated) = (Vec::new(), Vec::new());
        for lists in rows {
            let begin = repeated.len();
            for length in lists {
                defined.extend(std::iter::repeat_n(if length > 0 { 2 } else { 1 }, length.max(1)));
                repeated.push(i16::from(repeated.len() > begin));
                repeated.extend(std::iter::repeat_n(2, length.saturating_sub(1)));
            }
            if repeated.len() == begin {
                defined.push(0);
                repeated.push(0);
            }
        }
        Self { cells, levels: Some((defined, repeated)) }
    }

    pub(super) fn write(self, group: &mut SerializedRowGroupWriter<'_, Target>) -> Result<(), ParquetError> {
        let levels = self.levels.as_ref();
        match &self.cells {
            Cells::Bool(values) => write::<BoolType>(group, values, levels),
            Cells::I32(values) => write::<Int32Type>(group, values, levels),
            Cells::I64(values) => write::<Int64Type>(group, values, levels),
            Cells::F32(values) => write::<FloatType>(group, values, levels),
            Cells::F64(values) => write::<DoubleType>(group, values, levels),
            Cells::F16(values) => write::<FixedLenByteArrayType>(group, values, levels),
            Cells::Text(values) => write::<ByteArrayType>(group, values, levels),
        }
    }
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Target>,
    values: &[T::T],
    levels: Option<&(Vec<i16>, Vec<i16>)>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let (defined, repeated) = levels.map(|(defined, repeated)| (defined.as_slice(), repeated.as_slice())).unzip();
    column.typed::<T>().write_batch(values, defined, repeated)?;
    column.close()
}

impl Cells {
    /// Encoded vectors, one after the other; all have the first one's encoding.
    pub(super) fn of_vectors<'v>(vectors: impl Iterator<Item = &'v Values>) -> Self {
        let mut cells = None;
        for vector in vectors {
            match (cells.get_or_insert_with(|| Self::like(vector)), vector) {
                (Self::F32(cells), Values::F32(values)) => cells.extend_from_slice(values),
                (Self::F16(cells), Values::F16(values)) => {
                    cells.extend(values.iter().map(|value| FixedLenByteArray::from(value.to_le_bytes().to_vec())));
                }
                (Self::I32(cells), Values::Int8(values)) => cells.extend(values.iter().copied().map(i32::from)),
                (Self::I32(cells), Values::Binary(values)) => cells.extend(values.iter().copied().map(i32::from)),
                _ => {}
            }
        }
        cells.unwrap_or(Self::F32(Vec::new()))
    }

    fn like(values: &Values) -> Self {
        match values {
            Values::F32(_) => Self::F32(Vec::new()),
            Values::F16(_) => Self::F16(Vec::new()),
            Values::Int8(_) | Values::Binary(_) => Self::I32(Vec::new()),
        }
    }
}
