//! Dense vectors as they are stored.

use std::path::Path;

use embedkit::Error;
use embedkit::vector::number::NumberType;
use embedkit::vector::{Error as VectorError, Int8Calibration, pack_binary, to_f16};
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

    /// Without a calibration file the range is that of normalised vectors, the same in every run, so
    /// that vectors of different runs can be compared.
    fn int8(&mut self, vector: &[f32]) -> embedkit::Result<Vec<i8>> {
        if let Some(calibration) = &self.calibration {
            return calibration.encode(vector);
        }
        if let Some(outside) = vector.iter().find(|value| value.abs() > 1.0 + 1e-5) {
            return Err(Error::input(format!(
                "int8 covers -1 to 1, and a value of its vector is {outside}: name a file of the model's vectors with \
                 --calibration"
            )));
        }
        Ok(Int8Calibration::uniform(vector.len(), -1.0, 1.0)?.encode(vector)?)
    }
}

fn misfit(encoding: &str, error: VectorError) -> Error {
    Error::InvalidInput {
        message: format!("its vector does not fit --encoding {encoding}"),
        source: Some(error.into()),
    }
}
