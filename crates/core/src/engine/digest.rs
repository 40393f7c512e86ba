//! What tells a model from another that goes by the same name.

use super::Engine;
use crate::{Error, Result, digest};

impl<I: ?Sized + Sync + 'static, O: Send + 'static> Engine<I, O> {
    /// The SHA-256, in hexadecimal digits, of all that its results depend on: of what its row says of them, of every file that
    /// was read to load it, and of `cut`, the width that its vectors are cut to by the caller. A model that is compiled in is
    /// its row. A folder of the caller's is the same model wherever it lies and whatever it is called, and a file in it that
    /// nothing reads does not count, nor do bytes in memory that stand for a file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn digest(&self, cut: Option<usize>) -> Result<String> {
        let mut row = self.model.of_results();
        if let Some(folder) = self.folder() {
            if self.model.sources.is_empty() {
                row.id.clear();
            }
            row.digests.clear();
            for name in self.files_read()? {
                let path = folder.join(&name);
                // What was looked for and is absent was not read.
                if path.is_file() {
                    row.parameters.insert(format!("file {name}"), digest::of_model_file(&path)?.into());
                }
            }
        }
        let row = serde_json::to_string(&row)
            .map_err(|error| Error::model_because(&self.model.id, "has no digest", error))?;
        Ok(digest::of_bytes(format!("{row} {cut:?}").as_bytes()))
    }
}
