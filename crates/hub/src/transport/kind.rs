//! The transports that can be chosen.

use crate::HubError;

/// How contents of repositories come; archives and [`Hub::download`](crate::Hub::download) are always over plain HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportKind {
    /// Requests of our own; `http` in `EMBEDKIT_HUB_TRANSPORT`.
    #[default]
    Http,
    /// Hugging Face's own client, which also reads from Xet storage; `hf-hub` in `EMBEDKIT_HUB_TRANSPORT`. Needs the
    /// feature `hf-hub`.
    HfHub,
}

impl TransportKind {
    /// The variable that names one.
    pub(crate) const VARIABLE: &str = "EMBEDKIT_HUB_TRANSPORT";

    /// The transport with this name.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`] when there is none.
    pub(crate) fn parse(name: &str) -> Result<Self, HubError> {
        match name {
            "http" => Ok(Self::Http),
            "hf-hub" => Ok(Self::HfHub),
            _ => Err(HubError::InvalidOption {
                option: Self::VARIABLE.to_owned(),
                message: format!("{name:?} is no transport; there are `http` and `hf-hub`"),
            }),
        }
    }
}
