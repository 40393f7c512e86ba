//! What reads files of a kind.

use std::path::Path;

use super::Documents;

/// A file that is read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InputFile<'f> {
    /// Its name, as records have it.
    pub name: &'f str,
    /// Where it is.
    pub path: &'f Path,
    /// What a pipeline can search.
    pub wanted: Wanted,
}

/// What a pipeline can search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// Texts.
    pub texts: bool,
    /// Images.
    pub images: bool,
}

impl Wanted {
    /// Texts alone.
    pub const TEXTS: Self = Self { texts: true, images: false };
    /// Images alone.
    pub const IMAGES: Self = Self { texts: false, images: true };
    /// Both.
    pub const ALL: Self = Self { texts: true, images: true };
}

/// Reads files of some kinds: what a program adds to the built-in ones.
pub trait Reader: Send + Sync {
    /// What the names of its files end in, in lower case and without the dot.
    fn kinds(&self) -> &[&str];

    /// Those of them that it reads where texts are searched, and where images are. Default: where texts are.
    fn gives(&self) -> Wanted {
        Wanted::TEXTS
    }

    /// Whether it is handed a file's bytes; one that is not reads the file at its path. Default: it is.
    fn takes_bytes(&self) -> bool {
        true
    }

    /// What its documents depend on beside a file's bytes: a file is read again when this is another. Default: nothing.
    fn settings(&self) -> String {
        String::new()
    }

    /// The documents of a file, with images where these are wanted.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow the file's name.
    fn read(&self, file: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String>;
}
