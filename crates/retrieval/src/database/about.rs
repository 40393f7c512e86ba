//! What a version in a database says of itself.

use embedkit_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::collection::{StageModel, Version};
use crate::pipeline::Pipeline;

/// The layout of points and payloads.
const FORMAT: u32 = 1;

/// What a version in a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct About {
    /// The layout of points and payloads.
    pub format: u32,
    /// How it is searched, as TOML.
    pub pipeline: String,
    /// The models of the stages.
    pub models: Vec<StageModel>,
    /// How many records it has once it is complete.
    pub records: usize,
    /// The digest of the version that it is a copy of.
    pub digest: String,
}

impl About {
    /// What a copy of a version says.
    ///
    /// # Errors
    /// Parameters that TOML cannot hold.
    pub fn of(version: &Version) -> Result<Self> {
        Ok(Self {
            format: FORMAT,
            pipeline: version.pipeline().to_toml()?,
            models: version.manifest().models.clone(),
            records: version.len(),
            digest: version.digest(),
        })
    }

    /// Reads what a database keeps.
    ///
    /// # Errors
    /// Another text, and one of another layout.
    pub fn parse(text: &str, place: &str) -> Result<Self> {
        let about: Self = serde_json::from_str(text)
            .map_err(|error| Error::file_because(place, "does not say what collection it is", error))?;
        if about.format != FORMAT {
            let message = format!("has the layout {}, and this program reads {FORMAT}", about.format);
            return Err(Error::file(place, message));
        }
        Ok(about)
    }

    /// The text that [`parse`](Self::parse) reads.
    ///
    /// # Errors
    /// None that is known of: strings and numbers are JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::input(format!("this cannot be written as JSON: {error}")))
    }

    /// How it is searched.
    ///
    /// # Errors
    /// A pipeline that this program does not know.
    pub fn pipeline(&self) -> Result<Pipeline> {
        Pipeline::parse(&self.pipeline)
    }
}
