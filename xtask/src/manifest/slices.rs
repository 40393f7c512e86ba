//! Cutting the catalogue into slices without changing the text of a row.

use embedkit_core::{Manifest, ModelDescription};

const HEADER: &str = "\
# Generated from the top-level models.toml by `cargo xtask manifest`; edit that one.
";

/// One row, and its text with the comments that stand in it or directly above.
#[derive(Debug)]
pub(super) struct Row<'a> {
    model: ModelDescription,
    text: &'a str,
}

/// The rows of a catalogue in their order: each paragraph that is not only comments is one.
///
/// # Errors
/// A paragraph that is not exactly one row.
pub(super) fn rows(catalogue: &str) -> Result<Vec<Row<'_>>, String> {
    let is_row = |paragraph: &&str| paragraph.lines().any(|line| !line.is_empty() && !line.starts_with('#'));
    catalogue.split("\n\n").map(str::trim).filter(is_row).map(row).collect()
}

fn row(text: &str) -> Result<Row<'_>, String> {
    let models = Manifest::parse("paragraph", text).map(|manifest| manifest.models);
    match models.ok().and_then(|models| <[_; 1]>::try_from(models).ok()) {
        Some([model]) => Ok(Row { model, text }),
        None => Err(format!("a row must be one paragraph of its own, without blank lines; this is not:\n{text}")),
    }
}

/// The slice of the rows that are wanted.
pub(super) fn slice(rows: &[Row<'_>], is_wanted: impl Fn(&ModelDescription) -> bool) -> String {
    let texts = rows.iter().filter(|row| is_wanted(&row.model)).map(|row| format!("\n{}\n", row.text));
    HEADER.to_owned() + &texts.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_text(id: &str, family: &str) -> String {
        format!("[[model]]\nid = \"{id}\"\nfamily = \"{family}\"\narchitecture = \"x\"")
    }

    #[test]
    fn rows_keep_their_text_order_and_comments() {
        let (one, two) = (row_text("one", "dense"), format!("# why\n{} # so", row_text("two", "dense")));
        let catalogue = format!("# head\n\n{one}\n\n\n# heading\n\n{}\n\n{two}\n", row_text("other", "image"));
        let rows = rows(&catalogue).unwrap();
        assert_eq!(slice(&rows, |row| row.family == "dense"), format!("{HEADER}\n{one}\n\n{two}\n"));
        assert_eq!(slice(&rows, |_| false), HEADER);
    }

    #[test]
    fn a_paragraph_is_one_row() {
        let row = row_text("one", "dense");
        for catalogue in [format!("{row}\n{row}"), format!("{row}\n\ndim = 3\n"), row.replace("\nfam", "\n\nfam")] {
            assert!(rows(&catalogue).unwrap_err().contains("one paragraph"), "{catalogue}");
        }
    }
}
