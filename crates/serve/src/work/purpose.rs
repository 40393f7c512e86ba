//! What inputs are for, in the words of all dialects.

use embedkit_core::{EmbeddingKind, Family, ModelDescription, Purpose, Role};

use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::shapes::PurposeFields;

/// The purpose that a request's fields say, for a model.
pub(super) fn purpose_of(
    said_in: &PurposeFields,
    row: &ModelDescription,
    family: &dyn Family,
    config: &Config,
) -> ApiResult<Purpose> {
    let fields = [
        ("input_type", &said_in.input_type),
        ("prompt_name", &said_in.prompt_name),
        ("task", &said_in.task),
        ("role", &said_in.role),
    ];
    let mut said: Option<(&str, Purpose)> = None;
    for (field, value) in fields {
        let Some(value) = value.as_deref().filter(|value| !value.is_empty()) else { continue };
        let purpose = read(value, row).map_err(|message| ApiError::field(field, message))?;
        match &said {
            Some((other, before)) if *before != purpose => {
                let message = format!("`{other}` and `{field}` say different things of the inputs");
                return Err(ApiError::field(field, message));
            }
            _ => said = Some((field, purpose)),
        }
    }
    Ok(said.map_or_else(|| default_role(family, config).into(), |(_, purpose)| purpose))
}

fn default_role(family: &dyn Family, config: &Config) -> Role {
    let of_family = if family.output() == EmbeddingKind::Multi { Role::Passage } else { Role::Plain };
    config.default_role.unwrap_or(of_family)
}

fn read(name: &str, row: &ModelDescription) -> Result<Purpose, String> {
    let lower = name.to_ascii_lowercase();
    // `plain` names the prompt for texts of no role, which that role has anyway.
    let has_task = |name: &str| row.tasks.contains_key(name) || (row.prompts.contains_key(name) && name != "plain");
    match lower.as_str() {
        "query" | "search_query" | "retrieval.query" => Ok(Role::Query.into()),
        // Images are searched in; Cohere's clients say so of them.
        "document" | "passage" | "search_document" | "retrieval.passage" | "image" => Ok(Role::Passage.into()),
        "plain" | "classification" | "clustering" if !has_task(&lower) => Ok(Role::Plain.into()),
        _ => {
            let names = row.tasks.keys().chain(row.prompts.keys());
            let known = names.clone().find(|task| task.eq_ignore_ascii_case(name));
            known.map(|task| Purpose::default().with_task(task.as_str())).ok_or_else(|| {
                let mut all = vec!["query", "passage", "plain"];
                for name in names {
                    if !all.contains(&name.as_str()) {
                        all.push(name);
                    }
                }
                // Clients of text-embeddings-inference look for these words, and take the names from behind them.
                format!("the model {} has nothing of this name. Available prompts: [{}]", row.id, all.join(", "))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dialects_words_are_known_and_others_refused() {
        let mut row = ModelDescription::new("a/b", "dense", "transformer");
        row.prompts.insert("clustering".to_owned(), "cluster: ".to_owned());
        row.prompts.insert("query".to_owned(), "query: ".to_owned());
        row.tasks.insert("text-matching".to_owned(), 3);
        for (name, expected) in [
            ("search_query", Some(Purpose::new(Role::Query))),
            ("RETRIEVAL.PASSAGE", Some(Purpose::new(Role::Passage))),
            ("classification", Some(Purpose::new(Role::Plain))),
            ("clustering", Some(Purpose::default().with_task("clustering"))),
            ("text-matching", Some(Purpose::default().with_task("text-matching"))),
            ("nonsense", None),
        ] {
            assert_eq!(read(name, &row).ok(), expected, "{name}");
        }
        let names = "Available prompts: [query, passage, plain, text-matching, clustering]";
        assert!(read("nonsense", &row).unwrap_err().ends_with(names));
    }
}
