//! Two sides that do the same work by turns.

use std::time::Duration;

use crate::Result;

/// A side takes less than this part of the other's time to be the quicker one: on a machine that does
/// other things too, smaller differences are chance.
const QUICKER: f64 = 0.97;

/// Work that is done in an instant is repeated in each turn for as long as this.
const LEAST_TIME: Duration = Duration::from_millis(50);

/// The best times of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Duel {
    pub(super) challenger: Duration,
    pub(super) champion: Duration,
}

impl Duel {
    /// Each side has its turn in each round, after a rest. Who begins changes from round to round: the first of two
    /// finds another machine than the second does, warmer or colder. `time` does a side's work once.
    pub(super) fn fight<T: ?Sized>(
        rounds: usize,
        rest: Duration,
        mut time: impl FnMut(&T) -> Result<Duration>,
        challenger: &T,
        champion: &T,
    ) -> Result<Self> {
        let mut turn = |side: &T| -> Result<Duration> {
            std::thread::sleep(rest);
            let (mut best, mut spent) = (Duration::MAX, Duration::ZERO);
            while spent < LEAST_TIME {
                let took = time(side)?;
                best = best.min(took);
                spent += took.max(Duration::from_micros(1));
            }
            Ok(best)
        };
        let mut best = Self { challenger: Duration::MAX, champion: Duration::MAX };
        for round in 0..rounds {
            if round % 2 == 0 {
                best.challenger = best.challenger.min(turn(challenger)?);
                best.champion = best.champion.min(turn(champion)?);
            } else {
                best.champion = best.champion.min(turn(champion)?);
                best.challenger = best.challenger.min(turn(challenger)?);
            }
        }
        Ok(best)
    }

    pub(super) fn is_won(self) -> bool {
        self.challenger.as_secs_f64() < self.champion.as_secs_f64() * QUICKER
    }
}

#[cfg(test)]
mod tests {
    use std::array::IntoIter;
    use std::cell::RefCell;

    use super::*;

    fn fight<T>(rounds: usize, time: impl FnMut(&T) -> Result<Duration>, sides: [&T; 2]) -> Result<Duel> {
        Duel::fight(rounds, Duration::ZERO, time, sides[0], sides[1])
    }

    #[test]
    fn nobody_wins_by_the_turn() {
        // A machine on which the second of two is quicker, or slower, whoever it is.
        for second in [0.5, 2.0] {
            let mut works = 0;
            let time = |_: &()| {
                works += 1;
                Ok(Duration::from_secs(2).mul_f64(if works % 2 == 0 { second } else { 1.0 }))
            };
            let duel = fight(2, time, [&(), &()]).unwrap();
            assert_eq!(duel.challenger, duel.champion, "{second}");
            assert!(!duel.is_won());
        }
    }

    #[test]
    fn short_work_is_repeated_and_long_work_is_not() {
        for (millis, rounds, works) in [(3000, 1, 2), (50, 1, 2), (30, 1, 4), (10, 1, 10), (1, 1, 100), (9000, 3, 6)] {
            let mut done = 0;
            let time = |_: &()| {
                done += 1;
                Ok(Duration::from_millis(millis))
            };
            fight(rounds, time, [&(), &()]).unwrap();
            assert_eq!(done, works, "{millis} ms");
        }
    }

    #[test]
    fn the_best_of_the_rounds_counts_and_little_is_chance() {
        let duel = |times: [u64; 3], champions: [u64; 3]| {
            let sides = [times, champions].map(|times| RefCell::new(times.into_iter()));
            let time = |side: &RefCell<IntoIter<u64, 3>>| Ok(Duration::from_millis(side.borrow_mut().next().unwrap()));
            fight(3, time, [&sides[0], &sides[1]]).unwrap()
        };
        assert!(duel([900, 2000, 940], [1000, 1000, 3000]).is_won());
        assert!(!duel([980, 2000, 980], [1000, 1000, 1000]).is_won());
        assert!(!duel([2000, 2000, 1000], [1000, 1000, 3000]).is_won());
    }

    #[test]
    fn an_error_ends_it() {
        let time = |can: &bool| if *can { Ok(Duration::from_secs(1)) } else { Err(crate::Error::Cancelled) };
        assert!(fight(3, time, [&false, &true]).is_err());
        assert!(fight(3, time, [&true, &false]).is_err());
    }
}
