//! Running the suite.

use embedkit_core::{Embedder, FamilyOf, ModelRef};

use crate::conformance::Conformance;
use crate::subject::Subject;
use crate::violation::Violation;
use crate::{cancel, loading, results};

/// Runs the suite on a model that is found by its id (or is a row or folder that needs nothing else), with the samples
/// of this crate.
///
/// # Panics
/// If the model breaks a rule; the message has all that it breaks.
pub fn assert_conforms<E: Embedder>(model: impl Into<ModelRef>) {
    Conformance::new(FamilyOf::<E>::FAMILY, model).assert();
}

impl Conformance {
    /// Runs the suite.
    ///
    /// # Panics
    /// If the model breaks a rule; the message has all that it breaks.
    #[allow(clippy::panic, reason = "this is what a test calls")]
    pub fn assert(&self) {
        let violations = self.violations();
        if !violations.is_empty() {
            let lines: Vec<String> = violations.iter().map(|violation| format!("\n  {violation}")).collect();
            panic!("{} {:?} does not conform:{}", self.family().name(), self.model(), lines.concat());
        }
    }

    /// Runs the suite: the first violation of each check.
    pub fn violations(&self) -> Vec<Violation> {
        let subject = match Subject::load(self) {
            Ok(subject) => subject,
            Err(violation) => return vec![violation],
        };
        results::CHECKS
            .iter()
            .chain(cancel::CHECKS)
            .chain(loading::CHECKS)
            .filter_map(|check| check(&subject).err())
            .collect()
    }
}
