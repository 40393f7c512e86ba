//! Why a file or a page is refused.

use std::borrow::Cow;
use std::path::Path;

use embedkit_core::Error;

/// Why a file or one of its pages is refused, in the words that end the error's message. A type of its own, as it also goes
/// from the process that renders to the one that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(Cow<'static, str>);

impl Refused {
    pub(super) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    pub(super) fn reason(&self) -> &str {
        &self.0
    }

    /// As the error of a file.
    pub(super) fn file(self, name: &Path) -> Error {
        Error::file(name, self.0)
    }

    /// As the error of a page, which the input's name goes before.
    pub(super) fn page(self) -> Error {
        Error::input(self.0)
    }
}
