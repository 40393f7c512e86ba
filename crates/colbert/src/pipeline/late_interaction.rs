//! `colbert` and `token-embeddings`: any graph from token ids to token vectors.

use std::borrow::Cow;
use std::ops::Range;

use embedkit_core::pipeline::behind_prompt;
use embedkit_core::session::{SessionPool, Tensor};
use embedkit_core::tokenizer::{Encoding, Side, TokenBatch, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Padding, Pipeline, Prepared, Purpose,
    Result, Role, RowField, RowPlaces, TextModel, Usage, parameter_names,
};
use embedkit_vector::multivector::MultiVector;

use super::parameters::Parameters;
use super::projection::Projection;
use super::rows::RowReader;
use super::seen::{Origins, seen};
use super::tokens::{TokenRow, Tokens};
use crate::FAMILY;

/// A graph from token ids to token vectors; how queries and documents differ stands in the row.
#[derive(Debug)]
pub struct LateInteraction {
    name: &'static str,
    /// Which end of a long text is cut off, and which of a short row is padded, to the longest and no further; none: the
    /// files say how.
    side: Option<Side>,
}

/// `colbert`: marked queries and documents. Whatever the files say, long texts lose their end, unless the row says
/// otherwise, and no padding stands before a text: it would move the text's positions by what its neighbours are. The
/// reference has queries one at a time and without such padding; its marker of documents would land in it.
pub static COLBERT: LateInteraction = LateInteraction { name: "colbert", side: Some(Side::Right) };

/// `token-embeddings`: the token vectors of a model that was not made for late interaction.
pub static TOKEN_EMBEDDINGS: LateInteraction = LateInteraction { name: "token-embeddings", side: None };

impl Architecture for LateInteraction {
    fn name(&self) -> &'static str {
        self.name
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Dim, ModelOption::Normalize, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Padding]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        if model.padding == Padding::MaxLength {
            return Err(Error::manifest(&model.id, "late interaction's `padding` is to the longest row only"));
        }
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters = Parameters::of(&context.model)?;
        let mut options = TokenizerOptions::default();
        options.reserved = parameters.reserved;
        options.truncation_side = if parameters.cut_start { Some(Side::Left) } else { self.side };
        options.padding_side = self.side;
        options.pad_exactly = self.side.is_some();
        options.lowercase = parameters.lowercase;
        let model = TextModel::load(context, options.clone())?;
        let projection = Projection::load(model.model(), &context.files, &parameters.projection)?;
        if let Some(projection) = &projection
            && model.sessions().is_open()
        {
            projection.check_output(model.model(), model.output_name()?)?;
        }
        Ok(AnyPipeline::new(LateInteractionPipeline {
            tokens: Tokens::load(context, &parameters, model.tokenizer(), options)?,
            projection,
            dim: context.dim,
            parameters,
            model,
        }))
    }
}

struct LateInteractionPipeline {
    model: TextModel,
    parameters: Parameters,
    tokens: Tokens,
    projection: Option<Projection>,
    /// The width to cut to.
    dim: Option<usize>,
}

impl LateInteractionPipeline {
    fn prompted<'t>(&self, text: &'t str, purpose: &Purpose) -> Result<Cow<'t, str>> {
        Ok(seen(purpose.prompted(self.model.model(), text)?, &self.parameters))
    }

    /// The rows as one batch: rows are padded beyond their own length only to be left out again, so
    /// that no text depends on its neighbours.
    fn batch(&self, rows: &[&TokenRow], role: Role) -> Result<(TokenBatch, Vec<Range<usize>>)> {
        let encodings: Vec<&Encoding> = rows.iter().map(|row| &row.encoding).collect();
        let mut batch = self.model.tokenizer().pad(&encodings, None)?;
        let own_cells: Vec<Range<usize>> = (0..batch.rows).map(|row| kept(batch.row_mask(row))).collect();
        if role == Role::Query && !self.parameters.attend_to_expansion {
            for (row, (cells, tokens)) in own_cells.iter().zip(rows).enumerate() {
                let start = row * batch.length;
                batch.mask[start + cells.start + tokens.text..start + cells.end].fill(0);
            }
        }
        Ok((batch, own_cells))
    }

    /// The cells of a row that become vectors.
    fn wanted(&self, ids: &[i64], cells: &Range<usize>, row: &TokenRow, role: Role) -> Vec<usize> {
        match role {
            Role::Query if self.parameters.filter_query_padding => (cells.start..cells.start + row.text).collect(),
            Role::Query => cells.clone().collect(),
            Role::Plain | Role::Passage => {
                let is_skipped = |id: i64| u32::try_from(id).is_ok_and(|id| self.tokens.is_skipped(id));
                cells.clone().filter(|cell| !is_skipped(ids[*cell])).collect()
            }
        }
    }

    fn reader(&self, role: Role) -> RowReader<'_> {
        RowReader {
            model: self.model.model(),
            projection: self.projection.as_ref(),
            dim: self.dim,
            normalize: match role {
                Role::Query => self.parameters.normalize_queries,
                Role::Plain | Role::Passage => self.model.model().normalize,
            },
            labels: self.parameters.labels.then_some(&self.model),
        }
    }
}

impl Pipeline for LateInteractionPipeline {
    type Input = str;
    type Prepared = TokenRow;
    type Output = MultiVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<TokenRow, MultiVector>> {
        let text = self.prompted(text, purpose)?;
        let (item, usage) = self.tokens.encode(&text, purpose.role, &self.parameters, self.model.tokenizer())?;
        let length = item.encoding.ids.len();
        Ok(Prepared::run(item, length, length * size_of::<u64>(), usage))
    }

    fn run(&self, rows: &[&TokenRow], purpose: &Purpose) -> Result<Vec<Result<MultiVector>>> {
        let (batch, own_cells) = self.batch(rows, purpose.role)?;
        let positions = Tensor::integers([batch.rows, batch.length], positions(&own_cells, batch.length));
        let reader = self.reader(purpose.role);
        self.model.run_batch(&batch, &[("position_ids", positions)], |row| {
            let wanted = self.wanted(row.ids, &own_cells[row.position], rows[row.position], purpose.role);
            reader.read(row, &wanted)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.tokens.usage(&self.prompted(text, purpose)?, purpose.role, self.model.tokenizer())
    }

    fn row_places(&self, text: &str, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        let (model, role) = (self.model.model(), purpose.role);
        let whole = purpose.prompted(model, text)?;
        let origins = Origins::of(&whole, &self.parameters);
        let (text, tokenizer) = (seen(whole, &self.parameters), self.model.tokenizer());
        let (row, places) = self.tokens.encode_with_places(&text, role, &self.parameters, tokenizer)?;
        let ids: Vec<i64> = row.encoding.ids.iter().copied().map(i64::from).collect();
        let wanted = self.wanted(&ids, &(0..ids.len()), &row, role);
        let places = wanted.into_iter().map(|cell| Some(origins.range(places[cell].clone()?)));
        Ok(Some(behind_prompt(places, purpose.prompt(model).map_or(0, str::len))))
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.model.tokenizer())
    }
}

/// The cells that a mask keeps; padding stands on one side of them only.
fn kept(mask: &[i64]) -> Range<usize> {
    let start = mask.iter().position(|kept| *kept != 0).unwrap_or(0);
    start..mask.iter().rposition(|kept| *kept != 0).map_or(start, |last| last + 1)
}

/// Each cell's position in its own row, from 0: mask tokens that are not attended to have theirs too.
fn positions(own_cells: &[Range<usize>], length: usize) -> Vec<i64> {
    let in_row = |cells: &Range<usize>| {
        let (start, last) = (cells.start as i64, cells.len().saturating_sub(1) as i64);
        (0..length as i64).map(move |cell| (cell - start).clamp(0, last))
    };
    own_cells.iter().flat_map(in_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_within_a_rows_own_cells() {
        for (mask, cells, expected) in
            [([1, 1, 1, 0], 0..3, [0, 1, 2, 2]), ([0, 0, 1, 1], 2..4, [0, 0, 0, 1]), ([0, 0, 0, 0], 0..0, [0, 0, 0, 0])]
        {
            assert_eq!(kept(&mask), cells);
            assert_eq!(positions(&[cells], 4), expected);
        }
    }
}
