//! Memory that the tokenizer library will take, asked for beforehand.

use std::collections::TryReserveError;

/// What the library takes for each byte of a text, with margin (measured: 135 for BPE and Unigram).
pub(crate) const OF_A_TEXT_BYTE: usize = 150;
/// What the library takes for each byte of a `tokenizer.json`.
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
