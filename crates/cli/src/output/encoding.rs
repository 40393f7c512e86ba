//! Dense vectors as they are stored.

use std::path::Path;

use embedkit::Error;
use embedkit::vector::number::NumberType;
use embedkit::vector::{Error as VectorError, pack_binary, to_f16, unit_to_int8};
use half::f16;
use serde::{Serialize, Serializer};

use super::calibration::Calibration;
use crate::failure::{Failure, Result};
use crate::formats::Encoding;

/// How a model's vectors are stored, which files say that have none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) encoding: Encoding,
    /// Values of a vector, where that is known.
    pub(crate) dim: Option<usize>,
}

impl Stored {
    /// The type of the numbers.
    pub(crate) fn number_type(self) -> NumberType {
        match self.encoding {
            Encoding::F32 => NumberType::F32,
            Encoding::F16 => NumberType::F16,
            Encoding::Int8 => NumberType::I8,
            Encoding::Binary => NumberType::U8,
        }
    }

    /// How many numbers a vector takes; 0 where that is not known.
    pub(crate) fn width(self) -> usize {
        let dim = self.dim.unwrap_or_default();
        match self.encoding {
            Encoding::Binary => dim.div_ceil(8),
            _ => dim,
        }
    }
}

/// An encoded vector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Int8(Vec<i8>),
    Binary(Vec<u8>),
}

impl Values {
    /// How many there are: a byte of bits counts as one.
    #[cfg(feature = "parquet")]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::Int8(values) => values.len(),
            Self::Binary(values) => values.len(),
        }
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::F32(values) => values.serialize(serializer),
            Self::F16(values) => serializer.collect_seq(values.iter().map(|value| value.to_f32())),
            Self::Int8(values) => values.serialize(serializer),
            Self::Binary(values) => values.serialize(serializer),
        }
    }
}

/// Encodes the vectors of a run.
pub(crate) struct Encoder {
    encoding: Encoding,
    calibration: Option<Calibration>,
}

impl Encoder {
    /// An encoder; `calibration` is a file of vectors that tells the ranges of int8.
    pub(crate) fn new(encoding: Encoding, calibration: Option<&Path>) -> Result<Self> {
        if calibration.is_some() && encoding != Encoding::Int8 {
            return Err(Failure::Usage("--calibration is for --encoding int8".to_owned()));
        }
        Ok(Self { encoding, calibration: calibration.map(Calibration::read).transpose()? })
    }

    /// The vector, encoded.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where it does not fit the encoding; another where no vector of the model does.
    pub(crate) fn encode(&mut self, vector: Vec<f32>) -> embedkit::Result<Values> {
        Ok(match self.encoding {
            Encoding::F32 => Values::F32(vector),
            Encoding::F16 => Values::F16(to_f16(&vector).map_err(|error| misfit("f16", error))?),
            Encoding::Binary => Values::Binary(pack_binary(&vector)),
            Encoding::Int8 => Values::Int8(self.int8(&vector)?),
        })
    }

    fn int8(&self, vector: &[f32]) -> embedkit::Result<Vec<i8>> {
        match &self.calibration {
            Some(calibration) => calibration.encode(vector),
            None => unit_to_int8(vector)
                .map_err(|error| misfit("int8 without --calibration, a file of the model's vectors", error)),
        }
    }
}

fn misfit(encoding: &str, error: VectorError) -> Error {
    Error::InvalidInput {
        message: format!("its vector does not fit --encoding {encoding}"),
        source: Some(error.into()),
    }
}
