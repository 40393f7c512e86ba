//! Texts in a file's own words, such as titles: UTF-16, UTF-8, or PDF's own encoding of a byte a character.

/// Characters of the bytes from 0x18, and from 0x80; the other bytes are those of Latin-1.
const FROM_18: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
const FROM_80: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ',
    'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// What a text string says.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| character(*byte)).collect(),
    }
}

fn character(byte: u8) -> char {
    match byte {
        0x18..=0x1f => FROM_18[usize::from(byte - 0x18)],
        0x80..=0xa0 => FROM_80[usize::from(byte - 0x80)],
        _ => byte.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn each_encoding_is_told_by_its_first_bytes() {
        assert_eq!(decoded(b"\xfe\xff\x00G\x00r\x00\xf6\xd8\x3d\xde\x00"), "Grö😀");
        assert_eq!(decoded(b"\xff\xfeG\x00r\x00"), "Gr");
        assert_eq!(decoded(b"\xef\xbb\xbfGr\xc3\xb6"), "Grö");
        assert_eq!(decoded(b"1\x85\x8d\xd6\x8e \xa0 \x1a\x93"), "1–“Ö” € ˆﬁ");
        assert_eq!(decoded(b"\xfe\xff\x00"), "");
    }
}
