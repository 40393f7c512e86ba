//! Whether a row could be loaded, and all of it is obeyed.

use super::{Architecture, ModelOption, RowField};
use crate::{Activation, Error, ModelDescription, Padding, Pooling, Result};

impl dyn Architecture {
    /// Checks that a row could be loaded and that all of it is obeyed, without any file.
    ///
    /// # Errors
    /// As [`check`](Architecture::check), and for a field that is set and is not among what it obeys.
    pub(crate) fn check_row(&self, model: &ModelDescription) -> Result<()> {
        if let Some(field) = unused(self, model) {
            let message = format!("the {} architecture {:?} has no use for `{field}`", self.family(), self.name());
            return Err(Error::manifest(&model.id, message));
        }
        self.check(model)
    }
}

/// The first field that a row sets and that its architecture has no use for, by its name in rows.
fn unused(architecture: &dyn Architecture, model: &ModelDescription) -> Option<&'static str> {
    let option = |option| architecture.options().contains(&option);
    let field = |field: RowField| (field.name(), architecture.fields().contains(&field));
    let fields = [
        (model.pooling != Pooling::None, ("pooling", option(ModelOption::Pooling))),
        (model.normalize, ("normalize", option(ModelOption::Normalize))),
        (model.output.is_some(), ("output", option(ModelOption::Output))),
        (model.activation != Activation::None, ("activation", option(ModelOption::Activation))),
        (model.max_length.is_some(), ("max-length", option(ModelOption::MaxLength))),
        (!model.matryoshka.is_empty(), ("matryoshka", option(ModelOption::Dim))),
        (!model.prompts.is_empty(), field(RowField::Prompts)),
        (!model.tasks.is_empty(), field(RowField::Tasks)),
        (model.padding != Padding::Longest, field(RowField::Padding)),
        (model.requires_idf, field(RowField::RequiresIdf)),
        (model.vocab_size.is_some(), field(RowField::VocabSize)),
    ];
    let unused = fields.into_iter().find(|(is_set, (_, is_obeyed))| *is_set && !is_obeyed);
    unused.map(|(_, (name, _))| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnyPipeline, LoadContext, OutputSelector};

    /// Obeys what it is told to.
    struct Obeying(&'static [ModelOption], &'static [RowField]);

    impl Architecture for Obeying {
        fn name(&self) -> &'static str {
            "obeying"
        }

        fn family(&self) -> &'static str {
            "dense"
        }

        fn options(&self) -> &'static [ModelOption] {
            self.0
        }

        fn fields(&self) -> &'static [RowField] {
            self.1
        }

        fn check(&self, _: &ModelDescription) -> Result<()> {
            Ok(())
        }

        fn load(&self, _: &LoadContext) -> Result<AnyPipeline> {
            Err(Error::input("it is never loaded"))
        }
    }

    /// Keys of rows that do not change what a model gives, that every architecture obeys, or that it checks itself.
    const OF_ALL: [&str; 19] = [
        "id",
        "aliases",
        "family",
        "architecture",
        "description",
        "license",
        "languages",
        "size-gb",
        "dim",
        "quantization",
        "space",
        "notice",
        "model-file",
        "tokenizer-folder",
        "files",
        "config-files",
        "digests",
        "sources",
        "parameters",
    ];

    /// A row with every field that not all obey.
    fn full() -> ModelDescription {
        let mut row = ModelDescription::new("a/row", "dense", "obeying");
        row.pooling = Pooling::Mean;
        row.normalize = true;
        row.output = Some(OutputSelector::Index(0));
        row.activation = Activation::Sigmoid;
        row.max_length = Some(8);
        (row.dim, row.matryoshka) = (Some(2), vec![1]);
        row.prompts.insert("query".to_owned(), "q: ".to_owned());
        row.tasks.insert("matching".to_owned(), 0);
        row.padding = Padding::Exact;
        row.requires_idf = true;
        row.vocab_size = Some(9);
        row
    }

    #[test]
    fn each_field_is_of_all_or_refused_where_it_is_not_listed() {
        let table = toml::Table::try_from(full()).unwrap();
        let plain = toml::Table::try_from(ModelDescription::new("a/row", "dense", "obeying")).unwrap();
        for (key, value) in table.iter().filter(|(key, _)| !OF_ALL.contains(&key.as_str())) {
            let mut row = plain.clone();
            row.insert("dim".to_owned(), 2.into());
            row.insert(key.clone(), value.clone());
            let row: ModelDescription = row.try_into().unwrap();
            let refused = (&Obeying(&[], &[]) as &dyn Architecture).check_row(&row).unwrap_err().to_string();
            assert!(refused.contains("a/row") && refused.contains(&format!("no use for `{key}`")), "{refused}");
        }
        let options = &[
            ModelOption::MaxLength,
            ModelOption::Dim,
            ModelOption::Pooling,
            ModelOption::Normalize,
            ModelOption::Output,
            ModelOption::Activation,
        ];
        let fields =
            &[RowField::Prompts, RowField::Tasks, RowField::Padding, RowField::RequiresIdf, RowField::VocabSize];
        (&Obeying(options, fields) as &dyn Architecture).check_row(&full()).unwrap();
    }

    #[test]
    fn every_key_of_rows_is_known_here() {
        // `deny_unknown_fields` lists the keys there are.
        let refused = toml::from_str::<ModelDescription>("unheard-of = 1").unwrap_err().to_string();
        let keys = refused.split("expected one of").nth(1).unwrap().split('`').skip(1).step_by(2);
        let set = toml::Table::try_from(full()).unwrap();
        let missing: Vec<_> = keys.filter(|key| !OF_ALL.contains(key) && !set.contains_key(*key)).collect();
        assert!(missing.is_empty(), "whether every architecture obeys {missing:?} is not said");
    }
}
