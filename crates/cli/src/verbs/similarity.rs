//! `similarity`: a matrix to read.

use std::fmt::Write as _;

use embedkit::prelude::*;
use embedkit::vector::cosine;

use crate::args::SimilarityArgs;
use crate::columns;
use crate::failure::{Failure, Result};

/// Columns of a text that are shown beside its row.
const SHOWN: usize = 61;
/// The least that are worth while.
const LEAST: usize = 10;

pub(super) fn run(args: &SimilarityArgs) -> Result<()> {
    let family = args.model.family()?.name();
    if family != TextEmbedding::FAMILY {
        return Err(Failure::Usage(format!("similarity is for dense text models, and this one is {family}")));
    }
    let matrix = dense(args)?;
    match args.json {
        true => super::print_json(&serde_json::json!({ "texts": args.texts, "similarity": matrix })),
        false => super::print(&table(&args.texts, &matrix, columns::of_terminal())),
    }
}

fn dense(args: &SimilarityArgs) -> Result<Vec<Vec<f32>>> {
    let model = args.model.builder::<TextEmbedding>()?.build()?;
    let vectors: Vec<Vec<f32>> =
        model.embed_for(&args.texts, args.purpose.purpose()).collect::<embedkit::Result<_>>()?;
    let row = |a: &Vec<f32>| vectors.iter().map(|b| Ok(cosine(a, b)?)).collect::<Result<_>>();
    vectors.iter().map(row).collect()
}

fn table(texts: &[String], matrix: &[Vec<f32>], columns: Option<usize>) -> String {
    let room = columns.map(|columns| columns.saturating_sub(5 + 9 * texts.len() + 2));
    // Beside a matrix that is wider than the terminal there is room for nothing.
    let shown = room.filter(|room| *room >= LEAST).map_or(SHOWN, |room| room.min(SHOWN));
    let mut table = " ".repeat(5);
    for column in 1..=texts.len() {
        let _ = write!(table, " {:>8}", format!("[{column}]"));
    }
    table.push('\n');
    for ((row, text), number) in matrix.iter().zip(texts).zip(1..) {
        let _ = write!(table, "{:>5}", format!("[{number}]"));
        row.iter().for_each(|value| {
            let _ = write!(table, " {value:>8.4}");
        });
        let _ = writeln!(table, "  {}", shortened(text, shown));
    }
    table
}

/// The beginning of a text, on one line.
fn shortened(text: &str, shown: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    columns::cut(&line, shown)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_line_up() {
        let texts = ["a".to_owned(), "b\nc".repeat(30)];
        let table = super::table(&texts, &[vec![1.0, -0.5], vec![-0.5, 1.0]], None);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "           [1]      [2]");
        assert_eq!(lines[1], "  [1]   1.0000  -0.5000  a");
        assert!(lines[2].starts_with("  [2]  -0.5000   1.0000  b cb c") && lines[2].ends_with('…'));
        assert_eq!(lines.len(), 3);
    }
}
