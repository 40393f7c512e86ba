//! Which inputs a run embeds.

use crate::args::{EmbedArgs, Shard};
use crate::input::Inputs;
use crate::output::Done;
use crate::ticket::{Place, Ticket};

/// The inputs that a run embeds; all, unless something is said.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// What an earlier run has done, where this one goes on from it.
    done: Option<Done>,
    share: Option<Shard>,
}

impl Wanted {
    /// Those whose results an earlier run has not written.
    pub(super) fn after(done: Done) -> Self {
        Self { done: Some(done), share: None }
    }

    /// Those of a share.
    pub(super) fn of(share: Option<Shard>) -> Self {
        Self { done: None, share }
    }

    pub(super) fn has(&self, ticket: &Ticket) -> bool {
        self.last().is_none_or(|last| ticket.place() > last) && self.share.is_none_or(|share| share.takes(ticket.index))
    }

    fn last(&self) -> Option<Place> {
        self.done.as_ref().and_then(|done| done.last)
    }

    /// Sees to it that the inputs are those of the results that are there.
    pub(super) fn check(&self, args: &EmbedArgs, inputs: &mut Inputs) {
        #[cfg(feature = "parquet")]
        if let (Some(done), Some(output)) = (&self.done, &args.output.output) {
            inputs.follow(done.trail.clone(), output);
        }
        #[cfg(not(feature = "parquet"))]
        let _ = (args, inputs);
    }
}
