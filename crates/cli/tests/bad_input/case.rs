//! One row of a table, and what is checked of it.

use std::path::Path;

use embedkit::ModelDescription;

use crate::common::library::{self, Numbers};
use crate::common::setting::Setting;
use crate::common::subject::{Subject, image};
use crate::damage::Damage;
use crate::program;

/// A case, ready to run.
pub(crate) struct Case {
    /// Names it in a failure.
    pub(crate) name: String,
    check: Box<dyn Fn() -> Result<(), String> + Sync + Send>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, check: impl Fn() -> Result<(), String> + Sync + Send + 'static) -> Self {
        Self { name: name.into(), check: Box::new(check) }
    }

    pub(crate) fn run(&self) -> Result<(), String> {
        (self.check)()
    }
}

/// A model that something is done to, and what must come of it.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) subject: Subject,
    /// Changes the row.
    pub(crate) row: fn(&mut ModelDescription),
    /// What is done to which files.
    pub(crate) damage: Vec<(&'static str, Damage)>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) inputs: Vec<String>,
    pub(crate) expected: Expected,
}

/// What must come of a trial.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// An error that says all of these, at loading or for every input.
    Error(&'static [&'static str]),
    /// What comes without the damage and the settings.
    Same,
    /// Finite numbers, at least so many of them for each input.
    Finite(usize),
    /// What comes for these other inputs.
    As(Vec<String>),
}

impl Trial {
    /// A model as it is, with an input that is right.
    pub(crate) fn of(subject: Subject, expected: Expected) -> Self {
        let input = if subject.sees() { image() } else { "hello world".to_owned() };
        Self { subject, row: |_| (), damage: vec![], settings: vec![], inputs: vec![input], expected }
    }

    /// The case of this name.
    pub(crate) fn case(self, name: impl std::fmt::Display) -> Case {
        Case::new(format!("{}: {name}", self.subject.name()), move || self.check())
    }

    fn check(&self) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        self.subject.copy_to(folder.path());
        let mut row = self.subject.row();
        let sound = match &self.expected {
            Expected::Same => embed(&row, folder.path(), &[], &self.inputs)?,
            Expected::As(inputs) => embed(&row, folder.path(), &[], inputs)?,
            _ => vec![],
        };
        (self.row)(&mut row);
        for (name, damage) in &self.damage {
            damage.to(&folder.path().join(name));
        }
        let results = library::embed(&row, folder.path(), &self.settings, &self.inputs);
        let results = results.unwrap_or_else(|error| vec![Err(error)]);
        let told: Vec<Result<Numbers, String>> =
            results.into_iter().map(|result| result.map_err(|error| error.report())).collect();
        self.check_library(&told, &sound)?;
        let Some(outcome) = program::embed(&row, folder.path(), &self.settings, &self.inputs) else { return Ok(()) };
        let in_program = |failure| format!("in the program: {failure}");
        if let Expected::Error(parts) = self.expected {
            return program::check_failure(&outcome, parts).map_err(in_program);
        }
        if outcome.code != 0 {
            return Err(in_program(outcome.stderr));
        }
        let written = program::numbers(&outcome).map_err(in_program)?;
        let told: Vec<Numbers> = told.into_iter().flatten().collect();
        if written == told { Ok(()) } else { Err(in_program(format!("it gives {written:?}, the library {told:?}"))) }
    }

    fn check_library(&self, results: &[Result<Numbers, String>], sound: &[Numbers]) -> Result<(), String> {
        for (at, result) in results.iter().enumerate() {
            match (&self.expected, result) {
                (Expected::Error(parts), Err(error)) => {
                    if let Some(missing) = parts.iter().find(|part| !error.contains(**part)) {
                        return Err(format!("{missing:?} is not in {error:?}"));
                    }
                }
                (Expected::Error(_), Ok(numbers)) => return Err(format!("no error, but {numbers:?}")),
                (_, Err(error)) => return Err(format!("input {at}: {error}")),
                (Expected::Finite(least), Ok(numbers)) => {
                    if numbers.len() < *least || !numbers.iter().all(|number| number.is_finite()) {
                        return Err(format!("input {at}: {numbers:?}"));
                    }
                }
                (Expected::Same | Expected::As(_), Ok(numbers)) if *numbers != sound[at] => {
                    return Err(format!("input {at}: {numbers:?}, not {:?}", sound[at]));
                }
                (Expected::Same | Expected::As(_), Ok(_)) => {}
            }
        }
        let wanted = if matches!(self.expected, Expected::Error(_)) { 1 } else { self.inputs.len() };
        if results.len() < wanted { Err(format!("{} results", results.len())) } else { Ok(()) }
    }
}

/// What a sound model gives.
fn embed(
    row: &ModelDescription,
    folder: &Path,
    settings: &[Setting],
    inputs: &[String],
) -> Result<Vec<Numbers>, String> {
    let results = library::embed(row, folder, settings, inputs).map_err(|error| error.report())?;
    results.into_iter().map(|result| result.map_err(|error| error.report())).collect()
}
