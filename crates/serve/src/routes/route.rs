//! What is told of a route.

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::app::App;
use crate::error::Dialect;
use crate::http::Place;

/// A route.
pub(super) struct Route {
    pub(super) paths: &'static [&'static str],
    /// Whose errors it speaks.
    pub(super) dialect: Dialect,
    /// Whether it is read without a key.
    pub(super) is_open: bool,
    /// What it is for.
    pub(super) about: &'static str,
    /// The schemas of bodies, any of several; none where it is only read.
    pub(super) takes: &'static [&'static str],
    pub(super) gives: Gives,
    /// Who answers, at one of the paths.
    pub(super) answer: fn(Place) -> MethodRouter<Arc<App>>,
}

/// What a route gives.
pub(super) enum Gives {
    One(&'static str),
    /// Lists of lists, so deep, of a schema or of numbers.
    Lists(usize, Option<&'static str>),
    Texts,
    /// One of several, by the body or the model.
    Either(&'static [Self]),
    /// What is no error's body either.
    Any,
    Plain,
}

impl Route {
    /// A route that needs a key, takes nothing, and has nobody yet who answers.
    pub(super) const fn at(dialect: Dialect, paths: &'static [&'static str]) -> Self {
        Self {
            paths,
            dialect,
            is_open: false,
            about: "",
            takes: &[],
            gives: Gives::Any,
            answer: |_| MethodRouter::new(),
        }
    }
}
