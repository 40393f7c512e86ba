//! SPLADE: a weight for every token of the vocabulary, from the logits of a masked language model.

use embedkit_vector::SparseVector;

use super::ScoringError;

/// SPLADE with max pooling: `max over tokens of ln(1 + max(logit, 0))`, of the tokens the mask keeps.
///
/// `logits` is `[tokens, vocabulary]`, row-major; `mask` has 1 for tokens and 0 for padding. The formula is of
/// Formal et al., "SPLADE v2: Sparse Lexical and Expansion Model for Information Retrieval", 2021. `round`
/// rounds to the precision of the logits, in which the reference takes the logarithm.
///
/// # Errors
/// [`ScoringError`] when the logits do not have a row for every token, or are NaN or infinite.
pub fn splade(logits: &[f32], mask: &[i64], round: impl Fn(f32) -> f32) -> Result<SparseVector, ScoringError> {
    // ln(1 + x) grows with x, so it may be taken after the maximum.
    splade_max(logits, mask, |logit| round(logit.ln_1p()))
}

/// SPLADE with sum pooling: the sum over tokens of each logit's weight, of the tokens the mask keeps.
///
/// `logits` is `[tokens, vocabulary]`, row-major; `mask` has 1 for tokens and 0 for padding. `weight` is of a logit that
/// is not negative, and 0 for 0, as `ln(1 + x)`, the formula of Formal et al., "SPLADE: Sparse Lexical and Expansion
/// Model for First Stage Ranking", 2021.
///
/// # Errors
/// As [`splade`].
pub fn splade_sum(logits: &[f32], mask: &[i64], weight: impl Fn(f32) -> f32) -> Result<SparseVector, ScoringError> {
    // It finds what is wrong with the logits.
    let mut sums = highest_logits(logits, mask)?;
    sums.fill(0.0);
    let vocabulary = sums.len().max(1);
    for (row, _) in logits.chunks_exact(vocabulary).zip(mask).filter(|(_, kept)| **kept != 0) {
        for (sum, logit) in sums.iter_mut().zip(row) {
            *sum += weight(logit.max(0.0));
        }
    }
    Ok(SparseVector::from_entries(nonzero(sums.into_iter()))?)
}

/// SPLADE with max pooling and any growing weight that is 0 for 0: [`splade`]'s is `ln(1 + x)`.
///
/// # Errors
/// As [`splade`].
pub fn splade_max(logits: &[f32], mask: &[i64], weight: impl Fn(f32) -> f32) -> Result<SparseVector, ScoringError> {
    let highest = highest_logits(logits, mask)?;
    Ok(SparseVector::from_entries(nonzero(highest.into_iter().map(weight)))?)
}

/// SPLADE as inference-free models are trained: `ln(1 + ln(1 + max(logit, 0)))` of the highest logit over
/// tokens, in f64; special tokens have no weight.
///
/// `logits` is `[tokens, vocabulary]`, row-major; `mask` has 1 for tokens and 0 for padding. The formula is of
/// Shen et al., "Exploring ℓ0 Sparsification for Inference-free Sparse Retrievers", 2025.
///
/// # Errors
/// As [`splade`].
pub fn inference_free_splade(
    logits: &[f32],
    mask: &[i64],
    special_ids: impl IntoIterator<Item = u32>,
) -> Result<SparseVector, ScoringError> {
    let mut highest = highest_logits(logits, mask)?;
    for id in special_ids {
        if let Some(logit) = highest.get_mut(id as usize) {
            *logit = 0.0;
        }
    }
    let weight = |logit| f64::from(logit).ln_1p().ln_1p() as f32;
    Ok(SparseVector::from_entries(nonzero(highest.into_iter().map(weight)))?)
}

/// `max(logit, 0)` over the tokens that the mask keeps, for each entry of the vocabulary.
fn highest_logits(logits: &[f32], mask: &[i64]) -> Result<Vec<f32>, ScoringError> {
    let vocabulary = logits.len().checked_div(mask.len()).unwrap_or(0);
    if vocabulary * mask.len() != logits.len() {
        let expected = format!("a row for each of {} tokens", mask.len());
        return Err(ScoringError::Shape { what: "logits", found: logits.len(), expected });
    }
    let mut highest = vec![0.0_f32; vocabulary];
    let mut has_nan = false;
    let rows = logits.chunks_exact(vocabulary.max(1)).zip(mask).filter(|(_, kept)| **kept != 0);
    for (row, _) in rows {
        for (highest, logit) in highest.iter_mut().zip(row) {
            has_nan |= logit.is_nan();
            *highest = if *logit > *highest { *logit } else { *highest };
        }
    }
    if has_nan { Err(ScoringError::Logit) } else { Ok(highest) }
}

fn nonzero(weights: impl Iterator<Item = f32>) -> impl Iterator<Item = (u32, f32)> {
    (0..).zip(weights).filter(|(_, weight)| *weight != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(logits: &[f32], mask: &[i64]) -> Result<SparseVector, ScoringError> {
        splade(logits, mask, |weight| weight)
    }

    #[test]
    fn the_highest_logit_of_a_kept_token_counts() {
        let logits = [1.0, -1.0, 0.0, 1e-8, 3.0, -2.0, -1.0, 0.0, 9.0, 9.0, 9.0, 9.0];
        let vector = plain(&logits, &[1, 1, 0]).unwrap();
        assert_eq!(vector.indices(), [0, 3]);
        assert_eq!(vector.values(), [3.0_f32.ln_1p(), 1e-8]);

        let sum = splade_sum(&logits, &[1, 1, 0], f32::ln_1p).unwrap();
        assert_eq!(sum.to_map(), [(0, 1.0_f32.ln_1p() + 3.0_f32.ln_1p()), (3, 1e-8)].into());
        let doubled = splade_max(&logits, &[1, 1, 0], |logit| logit.ln_1p().ln_1p()).unwrap();
        assert_eq!(doubled.to_map(), [(0, 3.0_f32.ln_1p().ln_1p()), (3, 1e-8)].into());

        let twice = inference_free_splade(&logits, &[1, 1, 0], [3, 77]).unwrap();
        assert_eq!(twice.to_map(), [(0, 3.0_f64.ln_1p().ln_1p() as f32)].into());
    }

    #[test]
    fn no_tokens_and_no_weights_give_an_empty_vector() {
        assert!(plain(&[], &[]).unwrap().is_empty());
        assert!(plain(&[-1.0, 0.0], &[1]).unwrap().is_empty());
        assert!(plain(&[1.0, 1.0], &[0]).unwrap().is_empty());
    }

    #[test]
    fn wrong_logits_are_refused() {
        assert!(plain(&[1.0, f32::NAN], &[1]).unwrap_err().to_string().contains("NaN"));
        assert!(plain(&[1.0, f32::INFINITY], &[1]).is_err());
        assert!(plain(&[1.0; 3], &[1, 1]).unwrap_err().to_string().contains("3 logits"));
        assert!(inference_free_splade(&[1.0, f32::NAN], &[1], []).is_err());
    }
}
