//! Models from the Hugging Face Hub: `embedkit-hub`, asked for what a row names.
//!
//! ```no_run
//! use embedkit_core::hub::{self, Hub, HubOptions};
//! use embedkit_core::{ModelDescription, Source};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let mut model = ModelDescription::new("my/model", "dense", "transformer");
//! model.model_file = "onnx/model.onnx".into();
//! model.sources = vec![Source::Hub { hf: "my/model".into(), revision: None }];
//!
//! let hub = Hub::new(HubOptions::default().on_event(|event| eprintln!("{event:?}")))?;
//! let files = hub::fetch(&hub, &model)?;
//! # let _ = files;
//! # Ok(())
//! # }
//! ```

pub use embedkit_hub::{
    Cached, Expected, FileReport, FileStatus, Hub, HubError, HubEvent, HubOptions, Report, Request, TransportKind,
};

use crate::error::Cause;
use crate::{Error, ModelDescription, ModelFiles, Result, Source};

/// The request for a model's files: those that its row names, from the row's sources on the network.
pub fn request(model: &ModelDescription) -> Request {
    let mut request = Request::new(&model.id);
    for source in &model.sources {
        request = match source {
            Source::Hub { hf, revision } => request.repository(hf, revision.as_deref()),
            Source::Archive { url, sha256 } => request.archive(url, sha256.as_deref()),
            Source::Folder { .. } | Source::Embedded { .. } => request,
        };
    }
    // The weights come last: what is wrong elsewhere shows before the largest file is there.
    let mut required: Vec<&str> = model.required_files().collect();
    required.reverse();
    request.required = required.into_iter().map(str::to_owned).collect();
    request.optional.clone_from(&model.config_files);
    for (file, digest) in &model.digests {
        let mut expected = Expected::default();
        expected.size = digest.size;
        expected.sha256.clone_from(&digest.sha256);
        request = request.expected(file, expected);
    }
    if model.model_file.ends_with(".onnx") { request.graph(&model.model_file) } else { request }
}

impl From<HubError> for Error {
    fn from(error: HubError) -> Self {
        let is_retryable = error.is_retryable();
        Self::Download(Cause::new(error, is_retryable))
    }
}

/// A model's files: from the cache, else from its row's sources, in their order.
///
/// # Errors
/// [`Error::Download`]: see [`Hub::fetch`].
pub fn fetch(hub: &Hub, model: &ModelDescription) -> Result<ModelFiles> {
    ModelFiles::folder(hub.fetch(&request(model))?)
}

/// A model's files, those that are wrong or missing in the cache fetched anew.
///
/// # Errors
/// [`Error::Download`]: see [`Hub::repair`].
pub fn repair(hub: &Hub, model: &ModelDescription) -> Result<ModelFiles> {
    ModelFiles::folder(hub.repair(&request(model))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileDigest;

    #[test]
    fn a_row_asks_for_its_files() {
        let mut model = ModelDescription::new("a/b", "dense", "transformer");
        model.model_file = "onnx/model.onnx".to_owned();
        model.files = vec!["onnx/model.onnx_data".to_owned()];
        model.config_files = vec!["config.json".to_owned()];
        let sha256 = Some("0".repeat(64));
        model.digests.insert("config.json".to_owned(), FileDigest { size: Some(2), sha256: sha256.clone() });
        model.sources = vec![
            Source::Folder { folder: "/f".into() },
            Source::Hub { hf: "org/model".to_owned(), revision: Some("v1".to_owned()) },
            Source::Archive { url: "http://h/a.tar.gz".to_owned(), sha256: sha256.clone() },
        ];
        let expected = Request::new("a/b")
            .repository("org/model", Some("v1"))
            .archive("http://h/a.tar.gz", sha256.as_deref())
            .required("onnx/model.onnx_data")
            .required("onnx/model.onnx")
            .optional("config.json")
            .expected("config.json", Expected::default().size(2).sha256("0".repeat(64)))
            .graph("onnx/model.onnx");
        assert_eq!(request(&model), expected);
        model.model_file = "model.safetensors".to_owned();
        assert_eq!(request(&model).graph, None);
    }
}
