//! Fetches model files and keeps them in the Hugging Face cache layout.

/// Why a model could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {}
