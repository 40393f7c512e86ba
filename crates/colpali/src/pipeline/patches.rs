//! Where a page's patches are.

use embedkit_vector::multivector::RowLabel;

/// The side of a square of so many patches.
pub(super) fn square_side(patches: usize) -> Option<usize> {
    let side = patches.isqrt();
    (side > 0 && side * side == patches).then_some(side)
}

/// The patches of a page, or of one view of it, row by row.
pub(super) fn of_view(rows: usize, columns: usize, tile: Option<usize>) -> impl Iterator<Item = RowLabel> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| label(row, column, tile)))
}

/// The patches of a page that is cut into tiles of `side` times `side` patches: tile by tile, each
/// row by row, counted through the page.
pub(super) fn of_tiles(rows: usize, columns: usize, side: usize) -> impl Iterator<Item = RowLabel> {
    let tiles = (0..rows).flat_map(move |row| (0..columns).map(move |column| (row * side, column * side)));
    tiles.flat_map(move |(top, left)| {
        (0..side).flat_map(move |row| (0..side).map(move |column| label(top + row, left + column, None)))
    })
}

fn label(row: usize, column: usize, tile: Option<usize>) -> RowLabel {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    RowLabel::Patch { tile: tile.map(narrow), row: narrow(row), column: narrow(column) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_counted_through_the_tiles() {
        let labels: Vec<String> = of_tiles(1, 2, 2).map(|label| label.to_string()).collect();
        let expected = ["0,0", "0,1", "1,0", "1,1", "0,2", "0,3", "1,2", "1,3"];
        assert_eq!(labels, expected.map(|place| format!("patch {place}")));
        let view: Vec<String> = of_view(1, 2, Some(3)).map(|label| label.to_string()).collect();
        assert_eq!(view, ["tile 3 patch 0,0", "tile 3 patch 0,1"]);
    }

    #[test]
    fn squares_have_sides() {
        for (patches, side) in [(1024, Some(32)), (64, Some(8)), (1, Some(1)), (0, None), (63, None)] {
            assert_eq!(square_side(patches), side);
        }
    }
}
