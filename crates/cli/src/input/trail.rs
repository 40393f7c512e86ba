//! What the inputs were whose results are there: a run that would go on with others is told so.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit_core::digest::digits;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, Result};
use crate::ticket::Input;

/// The digest of an input and all before it.
pub(crate) type Digest = [u8; 32];

/// Digests of the first inputs, by how many they are of: of 1, 2, 4, …, so that a run that is killed has at least half of
/// what it did, and of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trail(BTreeMap<usize, String>);

impl Trail {
    /// Takes note of the first `count` inputs; whether that is worth writing down at once.
    pub(crate) fn note(&mut self, count: usize, digest: &Digest) -> bool {
        let digest = digits(digest);
        if self.0.get(&count) == Some(&digest) {
            return false;
        }
        // Of more inputs a run knew that lost its last results.
        self.0.retain(|earlier, _| earlier.is_power_of_two() && *earlier < count);
        self.0.insert(count, digest);
        count.is_power_of_two()
    }

    /// What is known of the first `count` inputs and fewer.
    pub(crate) fn of_first(mut self, count: usize) -> Self {
        self.0.retain(|of, _| *of <= count);
        self
    }

    /// As an entry of a file; one that cannot be read says nothing.
    pub(crate) fn from_entry(entry: &str) -> Self {
        serde_json::from_str(entry).unwrap_or_default()
    }

    /// The same, to be written.
    pub(crate) fn to_entry(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Looks at inputs as they come.
pub(super) struct Follower {
    digest: Digest,
    /// What is to come, the fewest inputs first.
    expected: Trail,
    /// The results that are there.
    output: String,
}

impl Follower {
    pub(super) fn new(expected: Trail, output: &Path) -> Self {
        Self { digest: Digest::default(), expected, output: output.display().to_string() }
    }

    /// Gives an input the digest of it and all before it; refuses one that is not what it was.
    pub(super) fn take(&mut self, input: &mut Input<String>) -> Result<()> {
        self.digest = digest(&self.digest, input);
        input.ticket.digest = Some(self.digest);
        let count = input.ticket.index + 1;
        while let Some((of, expected)) = self.expected.0.pop_first() {
            if of > count {
                self.expected.0.insert(of, expected);
                break;
            }
            let mut found = Trail::default();
            found.note(count, &self.digest);
            if found.0.get(&of) != Some(&expected) {
                return Err(self.others(&format!("the first {of} are not those of its results")));
            }
        }
        Ok(())
    }

    /// Refuses an end where there were more.
    pub(super) fn end(&self) -> Result<()> {
        match self.expected.0.last_key_value() {
            None => Ok(()),
            Some((of, _)) => Err(self.others(&format!("it has results of {of}, and there are fewer"))),
        }
    }

    fn others(&self, what: &str) -> Failure {
        let output = &self.output;
        Failure::Usage(format!(
            "{output} is of other inputs, so that --resume cannot go on with it: {what}; name another --output, or remove it"
        ))
    }
}

/// The digest of an input, with what is kept of it, behind others.
fn digest(before: &Digest, input: &Input<String>) -> Digest {
    let mut summed = Sha256::new();
    summed.update(before);
    let mut add = |part: &[u8]| {
        summed.update((part.len() as u64).to_le_bytes());
        summed.update(part);
    };
    add(&(input.ticket.index as u64).to_le_bytes());
    add(input.value.as_bytes());
    for (name, value) in &input.ticket.fields {
        add(name.as_bytes());
        add(value.get().as_bytes());
    }
    summed.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::{Fields, Ticket};

    /// The trail of these inputs, or what is wrong with them where another was expected.
    fn follow(texts: &[&str], expected: Trail) -> Result<Trail> {
        let mut follower = Follower::new(expected, Path::new("out.jsonl"));
        let mut trail = Trail::default();
        for (index, text) in texts.iter().enumerate() {
            let mut input = Input { value: (*text).to_owned(), ticket: Ticket::new(index, index + 1, Fields::new()) };
            follower.take(&mut input)?;
            trail.note(index + 1, &input.ticket.digest.unwrap_or_default());
        }
        follower.end().map(|()| trail)
    }

    #[test]
    fn other_inputs_are_noticed() {
        let texts = ["a", "b", "c", "d", "e", "f"];
        let trail = follow(&texts, Trail::default()).unwrap();
        assert_eq!(trail.0.keys().copied().collect::<Vec<_>>(), [1, 2, 4, 6]);
        assert_eq!(Trail::from_entry(&trail.to_entry()), trail);
        assert_eq!(follow(&texts, trail.clone()).unwrap(), trail);
        follow(&["a", "b", "c", "d", "e", "f", "g"], trail.clone()).unwrap();
        follow(&["a", "b", "c", "d", "x"], trail.clone().of_first(5)).unwrap();
        for (other, message) in [
            (&["x", "b", "c", "d", "e", "f"][..], "first 1"),
            (&["a", "b", "x", "d", "e", "f"], "first 4"),
            (&["a", "b", "c", "d", "e", "fx"], "first 6"),
            (&["ab", "c"], "first 1"),
            (&["a", "b", "c"], "results of 6, and there are fewer"),
        ] {
            let refused = follow(other, trail.clone()).unwrap_err().to_string();
            assert!(refused.contains(message), "{refused}");
        }
    }
}
