//! JSON, in the shape that Qdrant takes multi-vectors in: a list of rows, each a list of numbers.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::value::MultiVector;

/// As a list of rows: `[[0.1, 0.2], [0.3, 0.4]]`. Labels are left out.
impl Serialize for MultiVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

/// From a list of rows; it must have at least one, for else the width is not known.
impl<'de> Deserialize<'de> for MultiVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<Vec<f32>>::deserialize(deserializer)?;
        Self::from_rows(rows).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(data in prop::collection::vec(-1e30_f32..1e30, 3..60)) {
            let vector = MultiVector::new(3, data[..data.len() / 3 * 3].to_vec()).unwrap();
            let json = serde_json::to_string(&vector).unwrap();
            prop_assert_eq!(serde_json::from_str::<MultiVector>(&json).unwrap(), vector);
        }
    }

    #[test]
    fn the_shape_is_qdrants() {
        let vector = MultiVector::new(2, vec![0.5, 1.0, -2.0, 0.1]).unwrap();
        assert_eq!(serde_json::to_string(&vector).unwrap(), "[[0.5,1.0],[-2.0,0.1]]");
        for wrong in ["[]", "[[]]", "[[1.0],[1.0,2.0]]", "[[1e39]]", "[[null]]", "[1.0]"] {
            assert!(serde_json::from_str::<MultiVector>(wrong).is_err(), "{wrong}");
        }
    }
}
