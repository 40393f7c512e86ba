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
    /// Whether any of them says something.
    pub(crate) fn says_something(&self) -> bool {
        let fields = [&self.input_type, &self.prompt_name, &self.task, &self.role];
        fields.into_iter().flatten().any(|name| !name.is_empty())
    }
}
