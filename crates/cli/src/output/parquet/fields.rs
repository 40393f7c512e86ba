//! Kept fields as columns, of the types that the first rows have.

use std::collections::BTreeMap;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::schema::types::Type;
use serde_json::value::RawValue;

use super::arrow::{ArrowField, ArrowType};
use super::leaf::{Cells, Leaf};
use crate::output::kept;
use crate::ticket::Ticket;

/// The column of what fits no other: an object of the row's fields that the first rows did not have, or not of this type.
pub(super) const OTHER: &str = "other_fields";
/// Names that are not a field's.
const TAKEN: &[&str] = &["embedding", "sparse", "embeddings", "score", OTHER];

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    Null,
    Bool,
    Integer,
    Number,
    Text,
    /// Anything, as JSON.
    Json,
}

impl FieldType {
    fn of(value: &RawValue) -> Self {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::Text,
            Some(b'{' | b'[') => Self::Json,
            _ if text.parse::<i64>().is_ok() => Self::Integer,
            _ if text.contains(['.', 'e', 'E']) && is_in_range(text) => Self::Number,
            // A number that no column of numbers holds: a large integer, or one beyond floats.
            _ => Self::Json,
        }
    }

    /// The type that has room for both.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Null, other) | (other, Self::Null) => other,
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            _ => Self::Json,
        }
    }

    /// Whether a value can stand in a column of this type as it is.
    fn takes(self, value: &RawValue) -> bool {
        const EXACT: u64 = 1 << 53;
        match (self, Self::of(value)) {
            (_, Self::Null) | (Self::Json, _) => true,
            (Self::Number, Self::Integer) => value.get().parse::<i64>().is_ok_and(|n| n.unsigned_abs() <= EXACT),
            (one, other) => one == other,
        }
    }
}

/// Whether a number is neither infinite as a float nor, unless it is zero, nothing.
fn is_in_range(number: &str) -> bool {
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !digits.contains(|digit: char| ('1'..='9').contains(&digit));
    number.parse::<f64>().is_ok_and(|float| float.is_finite() && (float != 0.0 || is_zero))
}

/// The columns of kept fields, by their names.
pub(crate) type FieldTypes = BTreeMap<String, FieldType>;

/// The columns of kept fields.
pub(super) struct FieldColumns {
    types: FieldTypes,
    pub(super) misfits: usize,
}

impl FieldColumns {
    /// These columns.
    pub(super) fn new(types: FieldTypes) -> Self {
        Self { types, misfits: 0 }
    }

    /// The columns that these rows ask for.
    pub(super) fn of<'t>(tickets: impl Iterator<Item = &'t Ticket>) -> Self {
        let mut types = FieldTypes::new();
        for (name, value) in tickets.flat_map(|ticket| kept::named(ticket, TAKEN)) {
            let known = types.entry(name.into_owned()).or_insert(FieldType::Null);
            *known = known.or(FieldType::of(value));
        }
        // Whatever comes later is more likely a text than anything else.
        types.values_mut().filter(|known| **known == FieldType::Null).for_each(|known| *known = FieldType::Text);
        Self::new(types)
    }

    pub(super) fn types(&self) -> Result<Vec<Arc<Type>>, ParquetError> {
        let known = self.types.iter().map(|(name, kind)| (name.as_str(), *kind));
        known.chain([(OTHER, FieldType::Json)]).map(|(name, kind)| parquet_type(name, kind)).collect()
    }

    pub(super) fn arrow_fields(&self) -> impl Iterator<Item = ArrowField> + '_ {
        let known = self.types.iter().map(|(name, kind)| (name.as_str(), *kind));
        known.chain([(OTHER, FieldType::Json)]).map(|(name, kind)| ArrowField {
            name: name.to_owned(),
            nullable: true,
            kind: match kind {
                FieldType::Bool => ArrowType::Bool,
                FieldType::Integer => ArrowType::Int { bits: 64, signed: true },
                FieldType::Number => ArrowType::Float(64),
                FieldType::Null | FieldType::Text | FieldType::Json => ArrowType::Text,
            },
        })
    }

    /// The columns' values in these rows.
    pub(super) fn leaves<'t>(&mut self, tickets: impl Iterator<Item = &'t Ticket>) -> Vec<Leaf> {
        let mut others = Vec::new();
        let mut values: BTreeMap<&str, Vec<Option<&RawValue>>> = BTreeMap::new();
        for (row, ticket) in tickets.enumerate() {
            let mut other = BTreeMap::new();
            self.types.keys().for_each(|name| values.entry(name).or_default().push(None));
            for (name, value) in kept::named(ticket, TAKEN) {
                let column = self.types.get(&*name).filter(|kind| kind.takes(value));
                match (column, values.get_mut(&*name)) {
                    (Some(_), Some(column)) => column[row] = Some(value).filter(|value| value.get() != "null"),
                    _ => drop(other.insert(name, value)),
                }
            }
            self.misfits += other.len();
            others.push((!other.is_empty()).then(|| serde_json::to_string(&other).unwrap_or_default()));
        }
        let mut leaves: Vec<Leaf> = self.types.iter().map(|(name, kind)| leaf(*kind, &values[name.as_str()])).collect();
        let texts = others.iter().flatten().map(|text| ByteArray::from(text.as_str())).collect();
        leaves.push(Leaf::optional(Cells::Text(texts), others.iter().map(Option::is_some)));
        leaves
    }
}

fn leaf(kind: FieldType, values: &[Option<&RawValue>]) -> Leaf {
    let texts = values.iter().flatten().map(|value| value.get());
    let cells = match kind {
        FieldType::Bool => Cells::Bool(texts.map(|text| text == "true").collect()),
        FieldType::Integer => Cells::I64(texts.map(|text| text.parse().unwrap_or_default()).collect()),
        FieldType::Number => Cells::F64(texts.map(|text| text.parse().unwrap_or_default()).collect()),
        FieldType::Null | FieldType::Text => {
            let text = |text| serde_json::from_str::<String>(text).unwrap_or_default();
            Cells::Text(texts.map(|raw| ByteArray::from(text(raw).as_str())).collect())
        }
        FieldType::Json => Cells::Text(texts.map(ByteArray::from).collect()),
    };
    Leaf::optional(cells, values.iter().map(Option::is_some))
}

/// The columns of kept fields among those of a file.
pub(super) fn types_in(schema: &Type) -> FieldTypes {
    let optional = schema.get_fields().iter().filter(|field| field.is_primitive() && field.is_optional());
    let kept = optional.filter(|field| !matches!(field.name(), "line" | OTHER));
    kept.map(|field| {
        let info = field.get_basic_info();
        let kind = match (field.get_physical_type(), info.logical_type_ref()) {
            (Physical::BOOLEAN, _) => FieldType::Bool,
            (Physical::INT64, _) => FieldType::Integer,
            (Physical::DOUBLE, _) => FieldType::Number,
            (_, Some(LogicalType::Json)) => FieldType::Json,
            _ => FieldType::Text,
        };
        (field.name().to_owned(), kind)
    })
    .collect()
}

fn parquet_type(name: &str, kind: FieldType) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match kind {
        FieldType::Bool => (Physical::BOOLEAN, None),
        FieldType::Integer => (Physical::INT64, None),
        FieldType::Number => (Physical::DOUBLE, None),
        FieldType::Null | FieldType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        FieldType::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    let of = Type::primitive_type_builder(name, physical);
    of.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build().map(Arc::new)
}
