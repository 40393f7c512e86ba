//! What a gzip stream holds, as `gzip` itself reads it.

use std::io::{BufRead, BufReader, Read, Result};

use flate2::bufread::GzDecoder;

/// The members of a stream, one after the other. Zeros behind a member fill up a block, of a tape or of a disk, and say
/// nothing.
pub(crate) struct Members<R> {
    /// The one that is read; none at the end.
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Members<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::new(packed))) }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(member) = self.member.take() else { break };
            let mut packed = member.into_inner();
            self.member = skip_zeros(&mut packed)?.then(|| GzDecoder::new(packed));
        }
        Ok(0)
    }
}

/// Goes on to what is not zero; tells whether there is something.
fn skip_zeros(packed: &mut impl BufRead) -> Result<bool> {
    loop {
        let there = packed.fill_buf()?;
        let zeros = there.iter().take_while(|byte| **byte == 0).count();
        let (is_end, is_other) = (there.is_empty(), zeros < there.len());
        packed.consume(zeros);
        if is_end || is_other {
            return Ok(is_other);
        }
    }
}
