//! A plug-in as a third party would write it: architectures of its own with rows for them, registered in one line. A program
//! that depends on it and names it finds its models like any other.
//!
//! It is the template, too: `cargo xtask plug-in NAME FOLDER` makes a crate of it that stands alone.

mod max_pooling;
mod trigrams;

use embedkit::plugin::Plugin;

pub use max_pooling::MaxPooling;
pub use trigrams::HashedTrigrams;

/// This crate's rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .architectures(&[&HashedTrigrams, &MaxPooling]);
embedkit::register!(PLUGIN);
