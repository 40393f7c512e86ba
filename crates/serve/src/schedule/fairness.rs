//! Whose turn it is: weighted fair queueing, each request a flow of the same weight.
//!
//! A request's tag is the virtual time at which a machine that gave every waiting request the same share would end
//! its next slice; the smallest goes first. A short request so goes before the rest of a long one, and a long one is
//! never passed over for more than its own share. Virtual time advances by the work done, divided by the number of
//! requests that share it.

/// The virtual clock.
#[derive(Debug, Default)]
pub(super) struct Clock(f64);

/// A request's place in virtual time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flow {
    /// When its next slice starts.
    start: f64,
}

impl Clock {
    /// A request that arrives now.
    pub(super) fn arrive(&self) -> Flow {
        Flow { start: self.0 }
    }

    /// Work that was taken on while so many requests share the machine.
    pub(super) fn advance(&mut self, cost: usize, flows: usize) {
        self.0 += cost as f64 / flows.max(1) as f64;
    }
}

impl Flow {
    /// The tag by which requests are ordered, for a next slice of this cost. Finite and not negative, so its bits are
    /// ordered as it is.
    pub(super) fn tag(self, cost: usize) -> u64 {
        (self.start + cost as f64).to_bits()
    }

    /// Notes that a slice of this cost was taken.
    pub(super) fn charge(&mut self, cost: usize) {
        self.start += cost as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_request_goes_before_a_long_one_and_not_for_ever() {
        let mut clock = Clock::default();
        let mut long = clock.arrive();
        long.charge(1024);
        clock.advance(1024, 1);
        let short = clock.arrive();
        assert!(short.tag(16) < long.tag(1024), "the long one had its slice");
        // Short ones come and go, two requests sharing the machine at any time.
        let rounds = (0..).take_while(|_| {
            let short = clock.arrive();
            let goes_first = short.tag(16) < long.tag(1024);
            clock.advance(16, 2);
            goes_first
        });
        assert_eq!(rounds.count(), 126, "about as much work as the long one's slice");
    }

    #[test]
    fn tags_keep_the_order_of_numbers() {
        let tags: Vec<u64> = [0, 1, 7, 1024, 1 << 40].map(|cost| Clock::default().arrive().tag(cost)).into();
        assert!(tags.is_sorted());
    }
}
