//! Memory that the tokenizer library will take, asked for beforehand.

use std::collections::TryReserveError;

/// The most that the library takes for each byte of a text. Measured on 4 MB, by pipeline and text: one long word 66 to
/// 99, ideographs 38 to 64, words of one letter between marks 72 to 128, and 265 with the byte-level pre-tokenizer.
pub(crate) const OF_A_TEXT_BYTE: usize = 270;
/// What the library takes for each byte of a usual `tokenizer.json`. Measured: BPE 11 to 20, words 27, Unigram 39, added
/// tokens 6. Files made for it reach more: 77 by hundreds of thousands of normalisers, 350 by long Unigram pieces.
pub(crate) const OF_A_FILE_BYTE: usize = 40;
/// Less than this is taken without asking.
const LITTLE: usize = 16 << 20;

/// Fails where the memory for so many bytes, each of which takes `factor`, cannot be had: the library's own allocations
/// end the process when they fail. Where the system promises more than it has, it promises here too.
pub(crate) fn probe(bytes: usize, factor: usize) -> Result<(), TryReserveError> {
    let wanted = bytes.saturating_mul(factor);
    if wanted < LITTLE {
        return Ok(());
    }
    Vec::<u8>::new().try_reserve_exact(wanted)
}
