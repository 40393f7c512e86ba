//! What values a tensor can have, as far as they are known here.

/// What the values of a weight are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// IEEE 16-bit floats.
    F16,
    /// 16-bit brain floats.
    Bf16,
    /// Unsigned 8-bit integers.
    U8,
    /// Signed 8-bit integers.
    I8,
    /// Unsigned 16-bit integers.
    U16,
    /// Signed 16-bit integers.
    I16,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 32-bit integers.
    I32,
    /// Unsigned 64-bit integers.
    U64,
    /// Signed 64-bit integers.
    I64,
    /// Truth values, a byte each.
    Bool,
}

impl DataType {
    /// Each with its number in `TensorProto.DataType`, and the bytes of one value.
    const ALL: [(Self, u64, usize); 13] = [
        (Self::F32, 1, 4),
        (Self::U8, 2, 1),
        (Self::I8, 3, 1),
        (Self::U16, 4, 2),
        (Self::I16, 5, 2),
        (Self::I32, 6, 4),
        (Self::I64, 7, 8),
        (Self::Bool, 9, 1),
        (Self::F16, 10, 2),
        (Self::F64, 11, 8),
        (Self::U32, 12, 4),
        (Self::U64, 13, 8),
        (Self::Bf16, 16, 2),
    ];

    pub(crate) fn of(number: u64) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == number).map(|(data_type, ..)| *data_type)
    }

    /// Its number, and the bytes of one value.
    pub(crate) fn facts(self) -> (u64, usize) {
        let known = Self::ALL.iter().find(|(data_type, ..)| *data_type == self);
        known.map_or((0, 0), |(_, number, bytes)| (*number, *bytes))
    }
}
