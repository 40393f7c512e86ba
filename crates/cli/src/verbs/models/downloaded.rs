//! Which models are downloaded.

use embedkit::{ModelDescription, Registry};

use crate::args::CacheArgs;
use crate::failure::Result;

/// The ids of the models that are downloaded to where the environment says.
pub(super) fn ids() -> Result<Vec<String>> {
    let downloaded = Downloaded::new(&CacheArgs { cache_dir: None, offline: true })?;
    let models = Registry::global().list(&Default::default());
    let there = models.iter().filter(|model| downloaded.size(model).is_some());
    let mut ids: Vec<String> = there.map(|model| model.id.clone()).collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// What the cache has.
#[cfg(feature = "hub")]
pub(super) struct Downloaded(Option<embedkit::hub::Hub>);

#[cfg(feature = "hub")]
impl Downloaded {
    /// Looks into the cache that the arguments name. Where there is none, nothing is downloaded.
    pub(super) fn new(args: &CacheArgs) -> Result<Self> {
        match embedkit::hub::Hub::new(args.hub_options()) {
            Ok(hub) => Ok(Self(Some(hub))),
            Err(error) if args.cache_dir.is_some() => Err(embedkit::Error::from(error).into()),
            Err(_) => Ok(Self(None)),
        }
    }

    /// The bytes that the model takes, if it is there.
    pub(super) fn size(&self, model: &ModelDescription) -> Option<u64> {
        if model.sources.is_empty() {
            return None;
        }
        let cached = self.0.as_ref()?.cached(&embedkit::hub::request(model)).ok()??;
        Some(cached.size())
    }
}

/// Nothing: this program downloads no models.
#[cfg(not(feature = "hub"))]
pub(super) struct Downloaded;

#[cfg(not(feature = "hub"))]
impl Downloaded {
    pub(super) fn new(_: &CacheArgs) -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn size(&self, _: &ModelDescription) -> Option<u64> {
        None
    }
}
