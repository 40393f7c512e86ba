//! `Router`: another way for queries than for documents.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde::Deserialize;

use super::config::Config;
use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// A `Router` module with a way for queries and one for documents, of modules `M`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Router<M> {
    /// The modules that queries go through.
    pub query: Vec<M>,
    /// The modules that documents go through.
    pub document: Vec<M>,
    /// Whether texts of no role are queries, not documents.
    pub queries_by_default: bool,
}

/// The modules of each route, of which the first in the file may be the default.
#[derive(Deserialize)]
struct Structure {
    structure: IndexMap<String, Vec<String>>,
}

impl<M> Router<M> {
    /// Reads the router in a folder, and its modules by `read_module`, which is given the type, the folder and the file
    /// that names them; none is a module that does nothing.
    pub(super) fn read(
        files: &ModelFiles,
        folder: &str,
        read_module: impl Fn(&str, String, &str) -> Result<Option<M>>,
    ) -> Result<Self> {
        const NAMES: [&str; 2] = ["router_config.json", "config.json"];
        let name = NAMES.map(|name| join(folder, name)).into_iter().find(|name| files.has(name));
        let name = name.ok_or_else(|| Error::MissingFile {
            path: files.label(&join(folder, NAMES[0])),
            needed_for: "it says what the module Router is made of".to_owned(),
        })?;
        let mut config = Config::read(files, &name)?;
        let types: HashMap<String, String> = config.require("types")?;
        config.pass_over(&["structure"]);
        let Structure { structure } = files.json(&name)?;
        let mut parameters = config.take_object("parameters")?;
        let default: Option<String> = parameters.take("default_route")?;
        let allow_empty: bool = parameters.take("allow_empty_key")?.unwrap_or(true);
        parameters.refuse("route_mappings", "the module Router is obeyed for the routes query and document alone")?;
        parameters.finish()?;
        config.finish()?;

        let wrong = |message: String| Error::file(files.label(&name), message);
        if let Some(route) = structure.keys().find(|route| !["query", "document"].contains(&route.as_str())) {
            return Err(wrong(format!("the module Router has the route {route:?}; only query and document are known")));
        }
        let modules = |route: &str| -> Result<Vec<M>> {
            let ids = structure.get(route);
            let mut modules = Vec::new();
            for id in ids.ok_or_else(|| wrong(format!("the module Router has no route {route:?}")))? {
                let kind = types.get(id).ok_or_else(|| wrong(format!("`types` lacks the Router's module {id:?}")))?;
                modules.extend(read_module(kind, join(folder, id), &name)?);
            }
            Ok(modules)
        };
        // Without a default, the first route that is written is it.
        let first = structure.keys().next().filter(|_| allow_empty).cloned();
        let default = default.or(first);
        let queries_by_default = match default.as_deref() {
            Some("query") => true,
            Some("document") | None => false,
            Some(other) => return Err(wrong(format!("`default_route` is {other:?}, which is no route"))),
        };
        Ok(Self { query: modules("query")?, document: modules("document")?, queries_by_default })
    }
}
