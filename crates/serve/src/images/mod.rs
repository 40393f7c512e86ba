//! Images, as requests give them: data URLs, bare base64, and addresses at hosts that the operator allows.

mod address;
#[cfg(feature = "hub")]
mod fetch;
mod hosts;

use std::time::Instant;

use base64_simd::forgiving_decode_to_vec;
use embedkit_core::ImageInput;

use crate::Error;
use crate::admission::Reservation;
use crate::blocking::off_thread;
use crate::config::Config;
use crate::error::{ApiError, ApiResult, Case};
use hosts::AllowedHosts;

/// How images of requests are read.
pub(crate) struct Images {
    hosts: AllowedHosts,
}

/// Most pixels of an image where nothing else is said, and of one of its sides.
const MOST_PIXELS: u64 = 50_000_000;
const LONGEST_SIDE: usize = 20_000;
/// Texts of images above are decoded on another thread.
const LARGE: usize = 16 << 10;

impl Images {
    /// # Errors
    /// A host that is none.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { hosts: AllowedHosts::new(&config.image_hosts)? })
    }

    /// The image that a text stands for, of at most so many pixels. They are not decoded yet. The bytes of one that is fetched
    /// are added to what is held of the request; those of another are fewer than its text's, whose place they take.
    pub(crate) async fn read(
        &self,
        text: String,
        most: Option<u64>,
        deadline: Instant,
        reservation: &Reservation,
    ) -> ApiResult<ImageInput> {
        let bytes = if has_scheme(&text, "http") || has_scheme(&text, "https") {
            self.fetch(text, deadline, reservation.clone()).await?
        } else if text.len() > LARGE {
            off_thread(move || inline(&text)).await?
        } else {
            inline(&text)?
        };
        check(&bytes, most.unwrap_or(MOST_PIXELS))?;
        Ok(ImageInput::bytes(bytes))
    }

    #[cfg(feature = "hub")]
    async fn fetch(&self, address: String, deadline: Instant, reservation: Reservation) -> ApiResult<Vec<u8>> {
        let target = self.hosts.target(&address).map_err(invalid)?;
        off_thread(move || fetch::fetch(&target, deadline, &fetch::SystemNames, &reservation)).await
    }

    #[cfg(not(feature = "hub"))]
    async fn fetch(&self, address: String, _: Instant, _: Reservation) -> ApiResult<Vec<u8>> {
        self.hosts.target(&address).map_err(invalid)?;
        Err(invalid("this program is built without what fetches images".to_owned()))
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new(Case::Invalid, message)
}

/// Whether a text is an address with this scheme.
fn has_scheme(text: &str, scheme: &str) -> bool {
    text.split_once(':').is_some_and(|(head, _)| head.eq_ignore_ascii_case(scheme))
}

/// The bytes of a data URL, or of bare base64.
fn inline(text: &str) -> ApiResult<Vec<u8>> {
    let data = if has_scheme(text, "data") {
        let (head, data) = text.split_once(',').ok_or_else(|| invalid("the data URL has no data".to_owned()))?;
        if !head.to_ascii_lowercase().ends_with(";base64") {
            return Err(invalid("the data URL must be one of base64".to_owned()));
        }
        data
    } else if text.contains(':') {
        return Err(invalid("an image is a data URL, base64, or an http address".to_owned()));
    } else {
        text
    };
    // As browsers read data URLs: with or without padding, whatever space is between.
    forgiving_decode_to_vec(data.as_bytes()).map_err(|_| invalid("the image is not valid base64".to_owned()))
}

/// Refuses what is no image, or has more pixels than any should, by its first bytes alone.
fn check(bytes: &[u8], most: u64) -> ApiResult<()> {
    let kinds = "an image is a PNG, JPEG, WebP or GIF file";
    let is_known = bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"GIF8")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"));
    if !is_known {
        return Err(invalid(kinds.to_owned()));
    }
    let size = imagesize::blob_size(bytes).map_err(|_| invalid("the image's header is damaged".to_owned()))?;
    let pixels = (size.width as u64).saturating_mul(size.height as u64);
    if size.width.max(size.height) > LONGEST_SIDE || pixels > most {
        let message = format!(
            "the image has {} x {} pixels, and {most} are the most, which is the operator's `max-pixels`; a side has \
             {LONGEST_SIDE} at most",
            size.width, size.height
        );
        return Err(invalid(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of so many pixels.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let head = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &[0; 17]].concat();
        embedkit_fixtures::png_of_sides(head, width, height)
    }

    #[test]
    fn images_come_as_data_urls_and_as_base64() {
        let png = png(3, 2);
        let base64 = base64_simd::STANDARD.encode_to_string(&png);
        let (bare, (first, rest)) = (base64.trim_end_matches('='), base64.split_at(20));
        for text in [
            base64.clone(),
            format!("data:image/png;base64,{base64}"),
            format!("DATA:;BASE64,{base64}\n"),
            format!("data:;base64,{bare}"),
            format!("{first}\r\n {rest}"),
        ] {
            let bytes = inline(&text).unwrap();
            assert_eq!(bytes, png);
            assert!(check(&bytes, MOST_PIXELS).is_ok());
        }
        for text in [
            "data:image/png,raw",
            "data:image/png;base64",
            "file:///etc/passwd",
            "ftp://a/b",
            "!",
            "data:;base64,!",
            "iVBOR",
            "iVBOR===",
            "iVBO-_==",
        ] {
            assert!(inline(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_scheme_is_what_stands_before_the_first_colon() {
        for (text, expected) in [
            ("data:", true),
            ("DaTa:x", true),
            ("data", false),
            ("database:", false),
            ("##国ttp://a", false),
            ("国国:", false),
            (":data:", false),
            ("", false),
        ] {
            assert_eq!(has_scheme(text, "data"), expected, "{text}");
        }
    }

    #[test]
    fn an_image_is_refused_by_its_first_bytes() {
        for (sides, expected) in [((7000, 7000), true), ((7100, 7100), false), ((20_001, 1), false)] {
            assert_eq!(check(&png(sides.0, sides.1), MOST_PIXELS).is_ok(), expected, "{sides:?}");
        }
        for (most, expected) in [(5, false), (6, true), (u64::MAX, true)] {
            assert_eq!(check(&png(3, 2), most).is_ok(), expected, "{most}");
        }
        for bytes in [&b""[..], b"<svg/>", b"\x89PNG\r\n\x1a\n", b"BM000000000000000000000000000000"] {
            assert!(check(bytes, MOST_PIXELS).is_err());
        }
    }
}
