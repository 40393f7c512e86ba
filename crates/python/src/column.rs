//! Results of many inputs, in columns: one allocation a column, none a row.

use embedkit::{Embedding, EmbeddingKind, Error, Result};

/// Results of neighbouring inputs. Those that failed have no row in the columns; where they stood is known.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) columns: Option<Columns>,
    /// Whether dense values are those of 16-bit floats.
    pub(crate) is_half: bool,
    /// Inputs, failed ones included.
    pub(crate) inputs: usize,
    /// Positions among the inputs, ascending, with their errors.
    pub(crate) failures: Vec<(usize, Error)>,
}

/// Results of one kind.
pub(crate) enum Columns {
    /// Vectors of one width, one after the other.
    Dense {
        dim: usize,
        values: Vec<f32>,
    },
    /// Where each row ends among indices and values.
    Sparse {
        ends: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f32>,
    },
    /// Where each multi-vector ends among the vectors, which are of one width.
    Multi {
        dim: usize,
        ends: Vec<usize>,
        values: Vec<f32>,
    },
    Scores(Vec<f32>),
    /// Several kinds of each input, by name.
    Several(Vec<(&'static str, Columns)>),
}

impl Window {
    /// Adds the next input's result.
    pub(crate) fn push(&mut self, result: Result<Embedding>) {
        let pushed = result.and_then(|embedding| match &mut self.columns {
            Some(columns) => columns.push(embedding),
            empty => {
                *empty = Some(Columns::of(embedding)?);
                Ok(())
            }
        });
        if let Err(error) = pushed {
            self.failures.push((self.inputs, error));
        }
        self.inputs += 1;
    }

    /// The rows of the columns in the order of the inputs: none where an input failed.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        let (mut row, mut failures) = (0, self.failures.iter().map(|(position, _)| *position).peekable());
        (0..self.inputs).map(move |position| {
            if failures.next_if_eq(&position).is_some() {
                return None;
            }
            row += 1;
            Some(row - 1)
        })
    }

    /// How many inputs there are before the first that failed.
    pub(crate) fn before_failure(&self) -> usize {
        self.failures.first().map_or(self.inputs, |(position, _)| *position)
    }
}

impl Columns {
    fn of(embedding: Embedding) -> Result<Self> {
        let mut columns = match &embedding {
            Embedding::Dense(vector) => Self::Dense { dim: vector.len(), values: Vec::new() },
            Embedding::Sparse(_) => Self::Sparse { ends: Vec::new(), indices: Vec::new(), values: Vec::new() },
            Embedding::Multi(vectors) => Self::Multi { dim: vectors.dim(), ends: Vec::new(), values: Vec::new() },
            Embedding::Score(_) => Self::Scores(Vec::new()),
            Embedding::Several(_) => {
                let Embedding::Several(parts) = embedding else { return Err(unknown()) };
                let parts = parts.into_iter().map(|(name, part)| Ok((name, Self::of(part)?)));
                return Ok(Self::Several(parts.collect::<Result<_>>()?));
            }
            _ => return Err(unknown()),
        };
        columns.push(embedding)?;
        Ok(columns)
    }

    fn push(&mut self, embedding: Embedding) -> Result<()> {
        match (self, embedding) {
            (Self::Dense { dim, values }, Embedding::Dense(vector)) if vector.len() == *dim => values.extend(vector),
            (Self::Sparse { ends, indices, values }, Embedding::Sparse(vector)) => {
                indices.extend_from_slice(vector.indices());
                values.extend_from_slice(vector.values());
                ends.push(indices.len());
            }
            (Self::Multi { dim, ends, values }, Embedding::Multi(vectors)) if vectors.dim() == *dim => {
                values.extend_from_slice(vectors.as_slice());
                ends.push(ends.last().copied().unwrap_or(0) + vectors.len());
            }
            (Self::Scores(scores), Embedding::Score(score)) => scores.push(score),
            (Self::Several(columns), Embedding::Several(parts)) => {
                for ((_, column), (_, part)) in columns.iter_mut().zip(parts) {
                    column.push(part)?;
                }
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

/// What a model's results are like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) kind: EmbeddingKind,
    /// Width of a vector; 0 where the model does not say.
    pub(crate) dim: usize,
}

impl Shape {
    /// Columns of no rows.
    pub(crate) fn columns(self) -> Columns {
        let Self { kind, dim } = self;
        match kind {
            EmbeddingKind::Sparse => Columns::Sparse { ends: Vec::new(), indices: Vec::new(), values: Vec::new() },
            EmbeddingKind::Multi => Columns::Multi { dim, ends: Vec::new(), values: Vec::new() },
            EmbeddingKind::Score => Columns::Scores(Vec::new()),
            EmbeddingKind::Several => {
                let parts = [EmbeddingKind::Dense, EmbeddingKind::Sparse, EmbeddingKind::Multi];
                let names = ["dense", "sparse", "multi_vector"];
                let columns = parts.map(|kind| Self { kind, dim }.columns());
                Columns::Several(names.into_iter().zip(columns).collect())
            }
            _ => Columns::Dense { dim, values: Vec::new() },
        }
    }
}

/// Results of one model are of one kind and width.
fn unknown() -> Error {
    Error::input("the model gave a result of another kind or width than before")
}

impl Window {
    /// Columns with a row for every input: NaN, or nothing, for those that failed. What the columns are like where all
    /// failed, `empty` says.
    pub(crate) fn spread(self, empty: &Shape) -> Columns {
        let rows: Vec<Option<usize>> = self.rows().collect();
        let columns = self.columns.unwrap_or_else(|| empty.columns());
        if self.failures.is_empty() { columns } else { columns.spread(&rows) }
    }
}

impl Columns {
    /// Leaves the first rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        let end = |ends: &[usize]| rows.checked_sub(1).map_or(0, |last| ends.get(last).copied().unwrap_or(usize::MAX));
        match self {
            Self::Dense { dim, values } => values.truncate(rows * *dim),
            Self::Sparse { ends, indices, values } => {
                let end = end(ends);
                indices.truncate(end);
                values.truncate(end);
                ends.truncate(rows);
            }
            Self::Multi { dim, ends, values } => {
                values.truncate(end(ends).saturating_mul(*dim));
                ends.truncate(rows);
            }
            Self::Scores(scores) => scores.truncate(rows),
            Self::Several(parts) => parts.iter_mut().for_each(|(_, part)| part.truncate(rows)),
        }
    }

    /// Adds rows of the same kind.
    pub(crate) fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Dense { values, .. }, Self::Dense { values: more, .. })
            | (Self::Scores(values), Self::Scores(more)) => values.extend(more),
            (
                Self::Sparse { ends, indices, values },
                Self::Sparse { ends: more_ends, indices: more_indices, values: more },
            ) => {
                let before = indices.len();
                ends.extend(more_ends.into_iter().map(|end| before + end));
                indices.extend(more_indices);
                values.extend(more);
            }
            (Self::Multi { ends, values, .. }, Self::Multi { ends: more_ends, values: more, .. }) => {
                let before = ends.last().copied().unwrap_or(0);
                ends.extend(more_ends.into_iter().map(|end| before + end));
                values.extend(more);
            }
            (Self::Several(parts), Self::Several(more)) => {
                parts.iter_mut().zip(more).for_each(|((_, part), (_, more))| part.append(more));
            }
            // One model gives one kind.
            _ => {}
        }
    }

    /// A row for each that is asked for: NaN, or nothing, for none.
    pub(crate) fn spread(self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Dense { dim, values } => {
                let mut spread = Vec::with_capacity(rows.len() * dim);
                for row in rows {
                    match row {
                        Some(row) => spread.extend_from_slice(&values[row * dim..(row + 1) * dim]),
                        None => spread.resize(spread.len() + dim, f32::NAN),
                    }
                }
                Self::Dense { dim, values: spread }
            }
            Self::Sparse { ends, indices, values } => Self::Sparse { ends: spread_ends(&ends, rows), indices, values },
            Self::Multi { dim, ends, values } => Self::Multi { dim, ends: spread_ends(&ends, rows), values },
            Self::Scores(scores) => {
                Self::Scores(rows.iter().map(|row| row.map_or(f32::NAN, |row| scores[row])).collect())
            }
            Self::Several(parts) => {
                Self::Several(parts.into_iter().map(|(name, part)| (name, part.spread(rows))).collect())
            }
        }
    }
}

/// Ends with an empty row for each that is missing.
fn spread_ends(ends: &[usize], rows: &[Option<usize>]) -> Vec<usize> {
    let mut last = 0;
    let end = |row: &Option<usize>| {
        last = row.map_or(last, |row| ends[row]);
        last
    };
    rows.iter().map(end).collect()
}
