//! The operators that a graph runs.

use crate::visit::{Kind, visit};
use crate::wire::{NotUnderstood, Range};

/// The field of a node that names its operator.
const OPERATOR: u64 = 4;

/// Calls `found` with the operator of every node, those of nested graphs and functions included. No weight is touched.
///
/// # Errors
/// What is not understood in the file.
pub fn operators<'f>(file: &'f [u8], mut found: impl FnMut(&'f str)) -> Result<(), NotUnderstood> {
    visit(file, Range { start: 0, end: file.len() }, Kind::Model, &mut |kind, number, range| {
        if (kind, number) == (Kind::Node, OPERATOR) {
            found(range.text(file)?);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end with a panic")]

    use super::*;
    use crate::wire::Message;

    fn message(fields: &[(u64, &[u8])]) -> Vec<u8> {
        let mut message = Message::default();
        fields.iter().for_each(|(number, bytes)| message.field(*number, bytes).unwrap());
        message.bytes()
    }

    #[test]
    fn operators_are_found_wherever_nodes_are() {
        let node = message(&[(1, b"input"), (2, b"output"), (3, b"name"), (4, b"Cast"), (7, b"domain")]);
        // The fields that lead to a node, from the innermost outwards.
        for way in [&[1, 7][..], &[1, 6, 5, 1, 7], &[1, 11, 5, 1, 7], &[7, 25], &[1, 6, 5, 7, 25], &[1, 1, 20]] {
            let file = way.iter().fold(node.clone(), |inner, number| message(&[(*number, &inner)]));
            let mut found = Vec::new();
            operators(&file, |name| found.push(name.to_owned())).unwrap();
            assert_eq!(found, ["Cast"], "{way:?}");
        }
        assert!(operators(&message(&[(7, &message(&[(1, &message(&[(4, b"\xff")]))]))]), drop).is_err());
    }

    #[test]
    fn what_is_written_in_values_is_no_operator() {
        let tensor = message(&[(8, b"weight"), (9, b"\x22\x04Cast")]);
        let file = message(&[(7, &message(&[(5, &tensor)]))]);
        operators(&file, |name| panic!("{name}")).unwrap();
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = operators(&bytes, drop);
        }
    }
}
