//! What a measurement gives, and how it is told.

/// What a measurement gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Requests, or calls, a second.
    pub(super) rate: f64,
    /// What half of them take at most, in seconds, and what 99 of 100 do.
    pub(super) median: f64,
    pub(super) slowest: f64,
    /// Answers that are errors.
    pub(super) failures: usize,
}

impl Figures {
    /// The medians of several rounds; of failures all.
    pub(super) fn of_rounds(rounds: &[Self]) -> Self {
        let of = |get: fn(&Self) -> f64| crate::bench::statistics::median(&rounds.iter().map(get).collect::<Vec<_>>());
        Self {
            rate: of(|it| it.rate),
            median: of(|it| it.median),
            slowest: of(|it| it.slowest),
            failures: rounds.iter().map(|it| it.failures).sum(),
        }
    }
}

/// A time in milliseconds, with as many digits as say something; what never ended has none.
pub(super) fn milliseconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "none answered".to_owned();
    }
    let time = seconds * 1e3;
    let digits = if time < 10.0 { 2 } else { usize::from(time < 100.0) };
    format!("{time:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_told_by_their_medians() {
        let round = |rate, failures| Figures { rate, median: rate / 10.0, slowest: rate, failures };
        let all = Figures::of_rounds(&[round(10.0, 1), round(30.0, 0), round(20.0, 2)]);
        assert_eq!(all, Figures { rate: 20.0, median: 2.0, slowest: 20.0, failures: 3 });
    }

    #[test]
    fn times_have_digits_that_say_something() {
        let told = [0.001_234, 0.0567, 1.25, f64::INFINITY].map(milliseconds);
        assert_eq!(told, ["1.23", "56.7", "1250", "none answered"]);
    }
}
