//! What goes into a graph and what comes out, in our own types.

use std::borrow::Cow;

use super::BadOutput;
use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::TensorElementType;
use ort::value::{DynValue, Tensor as OrtTensor, TensorRef, ValueType};

/// A tensor for a graph's input.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    shape: Vec<usize>,
    data: Data<'a>,
}

#[derive(Clone, Debug)]
enum Data<'a> {
    Integers(Cow<'a, [i64]>),
    Floats(Cow<'a, [f32]>),
}

impl<'a> Tensor<'a> {
    /// Integers; `shape` may be empty for a single value.
    pub fn integers(shape: impl AsRef<[usize]>, data: impl Into<Cow<'a, [i64]>>) -> Self {
        Self { shape: shape.as_ref().to_vec(), data: Data::Integers(data.into()) }
    }

    /// Floats.
    pub fn floats(shape: impl AsRef<[usize]>, data: impl Into<Cow<'a, [f32]>>) -> Self {
        Self { shape: shape.as_ref().to_vec(), data: Data::Floats(data.into()) }
    }

    /// The value for an input that is declared with the given element type. Exports differ in it:
    /// 32-bit ids and 16-bit pixels occur.
    pub(super) fn to_value(&self, declared: TensorElementType) -> ort::Result<SessionInputValue<'_>> {
        let shape = self.shape.as_slice();
        Ok(match (&self.data, declared) {
            (Data::Integers(data), TensorElementType::Int32) => {
                let narrow: Vec<i32> = data.iter().map(|v| i32::try_from(*v).unwrap_or(i32::MAX)).collect();
                OrtTensor::from_array((shape.to_vec(), narrow))?.into()
            }
            (Data::Integers(data), TensorElementType::Bool) => {
                let flags: Vec<bool> = data.iter().map(|v| *v != 0).collect();
                OrtTensor::from_array((shape.to_vec(), flags))?.into()
            }
            (Data::Integers(data), TensorElementType::Float32) => {
                let floats: Vec<f32> = data.iter().map(|v| *v as f32).collect();
                OrtTensor::from_array((shape.to_vec(), floats))?.into()
            }
            (Data::Integers(data), _) => TensorRef::from_array_view((shape.to_vec(), &**data))?.into(),
            (Data::Floats(data), TensorElementType::Float16) => {
                let halves: Vec<f16> = data.iter().map(|v| f16::from_f32(*v)).collect();
                OrtTensor::from_array((shape.to_vec(), halves))?.into()
            }
            (Data::Floats(data), _) => TensorRef::from_array_view((shape.to_vec(), &**data))?.into(),
        })
    }
}

/// The precision in which a graph gave its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precision {
    /// 16-bit floats.
    F16,
    /// 16-bit brain floats.
    Bf16,
    /// 32-bit floats.
    F32,
    /// 64-bit floats, rounded to 32 bits.
    F64,
    /// 8-bit integers, signed or not, taken for floats as they are.
    Integers,
}

impl Precision {
    /// That of values of a type that a graph declares; none of what is no tensor of floats or 8-bit integers.
    pub(super) fn declared(kind: &ValueType) -> Option<Self> {
        match kind {
            ValueType::Tensor { ty: TensorElementType::Float16, .. } => Some(Self::F16),
            ValueType::Tensor { ty: TensorElementType::Bfloat16, .. } => Some(Self::Bf16),
            ValueType::Tensor { ty: TensorElementType::Float32, .. } => Some(Self::F32),
            ValueType::Tensor { ty: TensorElementType::Float64, .. } => Some(Self::F64),
            ValueType::Tensor { ty: TensorElementType::Int8 | TensorElementType::Uint8, .. } => Some(Self::Integers),
            _ => None,
        }
    }

    /// Rounds a value to this precision. The reference computes in wider types and casts back.
    pub fn round(self, value: f32) -> f32 {
        match self {
            Self::F16 => f16::from_f32(value).to_f32(),
            Self::Bf16 => bf16::from_f32(value).to_f32(),
            Self::F32 | Self::F64 | Self::Integers => value,
        }
    }
}

/// A graph's output, in floats.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Output<'a> {
    /// The shape; its product is the length of `data`.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub data: Cow<'a, [f32]>,
    /// The precision the graph gave them in.
    pub precision: Precision,
}

impl<'a> Output<'a> {
    /// An output from values at hand.
    pub fn new(shape: Vec<usize>, data: impl Into<Cow<'a, [f32]>>, precision: Precision) -> Self {
        Self { shape, data: data.into(), precision }
    }

    /// Reads a value of floats, or of the 8-bit integers that quantised models end in.
    pub(super) fn read(value: &'a DynValue) -> Result<Self, BadOutput> {
        let ValueType::Tensor { ty, .. } = value.dtype() else {
            return Err(BadOutput::Kind { found: value.dtype().to_string() });
        };
        let unusable = |error: ort::Error| BadOutput::Unusable(error.into());
        macro_rules! converted {
            ($type:ty, $convert:expr, $precision:expr) => {{
                let (shape, data) = value.try_extract_tensor::<$type>().map_err(unusable)?;
                (shape, Cow::Owned(data.iter().map($convert).collect()), $precision)
            }};
        }
        let (shape, data, precision) = match ty {
            TensorElementType::Float32 => {
                let (shape, data) = value.try_extract_tensor::<f32>().map_err(unusable)?;
                (shape, Cow::Borrowed(data), Precision::F32)
            }
            TensorElementType::Float16 => converted!(f16, |v| v.to_f32(), Precision::F16),
            TensorElementType::Bfloat16 => converted!(bf16, |v| v.to_f32(), Precision::Bf16),
            TensorElementType::Float64 => converted!(f64, |v| *v as f32, Precision::F64),
            TensorElementType::Int8 => converted!(i8, |v| f32::from(*v), Precision::Integers),
            TensorElementType::Uint8 => converted!(u8, |v| f32::from(*v), Precision::Integers),
            other => return Err(BadOutput::Kind { found: format!("a tensor of {other}") }),
        };
        let shape = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        Ok(Self { shape, data, precision })
    }

    /// The values of one row of the first axis.
    pub fn row(&self, row: usize) -> &[f32] {
        let size: usize = self.shape.iter().skip(1).product();
        &self.data[row * size..][..size]
    }
}
