//! What must be known of a route before its handler is asked.

use std::collections::HashMap;

use crate::error::Dialect;

/// What must be known of a route before its handler is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Whose errors it speaks.
    pub(crate) dialect: Dialect,
    /// Whether it is answered without a key.
    pub(crate) is_open: bool,
}

/// All routes by their paths.
#[derive(Debug)]
pub(crate) struct KnownRoutes(HashMap<&'static str, Known>);

impl KnownRoutes {
    pub(crate) fn new(routes: impl IntoIterator<Item = (&'static str, Known)>) -> Self {
        Self(routes.into_iter().collect())
    }

    /// Whether there is such a route.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// What is known of a path. One that is no route has OpenAI's errors, and needs a key.
    pub(super) fn of(&self, path: &str) -> Known {
        self.0.get(path).copied().unwrap_or(Known { dialect: Dialect::OpenAi, is_open: false })
    }
}
