//! Which columns a file has, and their values in a group of rows.

use std::sync::Arc;

use embedkit::{EmbeddingKind, SparseVector, Usage};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use super::arrow::{ArrowField, ArrowType};
use super::fields::{FieldColumns, FieldTypes};
use super::leaf::{Cells, Leaf};
use crate::formats::Encoding;
use crate::output::row::Part;
use crate::output::{Provenance, Stored, Values, VectorRow};
use crate::ticket::{Chunk, Ticket};

/// What is known of the rows before the first one.
#[derive(Clone)]
pub(crate) struct Layout {
    /// What the model gives, for a file without rows.
    pub(crate) kind: EmbeddingKind,
    /// How its vectors are stored.
    pub(crate) stored: Stored,
    /// Whether inputs are lines of a file.
    pub(crate) has_lines: bool,
    /// Whether inputs are cut into chunks.
    pub(crate) has_chunks: bool,
    pub(crate) with_usage: bool,
    pub(crate) keep_fields: bool,
    /// What the end of the file says.
    pub(crate) provenance: Provenance,
    /// The columns of kept fields, where rows that are there already have them.
    pub(crate) fields: Option<FieldTypes>,
}

/// The columns of a file.
pub(super) struct Columns {
    has_lines: bool,
    has_chunks: bool,
    with_usage: bool,
    vectors: Vec<VectorColumn>,
    fields: Option<FieldColumns>,
}

/// A column of results.
#[derive(Clone, Copy)]
enum VectorColumn {
    Dense(Element, usize),
    Sparse,
    Multi(Element, usize),
    Score,
}

/// A column of a chunk: its name, and its value.
type ChunkColumn = (&'static str, fn(&Chunk) -> usize);

/// The columns of a chunk.
const CHUNK: [ChunkColumn; 3] =
    [("chunk", |chunk| chunk.number), ("start", |chunk| chunk.start), ("end", |chunk| chunk.end)];

/// What a vector's values are.
#[derive(Clone, Copy)]
enum Element {
    F32,
    F16,
    I8,
    U8,
}

/// The values that a result holds.
pub(super) fn size(part: &Part) -> usize {
    match part {
        Part::Dense(values) => values.len(),
        Part::Sparse(vector) => vector.indices().len(),
        Part::Multi(rows) => rows.iter().map(Values::len).sum(),
        Part::Score(_) => 1,
    }
}

impl Columns {
    /// The columns that the first rows ask for.
    pub(super) fn new(layout: &Layout, rows: &[(Ticket, VectorRow)]) -> Self {
        let vectors = match rows.first() {
            Some((_, VectorRow(parts))) => {
                let column = |at| VectorColumn::of(rows.iter().filter_map(|(_, row)| row.0.get(at)), layout.stored);
                (0..parts.len()).map(column).collect()
            }
            None => VectorColumn::expected(layout.kind, layout.stored),
        };
        let fields = layout.keep_fields.then(|| match &layout.fields {
            Some(types) => FieldColumns::new(types.clone()),
            None => FieldColumns::of(rows.iter().map(|(ticket, _)| ticket)),
        });
        let Layout { has_lines, has_chunks, .. } = *layout;
        Self { has_lines, has_chunks, with_usage: layout.with_usage, vectors, fields }
    }

    /// Kept fields that had no column of their own.
    pub(super) fn misfits(&self) -> usize {
        self.fields.as_ref().map_or(0, |fields| fields.misfits)
    }

    pub(super) fn types(&self) -> Result<Vec<Arc<Type>>, ParquetError> {
        let mut types = vec![primitive("index", Physical::INT64, None, Repetition::REQUIRED)?];
        if self.has_lines {
            types.push(primitive("line", Physical::INT64, None, Repetition::OPTIONAL)?);
        }
        for (name, _) in CHUNK.into_iter().filter(|_| self.has_chunks) {
            types.push(primitive(name, Physical::INT64, None, Repetition::REQUIRED)?);
        }
        for column in &self.vectors {
            types.push(column.parquet_type()?);
        }
        if self.with_usage {
            types.push(primitive("tokens", Physical::INT64, None, Repetition::REQUIRED)?);
            types.push(primitive("truncated", Physical::BOOLEAN, None, Repetition::REQUIRED)?);
        }
        types.extend(self.fields.as_ref().map_or_else(|| Ok(Vec::new()), FieldColumns::types)?);
        Ok(types)
    }

    pub(super) fn arrow_fields(&self) -> Vec<ArrowField> {
        let integer = || ArrowType::Int { bits: 64, signed: true };
        let mut fields = vec![ArrowField::new("index", integer())];
        if self.has_lines {
            fields.push(ArrowField { nullable: true, ..ArrowField::new("line", integer()) });
        }
        fields.extend(CHUNK.iter().filter(|_| self.has_chunks).map(|(name, _)| ArrowField::new(*name, integer())));
        fields.extend(self.vectors.iter().map(VectorColumn::arrow_field));
        if self.with_usage {
            fields.push(ArrowField::new("tokens", integer()));
            fields.push(ArrowField::new("truncated", ArrowType::Bool));
        }
        fields.extend(self.fields.iter().flat_map(FieldColumns::arrow_fields));
        fields
    }

    /// The columns' values in these rows.
    pub(super) fn leaves(&mut self, rows: &[(Ticket, VectorRow)]) -> Vec<Leaf> {
        let tickets = || rows.iter().map(|(ticket, _)| ticket);
        let mut leaves = vec![Leaf::required(Cells::I64(tickets().map(|ticket| ticket.index as i64).collect()))];
        if self.has_lines {
            let lines = tickets().filter_map(Ticket::line).map(|line| line as i64).collect();
            leaves.push(Leaf::optional(Cells::I64(lines), tickets().map(|ticket| ticket.line().is_some())));
        }
        for (_, value) in CHUNK.into_iter().filter(|_| self.has_chunks) {
            let chunks = tickets().map(|ticket| ticket.chunk.as_ref().map_or(0, value) as i64);
            leaves.push(Leaf::required(Cells::I64(chunks.collect())));
        }
        for (at, column) in self.vectors.iter().enumerate() {
            let parts: Vec<&Part> = rows.iter().filter_map(|(_, row)| row.0.get(at)).collect();
            leaves.extend(column.leaves(&parts));
        }
        if self.with_usage {
            let usage = || tickets().map(|ticket| ticket.usage.unwrap_or_default());
            leaves.push(Leaf::required(Cells::I64(usage().map(|usage: Usage| usage.tokens as i64).collect())));
            leaves.push(Leaf::required(Cells::Bool(usage().map(|usage| usage.truncated).collect())));
        }
        leaves.extend(self.fields.as_mut().map(|fields| fields.leaves(tickets())).unwrap_or_default());
        leaves
    }
}

impl VectorColumn {
    /// The column of these results, which are stored so.
    fn of<'p>(mut parts: impl Iterator<Item = &'p Part>, stored: Stored) -> Self {
        match parts.next() {
            Some(Part::Dense(values)) => Self::Dense(Element::of(values), values.len()),
            Some(Part::Multi(rows)) => {
                let more = parts.filter_map(|part| if let Part::Multi(rows) = part { rows.first() } else { None });
                let first = rows.first().or_else(|| { more }.next());
                first.map_or_else(|| Self::multi(stored), |row| Self::Multi(Element::of(row), row.len()))
            }
            Some(Part::Score(_)) => Self::Score,
            _ => Self::Sparse,
        }
    }

    /// The columns of a model whose results are of this kind and stored so, when there are none.
    fn expected(kind: EmbeddingKind, stored: Stored) -> Vec<Self> {
        match kind {
            EmbeddingKind::Dense => vec![Self::dense(stored)],
            EmbeddingKind::Sparse => vec![Self::Sparse],
            EmbeddingKind::Multi => vec![Self::multi(stored)],
            EmbeddingKind::Score => vec![Self::Score],
            _ => vec![Self::dense(stored), Self::Sparse, Self::multi(stored)],
        }
    }

    fn dense(stored: Stored) -> Self {
        Self::Dense(Element::stored(stored.encoding), stored.width())
    }

    fn multi(stored: Stored) -> Self {
        Self::Multi(Element::stored(stored.encoding), stored.width())
    }

    fn parquet_type(&self) -> Result<Arc<Type>, ParquetError> {
        match self {
            Self::Dense(element, _) => list("embedding", element.parquet_type()?),
            Self::Multi(element, _) => list("embeddings", list("element", element.parquet_type()?)?),
            Self::Score => primitive("score", Physical::FLOAT, None, Repetition::REQUIRED),
            Self::Sparse => {
                let index = LogicalType::integer(32, false);
                let index = primitive("element", Physical::INT32, Some(index), Repetition::REQUIRED)?;
                let fields = vec![list("indices", index)?, list("values", Element::F32.parquet_type()?)?];
                let group = Type::group_type_builder("sparse").with_repetition(Repetition::REQUIRED);
                group.with_fields(fields).build().map(Arc::new)
            }
        }
    }

    fn arrow_field(&self) -> ArrowField {
        let fixed = |element: &Element, width: usize| match width {
            // Neither a vector nor the model tells the width.
            0 => ArrowType::List(ArrowField::element(element.arrow_type())),
            width => ArrowType::FixedList(ArrowField::element(element.arrow_type()), width as i32),
        };
        match self {
            Self::Dense(element, width) => ArrowField::new("embedding", fixed(element, *width)),
            Self::Multi(element, width) => {
                ArrowField::new("embeddings", ArrowType::List(ArrowField::element(fixed(element, *width))))
            }
            Self::Score => ArrowField::new("score", ArrowType::Float(32)),
            Self::Sparse => {
                let list = |name, kind| ArrowField::new(name, ArrowType::List(ArrowField::element(kind)));
                let indices = list("indices", ArrowType::Int { bits: 32, signed: false });
                ArrowField::new("sparse", ArrowType::Struct(vec![indices, list("values", ArrowType::Float(32))]))
            }
        }
    }

    fn leaves(&self, parts: &[&Part]) -> Vec<Leaf> {
        match self {
            Self::Dense(..) => {
                let vectors = || parts.iter().filter_map(|part| if let Part::Dense(v) = part { Some(v) } else { None });
                vec![Leaf::lists(Cells::of_vectors(vectors()), vectors().map(Values::len))]
            }
            Self::Multi(..) => {
                let all =
                    || parts.iter().filter_map(|part| if let Part::Multi(rows) = part { Some(rows) } else { None });
                let cells = Cells::of_vectors(all().flatten());
                vec![Leaf::nested(cells, all().map(|rows| rows.iter().map(Values::len)))]
            }
            Self::Score => {
                let scores =
                    parts.iter().filter_map(|part| if let Part::Score(score) = part { Some(*score) } else { None });
                vec![Leaf::required(Cells::F32(scores.collect()))]
            }
            Self::Sparse => {
                let all = || parts.iter().filter_map(|part| if let Part::Sparse(v) = part { Some(v) } else { None });
                let lengths = || all().map(|vector: &SparseVector| vector.indices().len());
                // Parquet keeps 32 bits; that they have no sign is said in the schema.
                let indices = all().flat_map(|vector| vector.indices().iter().map(|&index| index.cast_signed()));
                let values = all().flat_map(|vector| vector.values().iter().copied());
                vec![
                    Leaf::lists(Cells::I32(indices.collect()), lengths()),
                    Leaf::lists(Cells::F32(values.collect()), lengths()),
                ]
            }
        }
    }
}

impl Element {
    fn of(values: &Values) -> Self {
        match values {
            Values::F32(_) => Self::F32,
            Values::F16(_) => Self::F16,
            Values::Int8(_) => Self::I8,
            Values::Binary(_) => Self::U8,
        }
    }

    fn stored(encoding: Encoding) -> Self {
        match encoding {
            Encoding::F32 => Self::F32,
            Encoding::F16 => Self::F16,
            Encoding::Int8 => Self::I8,
            Encoding::Binary => Self::U8,
        }
    }

    fn parquet_type(self) -> Result<Arc<Type>, ParquetError> {
        let (physical, logical) = match self {
            Self::F32 => (Physical::FLOAT, None),
            Self::F16 => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16)),
            Self::I8 => (Physical::INT32, Some(LogicalType::integer(8, true))),
            Self::U8 => (Physical::INT32, Some(LogicalType::integer(8, false))),
        };
        primitive("element", physical, logical, Repetition::REQUIRED)
    }

    fn arrow_type(self) -> ArrowType {
        match self {
            Self::F32 => ArrowType::Float(32),
            Self::F16 => ArrowType::Float(16),
            Self::I8 => ArrowType::Int { bits: 8, signed: true },
            Self::U8 => ArrowType::Int { bits: 8, signed: false },
        }
    }
}

fn primitive(
    name: &str,
    physical: Physical,
    logical: Option<LogicalType>,
    repetition: Repetition,
) -> Result<Arc<Type>, ParquetError> {
    let builder = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical);
    let length = if physical == Physical::FIXED_LEN_BYTE_ARRAY { 2 } else { -1 };
    builder.with_length(length).build().map(Arc::new)
}

/// A list, as Parquet spells it.
fn list(name: &str, element: Arc<Type>) -> Result<Arc<Type>, ParquetError> {
    let repeated = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]);
    let list = Type::group_type_builder(name).with_repetition(Repetition::REQUIRED);
    let list = list.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(repeated.build()?)]);
    list.build().map(Arc::new)
}
