//! Vectors as they are answered: numbers, or base64 of their bytes.

use embedkit_vector::multivector::MultiVector;
use embedkit_vector::{SparseVector, pack_binary, to_f16, unit_to_int8};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// Numbers, or base64 of their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Float,
    /// Little-endian bytes, standard alphabet, padded.
    Base64,
}

/// How values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dtype {
    #[default]
    Float,
    Float16,
    Int8,
    Uint8,
    /// Packed bits, minus 128.
    Binary,
    /// Packed bits.
    Ubinary,
}

/// A kind of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = OpenAiOutputKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutputKind {
    Dense,
    Sparse,
    MultiVector,
}

/// A vector on its way out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Encoded {
    Floats(Vec<f32>),
    Signed(Vec<i8>),
    Unsigned(Vec<u8>),
    Rows(Vec<Encoded>),
    /// Bytes that are written as base64.
    Base64(Vec<u8>),
}

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Floats(values) => values.serialize(serializer),
            Self::Signed(values) => values.serialize(serializer),
            Self::Unsigned(values) => values.serialize(serializer),
            Self::Rows(rows) => rows.serialize(serializer),
            Self::Base64(bytes) => serializer.serialize_bytes(bytes),
        }
    }
}

/// A sparse vector, as Qdrant takes it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct SparseBody {
    /// Unique, ascending.
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl From<&SparseVector> for SparseBody {
    fn from(vector: &SparseVector) -> Self {
        Self { indices: vector.indices().to_vec(), values: vector.values().to_vec() }
    }
}

/// A vector in the format that is asked for.
///
/// # Errors
/// Values that the type cannot hold.
pub(crate) fn encode(vector: Vec<f32>, dtype: Dtype, format: Format) -> embedkit_vector::Result<Encoded> {
    if format == Format::Base64 {
        return Ok(Encoded::Base64(bytes(&vector, dtype)?));
    }
    Ok(match dtype {
        Dtype::Float => Encoded::Floats(vector),
        Dtype::Float16 => Encoded::Floats(to_f16(&vector)?.into_iter().map(half::f16::to_f32).collect()),
        Dtype::Int8 => Encoded::Signed(unit_to_int8(&vector)?),
        Dtype::Uint8 => Encoded::Unsigned(uint8(&vector)?),
        Dtype::Binary => Encoded::Signed(pack_binary(&vector).into_iter().map(signed).collect()),
        Dtype::Ubinary => Encoded::Unsigned(pack_binary(&vector)),
    })
}

/// The rows of a multi-vector: a list of them, or one base64 text of all.
///
/// # Errors
/// As [`encode`].
pub(crate) fn encode_rows(rows: &MultiVector, dtype: Dtype, format: Format) -> embedkit_vector::Result<Encoded> {
    if format == Format::Float {
        let row = |row: &[f32]| encode(row.to_vec(), dtype, format);
        return Ok(Encoded::Rows(rows.rows().map(row).collect::<Result<_, _>>()?));
    }
    let mut all = Vec::new();
    for row in rows.rows() {
        all.extend(bytes(row, dtype)?);
    }
    Ok(Encoded::Base64(all))
}

fn bytes(vector: &[f32], dtype: Dtype) -> embedkit_vector::Result<Vec<u8>> {
    let raw = |bytes: Vec<i8>| bytes.into_iter().map(|byte| byte as u8).collect();
    Ok(match dtype {
        Dtype::Float => {
            // Chained iterators would not know the length, and take several times as long.
            let mut bytes = vec![0; 4 * vector.len()];
            let places = bytes.chunks_exact_mut(4).zip(vector);
            places.for_each(|(place, value)| place.copy_from_slice(&value.to_le_bytes()));
            bytes
        }
        Dtype::Float16 => to_f16(vector)?.into_iter().flat_map(half::f16::to_le_bytes).collect(),
        Dtype::Int8 => raw(unit_to_int8(vector)?),
        Dtype::Uint8 => uint8(vector)?,
        Dtype::Binary => pack_binary(vector).into_iter().map(|byte| signed(byte) as u8).collect(),
        Dtype::Ubinary => pack_binary(vector),
    })
}

fn uint8(vector: &[f32]) -> embedkit_vector::Result<Vec<u8>> {
    Ok(unit_to_int8(vector)?.into_iter().map(|value| (i16::from(value) + 128) as u8).collect())
}

/// A byte of bits as a signed number: minus 128, as Cohere has it.
fn signed(byte: u8) -> i8 {
    (i16::from(byte) - 128) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_numbers_and_its_bytes() {
        let vector = vec![1.0, -1.0, 0.0, 0.5, -0.25, 0.0, 0.0, 1.0, 1.0];
        let text = |dtype| serde_json::to_string(&encode(vector.clone(), dtype, Format::Float).unwrap()).unwrap();
        assert_eq!(text(Dtype::Float), "[1.0,-1.0,0.0,0.5,-0.25,0.0,0.0,1.0,1.0]");
        assert_eq!(text(Dtype::Ubinary), "[145,128]");
        assert_eq!(text(Dtype::Binary), "[17,0]");
        assert_eq!(text(Dtype::Int8), "[127,-128,-1,63,-32,-1,-1,127,127]");
        assert_eq!(text(Dtype::Uint8), "[255,0,127,191,96,127,127,255,255]");
        let decoded = |dtype| match encode(vector.clone(), dtype, Format::Base64).unwrap() {
            Encoded::Base64(bytes) => bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(decoded(Dtype::Float)[..8], [0, 0, 128, 63, 0, 0, 128, 191]);
        assert_eq!(decoded(Dtype::Float16).len(), 18);
        assert_eq!(decoded(Dtype::Int8)[1], 0x80);
        assert_eq!(decoded(Dtype::Binary), [17, 0]);
    }

    #[test]
    fn values_that_a_type_does_not_hold_are_refused() {
        for (dtype, value) in [(Dtype::Int8, 1.5), (Dtype::Uint8, -1.5), (Dtype::Float16, 1e6)] {
            for format in [Format::Float, Format::Base64] {
                let error = encode(vec![0.0, value], dtype, format).unwrap_err();
                assert!(
                    error.to_string().starts_with(&format!("dimension 1: {value} is beyond")),
                    "{dtype:?}: {error}"
                );
            }
        }
    }

    #[test]
    fn floats_are_the_shortest_text_that_reads_back() {
        let text = serde_json::to_string(&encode(vec![0.1, 1.0e-7], Dtype::Float, Format::Float).unwrap()).unwrap();
        assert_eq!(text, "[0.1,1e-7]");
    }
}
