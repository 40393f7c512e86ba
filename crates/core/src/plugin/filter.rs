//! Which models are listed.

use crate::ModelDescription;

/// Which models [`Registry::list`](crate::Registry::list) gives. The default filter, of which nothing is set, gives all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ModelFilter {
    /// Of this family only.
    pub family: Option<String>,
    /// Of this language (or multilingual) only.
    pub language: Option<String>,
    /// With vectors of this width only, or that can be cut to it.
    pub dim: Option<usize>,
    /// Under this licence only, without regard to case.
    pub license: Option<String>,
    /// Of this vector space only: the models whose vectors can be compared.
    pub space: Option<String>,
    /// Not larger than this, in gigabytes.
    pub max_size_gb: Option<f64>,
}

impl ModelFilter {
    /// Whether the model passes.
    pub fn matches(&self, model: &ModelDescription) -> bool {
        let speaks =
            |wanted: &String| model.languages.iter().any(|l| l.eq_ignore_ascii_case(wanted) || l == "multilingual");
        let has_width = |dim: &usize| model.dim == Some(*dim) || model.matryoshka.contains(dim);
        self.family.as_ref().is_none_or(|family| model.family.eq_ignore_ascii_case(family))
            && self.language.as_ref().is_none_or(speaks)
            && self.dim.as_ref().is_none_or(has_width)
            && self.license.as_ref().is_none_or(|license| model.license.eq_ignore_ascii_case(license))
            && self.space.as_ref().is_none_or(|space| model.space.as_ref() == Some(space))
            && self.max_size_gb.is_none_or(|size| model.size_gb <= size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_what_it_says() {
        let mut model = ModelDescription::new("a/b", "dense", "x");
        model.languages = vec!["en".to_owned()];
        model.license = "MIT".to_owned();
        model.dim = Some(384);
        model.matryoshka = vec![128];
        model.size_gb = 0.5;
        model.space = Some("clip".to_owned());
        let text = |text: &str| Some(text.to_owned());
        for (filter, passes) in [
            (ModelFilter::default(), true),
            (ModelFilter { family: text("Dense"), ..ModelFilter::default() }, true),
            (ModelFilter { family: text("sparse"), ..ModelFilter::default() }, false),
            (ModelFilter { language: text("EN"), ..ModelFilter::default() }, true),
            (ModelFilter { language: text("de"), ..ModelFilter::default() }, false),
            (ModelFilter { dim: Some(384), ..ModelFilter::default() }, true),
            (ModelFilter { dim: Some(128), ..ModelFilter::default() }, true),
            (ModelFilter { dim: Some(100), ..ModelFilter::default() }, false),
            (ModelFilter { license: text("mit"), ..ModelFilter::default() }, true),
            (ModelFilter { license: text("Apache-2.0"), ..ModelFilter::default() }, false),
            (ModelFilter { space: text("clip"), ..ModelFilter::default() }, true),
            (ModelFilter { space: text("siglip"), ..ModelFilter::default() }, false),
            (ModelFilter { max_size_gb: Some(0.5), ..ModelFilter::default() }, true),
            (ModelFilter { max_size_gb: Some(0.4), ..ModelFilter::default() }, false),
        ] {
            assert_eq!(filter.matches(&model), passes, "{filter:?}");
        }
        model.languages = vec!["multilingual".to_owned()];
        assert!(ModelFilter { language: text("de"), ..ModelFilter::default() }.matches(&model));
    }
}
