//! The model that is tried, with what it gives for each sample alone.

use embedkit_core::{
    AnyEmbedder, Builder, Content, Embedding, Error, ModelDescription, ModelFiles, Quantization, Result, Role,
};

use crate::comparison::{difference, is_finite, kind};
use crate::conformance::Conformance;
use crate::violation::{Rule, Verdict, Violation, ensure};

/// A check of a model.
pub(crate) type Check = fn(&Subject<'_>) -> Verdict;

/// The roles that an input may have.
pub(crate) const ROLES: [Role; 3] = [Role::Plain, Role::Query, Role::Passage];

/// The role of inputs where it does not matter.
pub(crate) const ROLE: Role = Role::Passage;

/// A loaded model, with what it gives for each sample alone.
pub(crate) struct Subject<'s> {
    pub(crate) suite: &'s Conformance,
    pub(crate) model: AnyEmbedder,
    alone: Vec<Embedding>,
}

impl<'s> Subject<'s> {
    /// Loads the model and embeds the samples.
    pub(crate) fn load(suite: &'s Conformance) -> Result<Self, Violation> {
        let fails = |error: Error| Violation::new(Rule::Loads, format!("it does not load: {}", error.report()));
        let mut model = suite.builder(Quantization::None).build().map_err(fails)?;
        if model.model().quantization == Quantization::Dynamic {
            model = suite.builder(Quantization::Dynamic).build().map_err(fails)?;
        }
        let mut subject = Self { suite, model, alone: Vec::new() };
        subject.alone = subject.each_alone(ROLE)?;
        let [first, rest @ ..] = subject.alone.as_slice() else {
            return Err(Violation::new(Rule::Loads, "there are no samples to try it with: give some"));
        };
        ensure(Rule::Loads, rest.iter().any(|other| difference(other, first, suite.tolerated()).is_some()), || {
            "all samples have the same embedding, which tells nothing: give others".to_owned()
        })?;
        Ok(subject)
    }

    /// The row.
    pub(crate) fn row(&self) -> &ModelDescription {
        self.model.model()
    }

    /// The same model, loaded anew.
    pub(crate) fn builder(&self) -> Builder<AnyEmbedder> {
        self.suite.builder(self.row().quantization)
    }

    /// The row as it is changed, of other files of the model, with the same options.
    pub(crate) fn builder_of(&self, row: ModelDescription, files: ModelFiles) -> Builder<AnyEmbedder> {
        self.suite.of(row, files).builder(self.row().quantization)
    }

    /// So many inputs: the samples, again and again.
    pub(crate) fn job(&self, inputs: usize) -> Vec<Content> {
        self.suite.tried().contents().iter().cycle().take(inputs).cloned().collect()
    }

    /// Inputs that the model must refuse.
    pub(crate) fn refused(&self) -> Vec<Content> {
        self.suite.tried().refused_by(self.suite.family().inputs())
    }

    /// How many samples there are.
    pub(crate) fn samples(&self) -> usize {
        self.alone.len()
    }

    /// What the model gives for each sample, run alone.
    pub(crate) fn each_alone(&self, role: Role) -> Result<Vec<Embedding>, Violation> {
        let wanted = self.suite.family().output();
        let mut embeddings = Vec::new();
        for (at, sample) in self.suite.tried().contents().iter().enumerate() {
            let embedding = self.model.embed_one(sample, role).map_err(|error| {
                let reason = error.report();
                Violation::new(Rule::Loads, format!("sample {at} is refused as {role:?}: {reason}"))
            })?;
            ensure(Rule::Loads, kind(&embedding).is_none_or(|kind| kind == wanted), || {
                format!("sample {at} has another kind of embedding than {wanted:?}, which the family promises")
            })?;
            ensure(Rule::Loads, is_finite(&embedding), || format!("the embedding of sample {at} is not finite"))?;
            embeddings.push(embedding);
        }
        Ok(embeddings)
    }

    /// Whether a result is that of the sample at this place of a [`job`](Self::job).
    pub(crate) fn is_of(&self, rule: Rule, at: usize, result: &Result<Embedding>, how: &str) -> Verdict {
        self.is_like(rule, &self.alone[at % self.alone.len()], at, result, how)
    }

    /// Whether a result is the expected one.
    pub(crate) fn is_like(
        &self,
        rule: Rule,
        expected: &Embedding,
        at: usize,
        result: &Result<Embedding>,
        how: &str,
    ) -> Verdict {
        match result {
            Err(error) => Err(Violation::new(rule, format!("{how}: input {at} failed: {}", error.report()))),
            Ok(actual) => match difference(actual, expected, self.suite.tolerated()) {
                None => Ok(()),
                Some(difference) => {
                    let message = format!("{how}: the result of input {at} is not its own alone: {difference}");
                    Err(Violation::new(rule, message))
                }
            },
        }
    }

    /// Whether these are the results of a [`job`](Self::job) of so many inputs.
    pub(crate) fn are_all(
        &self,
        rule: Rule,
        inputs: usize,
        results: impl IntoIterator<Item = Result<Embedding>>,
        how: &str,
    ) -> Verdict {
        let mut count = 0;
        for (at, result) in results.into_iter().enumerate() {
            self.is_of(rule, at, &result, how)?;
            count += 1;
        }
        ensure(rule, count == inputs, || format!("{how}: {count} results for {inputs} inputs"))
    }
}
