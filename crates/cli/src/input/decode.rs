//! Texts of other encodings, as UTF-8.

use std::io::Read;

/// What files of some editors begin with.
const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a reader, whose beginning is `start`, as UTF-8: from the encoding of that name, or from the one whose
/// mark the file begins with. Bytes that are no UTF-8 stay as they are where no other encoding is named.
///
/// # Errors
/// Why it cannot be read, and what would help.
pub(super) fn to_utf8<'r>(
    mut reader: impl Read + 'r,
    start: &[u8],
    encoding: Option<&str>,
) -> Result<Box<dyn Read + 'r>, String> {
    let marked = match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            return Err("is UTF-32: save it as UTF-8 (`iconv -f utf-32 -t utf-8`)".to_owned());
        }
        [0xff, 0xfe, ..] => Some("utf-16le"),
        [0xfe, 0xff, ..] => Some("utf-16be"),
        _ => None,
    };
    if let Some(name) = encoding.or(marked) {
        return decoded(reader, name);
    }
    if let Some(name) = looks_like_utf_16(start) {
        return Err(format!("looks like UTF-16 without a mark: say --input-encoding {name}"));
    }
    if start.starts_with(UTF_8_MARK) {
        let mut mark = [0; UTF_8_MARK.len()];
        reader.read_exact(&mut mark).map_err(|error| error.to_string())?;
    }
    Ok(Box::new(reader))
}

/// The beginning of a text as [`to_utf8`] gives it, as far as it can be read.
pub(super) fn beginning(start: &[u8], encoding: Option<&str>) -> Vec<u8> {
    let mut text = Vec::new();
    let read = to_utf8(start, start, encoding).map(|mut reader| reader.read_to_end(&mut text));
    if read.is_err() { start.to_owned() } else { text }
}

/// Latin letters in UTF-16 have a zero in every other byte.
fn looks_like_utf_16(start: &[u8]) -> Option<&'static str> {
    let pairs = start.as_chunks::<2>().0.get(..4)?;
    if pairs.iter().all(|[low, high]| *low != 0 && *high == 0) {
        Some("utf-16le")
    } else {
        pairs.iter().all(|[high, low]| *high == 0 && *low != 0).then_some("utf-16be")
    }
}

#[cfg(not(feature = "encodings"))]
fn decoded<'r>(_: impl Read + 'r, name: &str) -> Result<Box<dyn Read + 'r>, String> {
    Err(format!("is {name}, which needs a build with the feature `encodings`"))
}

#[cfg(feature = "encodings")]
fn decoded<'r>(reader: impl Read + 'r, name: &str) -> Result<Box<dyn Read + 'r>, String> {
    let encoding = encoding_rs::Encoding::for_label(name.as_bytes())
        .or_else(|| encoding_rs::Encoding::for_label(usual(name).as_bytes()))
        .ok_or_else(|| format!("cannot be read as {name:?}: that is no encoding of the WHATWG's list, as utf-16le, windows-1252 or shift_jis are"))?;
    Ok(Box::new(Decoded {
        reader,
        name: encoding.name(),
        decoder: encoding.new_decoder(),
        bytes: Vec::new(),
        text: Vec::new(),
        given: 0,
        ended: false,
    }))
}

/// An encoding's name as the WHATWG's list has it, for spellings of other programs: `latin-1`, `UTF_16_LE`, `utf16`.
#[cfg(feature = "encodings")]
fn usual(name: &str) -> String {
    let letters = name.to_ascii_lowercase().replace(['_', '-', ' '], "");
    match letters.strip_prefix("utf") {
        Some(rest) => format!("utf-{rest}"),
        None => letters,
    }
}

/// Text that is decoded as it is read.
#[cfg(feature = "encodings")]
struct Decoded<R> {
    reader: R,
    name: &'static str,
    decoder: encoding_rs::Decoder,
    /// Read and not decoded yet.
    bytes: Vec<u8>,
    /// Decoded.
    text: Vec<u8>,
    /// Bytes of it that were given out.
    given: usize,
    ended: bool,
}

#[cfg(feature = "encodings")]
impl<R: Read> Decoded<R> {
    /// Reads and decodes more.
    fn fill(&mut self) -> std::io::Result<()> {
        use encoding_rs::DecoderResult;

        let mut more = [0; 1 << 13];
        let count = self.reader.read(&mut more)?;
        self.ended = count == 0;
        self.bytes.extend_from_slice(&more[..count]);
        let longest = self.decoder.max_utf8_buffer_length_without_replacement(self.bytes.len());
        self.text.resize(longest.unwrap_or(self.bytes.len() * 4 + 16), 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.bytes, &mut self.text, self.ended);
        self.bytes.drain(..read);
        self.text.truncate(written);
        self.given = 0;
        match result {
            DecoderResult::Malformed(..) => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("is not {}; name its encoding with --input-encoding", self.name),
            )),
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
        }
    }
}

#[cfg(feature = "encodings")]
impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let count = bytes.len().min(self.text.len() - self.given);
        bytes[..count].copy_from_slice(&self.text[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: Option<&str>) -> Result<String, String> {
        let mut text = String::new();
        let mut reader = to_utf8(bytes, bytes, encoding)?;
        reader.read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
    }

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn marks_are_not_text() {
        assert_eq!(read(b"\xef\xbb\xbfa", None), Ok("a".to_owned()));
        assert_eq!(read("é\n日本".as_bytes(), None), Ok("é\n日本".to_owned()));
        assert!(read(b"\xff\xfe\0\0a\0\0\0", None).unwrap_err().contains("UTF-32"));
    }

    #[cfg(feature = "encodings")]
    #[test]
    fn other_encodings_are_read() {
        let text = "é\n日本 🐈".repeat(5000);
        let mark = |bytes| utf_16(&format!("\u{feff}{text}"), bytes);
        assert_eq!(read(&mark(u16::to_le_bytes), None), Ok(text.clone()));
        assert_eq!(read(&mark(u16::to_be_bytes), None), Ok(text.clone()));
        assert_eq!(read(&utf_16(&text, u16::to_le_bytes), Some("UTF-16LE")), Ok(text.clone()));
        for latin in ["latin1", "latin-1", "Latin_1", "iso-8859-1", "cp1252"] {
            assert_eq!(read(b"caf\xe9 \x80", Some(latin)), Ok("café €".to_owned()), "{latin}");
        }
        for name in ["utf-16-le", "UTF16LE", "utf_16", "utf16"] {
            assert_eq!(read(&utf_16(&text, u16::to_le_bytes), Some(name)), Ok(text.clone()), "{name}");
        }
        assert_eq!(read(b"\x93\xfa\x96\x7b", Some("shift_jis")), Ok("日本".to_owned()));
        assert!(read(b"a\xff", Some("utf-8")).unwrap_err().contains("not UTF-8"));
        assert!(read(b"a", Some("klingon")).unwrap_err().contains("klingon"));
        assert!(read(&utf_16("texts", u16::to_le_bytes), None).unwrap_err().contains("utf-16le"));
        assert!(read(&utf_16("texts", u16::to_be_bytes), None).unwrap_err().contains("utf-16be"));
        assert!(read(b"\xff\xfea", None).is_err(), "half a character");
    }
}
