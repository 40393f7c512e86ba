//! What crates add to a program, and the registry in which it is found.

mod architecture;
mod family;
mod filter;
mod near;
mod registry;
mod row_check;
mod row_field;

pub use architecture::{Architecture, LoadContext, ModelOption};
pub use family::Family;
pub use filter::ModelFilter;
pub use registry::Registry;
pub use row_field::RowField;

/// Everything one crate adds: rows, architectures, families.
///
/// A crate keeps it as a public `static` and registers it with [`register!`](crate::register), so
/// that it is found by linking; where link-time registration is not available,
/// [`Registry::add`] takes the same item.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Plugin {
    /// The crate's name.
    pub name: &'static str,
    /// The rows, as the TOML text of a manifest.
    pub manifest: &'static str,
    /// The families.
    pub families: &'static [&'static dyn Family],
    /// The architectures.
    pub architectures: &'static [&'static dyn Architecture],
    /// Files compiled into the crate, by name.
    pub files: &'static [(&'static str, &'static [u8])],
}

impl Plugin {
    /// A plug-in that adds nothing yet; `name` is the crate's, for messages and for rows whose source is `embedded`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, manifest: "", families: &[], architectures: &[], files: &[] }
    }

    /// Whether it is the same item: statics of crates have one address, and copies of them the same contents.
    fn is(&self, other: &Self) -> bool {
        let has = |plugin: &Self| {
            let families: Vec<_> = plugin.families.iter().map(|family| family.name()).collect();
            let architectures: Vec<_> = plugin.architectures.iter().map(|one| (one.family(), one.name())).collect();
            let files: Vec<_> = plugin.files.iter().map(|(name, bytes)| (*name, bytes.len())).collect();
            (plugin.name, plugin.manifest, families, architectures, files)
        };
        std::ptr::eq(self, other) || has(self) == has(other)
    }

    /// Adds rows, as the TOML text of a manifest.
    #[must_use]
    pub const fn manifest(mut self, manifest: &'static str) -> Self {
        self.manifest = manifest;
        self
    }

    /// Adds families.
    #[must_use]
    pub const fn families(mut self, families: &'static [&'static dyn Family]) -> Self {
        self.families = families;
        self
    }

    /// Adds architectures.
    #[must_use]
    pub const fn architectures(mut self, architectures: &'static [&'static dyn Architecture]) -> Self {
        self.architectures = architectures;
        self
    }

    /// Adds files compiled into the crate, by name, for rows whose source is `embedded`.
    #[must_use]
    pub const fn files(mut self, files: &'static [(&'static str, &'static [u8])]) -> Self {
        self.files = files;
        self
    }
}

inventory::collect!(&'static Plugin);

/// Registers a crate's [`Plugin`] at link time.
///
/// ```
/// use embedkit_core::Plugin;
///
/// pub static PLUGIN: Plugin = Plugin::new("my-models");
/// embedkit_core::register!(PLUGIN);
/// # fn main() { assert!(embedkit_core::Registry::global().plugins().any(|name| name == "my-models")) }
/// ```
#[macro_export]
macro_rules! register {
    ($plugin:path) => {
        $crate::private::inventory::submit! { &$plugin as &'static $crate::Plugin }
    };
}
