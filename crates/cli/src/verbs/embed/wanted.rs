//! Which inputs a run embeds.

use crate::args::Shard;
use crate::ticket::{Place, Ticket};

/// The inputs that a run embeds; all, unless something is said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    after: Option<Place>,
    share: Option<Shard>,
}

impl Wanted {
    /// Those whose results an earlier run has not written.
    pub(super) fn after(last: Option<Place>) -> Self {
        Self { after: last, share: None }
    }

    /// Those of a share.
    pub(super) fn of(share: Option<Shard>) -> Self {
        Self { after: None, share }
    }

    pub(super) fn has(&self, ticket: &Ticket) -> bool {
        self.after.is_none_or(|last| ticket.place() > last) && self.share.is_none_or(|share| share.takes(ticket.index))
    }
}
