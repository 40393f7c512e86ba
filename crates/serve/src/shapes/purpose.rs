//! What inputs are for: the same said in four fields.

/// The fields of a request that say what inputs are for.
#[derive(Clone, Debug, Default)]
pub(crate) struct PurposeFields {
    pub(crate) input_type: Option<String>,
    pub(crate) prompt_name: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) role: Option<String>,
}

impl PurposeFields {
    /// TEI's field alone.
    pub(crate) fn prompt(name: Option<String>) -> Self {
        Self { prompt_name: name, ..Self::default() }
    }

    /// The field of Cohere and Jina alone.
    pub(crate) fn input_type(name: Option<String>) -> Self {
        Self { input_type: name, ..Self::default() }
    }
}
