//! Huffman codes (ITU-T T.81, annexes C and F.2.2), and the bits that they are read from.

use super::error::{JpegError, Result};
use super::markers::next_marker;

/// Codes of up to so many bits are looked up; longer ones are searched.
const LOOKED_UP: u32 = 11;
const LONGEST: usize = 16;

/// A table of codes.
pub(super) struct Codes {
    /// By the next bits.
    entries: [Entry; 1 << LOOKED_UP],
    symbols: Vec<u8>,
    /// The first number above the codes of a length, 16 bits wide; and what turns a code of it into a symbol's index.
    limits: [(u32, i32); LONGEST + 1],
}

/// What the next bits say, in one number: the coefficient behind the code where both fit in the looked-up bits, else 0; the
/// symbol; and the bits of the code, and of the coefficient where that is here, 0 when the code is longer.
#[derive(Clone, Copy, Default)]
struct Entry(u32);

impl Codes {
    /// Reads one table of a segment: how many codes there are of each length, and then their symbols.
    pub(super) fn read(counts: &[u8; LONGEST], symbols: &[u8]) -> Result<Self> {
        let damaged = || JpegError::Damaged("Huffman table");
        let mut entries = [Entry::default(); 1 << LOOKED_UP];
        let mut limits = [(0, 0); LONGEST + 1];
        let (mut code, mut index) = (0u32, 0);
        for (length, &count) in (1..).zip(counts) {
            for _ in 0..count {
                let symbol = *symbols.get(index).ok_or_else(damaged)?;
                if length <= LOOKED_UP {
                    let free = LOOKED_UP - length;
                    let block = entries.get_mut((code << free) as usize..((code + 1) << free) as usize);
                    for (tail, entry) in (0..).zip(block.ok_or_else(damaged)?) {
                        *entry = Entry::new(symbol, length, tail, free);
                    }
                }
                code += 1;
                index += 1;
            }
            if code > 1 << length {
                return Err(damaged());
            }
            limits[length as usize] = (code << (LONGEST as u32 - length), index as i32 - (code as i32));
            code <<= 1;
        }
        Ok(Self { entries, symbols: symbols.to_vec(), limits })
    }

    /// Whether every symbol is the size of a difference of DC coefficients.
    pub(super) fn are_sizes(&self) -> bool {
        self.symbols.iter().all(|size| *size <= 15)
    }

    /// The next symbol.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8> {
        bits.refill();
        let entry = self.entries[bits.peek(LOOKED_UP) as usize];
        if entry.length() == 0 {
            return self.long(bits);
        }
        let coefficient = if entry.value() == 0 { 0 } else { entry.symbol() & 15 };
        bits.skip(entry.length() - u32::from(coefficient));
        Ok(entry.symbol())
    }

    /// The next run of zeros and the coefficient behind it, which is 0 where the symbol is one of those without.
    #[inline(always)]
    pub(super) fn run(&self, bits: &mut Bits<'_>) -> Result<(u8, i16)> {
        bits.refill();
        let entry = self.entries[bits.peek(LOOKED_UP) as usize];
        if entry.value() != 0 {
            bits.skip(entry.length());
            return Ok((entry.symbol() >> 4, entry.value()));
        }
        let symbol = if entry.length() == 0 {
            self.long(bits)?
        } else {
            bits.skip(entry.length());
            entry.symbol()
        };
        Ok((symbol >> 4, bits.signed(symbol & 15)))
    }

    #[inline(always)]
    fn long(&self, bits: &mut Bits<'_>) -> Result<u8> {
        let (symbol, length) = self.search(bits.peek(LONGEST as u32)).ok_or(JpegError::Damaged("image data"))?;
        bits.skip(length);
        Ok(symbol)
    }

    /// The symbol of a code that is not looked up, and its bits.
    #[cold]
    #[inline(never)]
    fn search(&self, next: u32) -> Option<(u8, u32)> {
        let longer = (LOOKED_UP as usize + 1)..=LONGEST;
        let length = longer.into_iter().find(|length| next < self.limits[*length].0)?;
        let index = (next >> (LONGEST - length)) as i32 + self.limits[length].1;
        let symbol = self.symbols.get(usize::try_from(index).ok()?)?;
        Some((*symbol, length as u32))
    }
}

impl Entry {
    /// The entry of a code that is followed by `free` bits, which are `tail`.
    fn new(symbol: u8, length: u32, tail: u32, free: u32) -> Self {
        let size = u32::from(symbol & 15);
        let (value, length) =
            if size > 0 && size <= free { (signed(tail >> (free - size), size), length + size) } else { (0, length) };
        Self(u32::from(value as u16) << 16 | u32::from(symbol) << 8 | length)
    }

    #[inline(always)]
    fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }

    #[inline(always)]
    fn symbol(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    fn length(self) -> u32 {
        self.0 & 0xFF
    }
}

/// A number of `size` bits: those that start with 0 are negative (T.81, table F.1).
#[inline(always)]
fn signed(bits: u32, size: u32) -> i16 {
    let negative = ((bits >> (size - 1)) & 1) ^ 1;
    (bits as i32 - ((negative << size) - negative) as i32) as i16
}

/// The bits of a scan's data: in it, a byte of ones is followed by a zero byte; any other is a marker's.
#[derive(Clone, Copy)]
pub(super) struct Bits<'b> {
    data: &'b [u8],
    at: usize,
    /// The next bits, the first one highest.
    buffer: u64,
    /// How many of them there are.
    count: u32,
    /// How many of them are zeros that stand for what is missing.
    borrowed: u32,
}

impl<'b> Bits<'b> {
    pub(super) fn new(data: &'b [u8], at: usize) -> Self {
        Self { data, at, buffer: 0, count: 0, borrowed: 0 }
    }

    /// Gets at least 32 bits ready; a code and its coefficient have 31 at most.
    #[inline(always)]
    fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_be_bytes(*next);
            if !has_ones(word) {
                // Bits below the count are the next byte's, and come again.
                self.buffer |= word >> self.count;
                let bytes = (63 - self.count) >> 3;
                self.at += bytes as usize;
                self.count += bytes * 8;
                return;
            }
        }
        *self = self.refilled();
    }

    /// Byte by byte. By value, so that the quick way keeps its fields in registers.
    #[cold]
    #[inline(never)]
    fn refilled(mut self) -> Self {
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF), _) | (None, _) => {
                    self.borrowed += 8;
                    0
                }
                (Some(byte), _) => {
                    self.at += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next bits, from 1 to 32 of them, which a refill has got ready.
    #[inline(always)]
    fn peek(&self, count: u32) -> u32 {
        (self.buffer >> (64 - count)) as u32
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// A coefficient of `size` bits, up to 15, right behind its code.
    #[inline(always)]
    pub(super) fn signed(&mut self, size: u8) -> i16 {
        if size == 0 {
            return 0;
        }
        let bits = self.peek(size.into());
        self.skip(size.into());
        signed(bits, size.into())
    }

    /// The next bits, up to 16 of them.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        self.refill();
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Refuses data that ended before all that was read from it.
    #[inline(always)]
    pub(super) fn check(&self) -> Result<()> {
        if self.borrowed <= self.count {
            return Ok(());
        }
        Err(if self.at >= self.data.len() { JpegError::Truncated } else { JpegError::Damaged("image data") })
    }

    /// Goes on behind the restart marker with this number.
    pub(super) fn restart(&mut self, number: u8) -> Result<()> {
        self.check()?;
        let (marker, at) = next_marker(self.data, self.at)?;
        if marker != 0xD0 + number {
            return Err(JpegError::Damaged("order of restarts"));
        }
        *self = Self::new(self.data, at);
        Ok(())
    }

    /// Where the data goes on behind what has been read ahead.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}

/// Whether any byte is all ones.
#[inline(always)]
fn has_ones(word: u64) -> bool {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = LOW << 7;
    // A byte of the complement is zero exactly where subtracting 1 borrows into its high bit.
    (!word).wrapping_sub(LOW) & word & HIGH != 0
}
