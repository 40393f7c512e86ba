//! What a crate registers: a manifest, architectures, and files compiled in.

use crate::pipeline::{AnyPipeline, LoadContext};
use crate::{ModelDescription, Result};

/// Code that turns a row and its files into a pipeline.
///
/// Implementations are unit structs named in a [`Plugin`].
pub trait Architecture: Send + Sync + 'static {
    /// The name rows use, in kebab case.
    fn name(&self) -> &'static str;

    /// The family whose pipelines this gives.
    fn family(&self) -> &'static str;

    /// Checks that a row could be loaded, without any file.
    ///
    /// # Errors
    /// [`Manifest`](crate::Error::Manifest) when the row lacks a field or has a value that this architecture cannot use.
    fn check(&self, model: &ModelDescription) -> Result<()>;

    /// Loads the model.
    ///
    /// # Errors
    /// A missing or wrong file, a graph that does not fit the row, a runtime that cannot be had.
    fn load(&self, context: &LoadContext) -> Result<AnyPipeline>;
}

/// Everything one crate adds: its rows and its architectures.
///
/// A crate keeps it as a public `static` and registers it with [`register!`](crate::register), so
/// that it is found by linking; where link-time registration is not available,
/// [`Registry::add`](crate::Registry::add) takes the same item.
pub struct Plugin {
    /// The crate's name, for messages and for rows whose source is `embedded`.
    pub name: &'static str,
    /// The rows, as TOML text; may be empty.
    pub manifest: &'static str,
    /// The architectures; may be empty.
    pub architectures: &'static [&'static dyn Architecture],
    /// Files compiled into the crate, by name, for rows whose source is `embedded`.
    pub files: &'static [(&'static str, &'static [u8])],
}

inventory::collect!(&'static Plugin);

/// Registers a crate's [`Plugin`] at link time.
///
/// ```
/// use embedkit_core::Plugin;
///
/// pub static PLUGIN: Plugin = Plugin { name: "my-models", manifest: "", architectures: &[], files: &[] };
/// embedkit_core::register!(PLUGIN);
/// # fn main() { assert!(embedkit_core::Registry::global().plugins().any(|name| name == "my-models")) }
/// ```
#[macro_export]
macro_rules! register {
    ($plugin:path) => {
        $crate::private::inventory::submit! { &$plugin as &'static $crate::Plugin }
    };
}
