//! Which share of a job this run is.

use std::fmt;
use std::str::FromStr;

/// One of so many shares, counted from 0, as schedulers number their tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether what stands at this place is of the share.
    pub(crate) fn takes(self, place: usize) -> bool {
        place % self.count == self.index
    }

    /// What goes into the name of a file that holds the share: names of shares sort as these do.
    pub(crate) fn suffix(self) -> String {
        format!("{:05}-of-{:05}", self.index, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        match numbers {
            None => Err("it is two numbers with a slash between them, as 0/16".to_owned()),
            Some((_, 0)) => Err("there is at least one share".to_owned()),
            Some((index, count)) if index >= count => {
                Err(format!("shares count from 0: the last of {count} is {}/{count}", count - 1))
            }
            Some((index, count)) => Ok(Self { index, count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_part_everything() {
        for wrong in ["", "1", "1/", "/2", "2/2", "0/0", "-1/2", "a/b"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        let shards: Vec<Shard> = (0..3).map(|index| format!("{index}/3").parse().unwrap()).collect();
        for place in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.takes(place)).count(), 1);
        }
        assert_eq!((shards[1].to_string(), shards[1].suffix()), ("1/3".to_owned(), "00001-of-00003".to_owned()));
    }
}
