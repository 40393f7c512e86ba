//! What is known of an option: how it is tried, and how it shows that it was obeyed.

/// An option, as it is tried.
///
/// Words that begin with `@` are names in the scene's folder.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The verb that it is for; none: any that takes the option.
    pub(crate) verb: Option<&'static str>,
    pub(crate) option: &'static str,
    /// Its values.
    pub(crate) values: &'static [&'static str],
    /// What stands beside it, and what the run without it has too.
    pub(crate) beside: &'static [&'static str],
    /// What it is given.
    pub(crate) inputs: Inputs,
    pub(crate) shows: Shows,
    /// A model that it asks nothing of.
    pub(crate) but: Option<&'static str>,
    /// Whether one model is enough: what it does is the same with all.
    pub(crate) is_for_all: bool,
    /// Whether the scene's model and what else it always has are left out.
    pub(crate) is_bare: bool,
    /// Whether it stands in place of the scene's own.
    pub(crate) is_instead: bool,
}

/// What a run is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// The scene's own, as arguments.
    Own,
    /// What stands beside the option names them.
    Beside,
}

/// How it shows that an option was obeyed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// Results, files or the exit code are others than without it.
    Results,
    /// What is told is another.
    Told,
    /// What it asks for may be so already; where it is not, another test sees it.
    MayBeSo,
}

/// An option with values, which shows in the results.
pub(crate) const fn row(option: &'static str, values: &'static [&'static str]) -> Row {
    Row {
        verb: None,
        option,
        values,
        beside: &[],
        inputs: Inputs::Own,
        shows: Shows::Results,
        but: None,
        is_for_all: false,
        is_bare: false,
        is_instead: false,
    }
}

impl Row {
    /// With this beside it.
    pub(crate) const fn beside(self, beside: &'static [&'static str]) -> Self {
        Self { beside, ..self }
    }

    /// With this beside it, which names the inputs.
    pub(crate) const fn given(self, beside: &'static [&'static str]) -> Self {
        Self { beside, inputs: Inputs::Beside, ..self }
    }

    /// With this and nothing else: neither the scene's model nor its inputs.
    pub(crate) const fn bare(self, beside: &'static [&'static str]) -> Self {
        Self { is_bare: true, ..self.given(beside) }
    }

    /// In place of the scene's own.
    pub(crate) const fn instead(self) -> Self {
        Self { is_instead: true, ..self }
    }

    /// At one verb.
    pub(crate) const fn at(self, verb: &'static str) -> Self {
        Self { verb: Some(verb), ..self }
    }

    pub(crate) const fn told(self) -> Self {
        Self { shows: Shows::Told, ..self }
    }

    pub(crate) const fn may_be_so(self) -> Self {
        Self { shows: Shows::MayBeSo, ..self }
    }

    /// Not with this model.
    pub(crate) const fn but(self, model: &'static str) -> Self {
        Self { but: Some(model), ..self }
    }

    /// The same with all models.
    pub(crate) const fn for_all(self) -> Self {
        Self { is_for_all: true, ..self }
    }
}
