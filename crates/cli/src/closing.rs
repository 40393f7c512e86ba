//! The line at the end of a run: how many, where, how long, and what was not as it should be.

use std::path::PathBuf;
use std::time::Instant;

use embedkit::Usage;

use crate::input::is_standard_stream;
use crate::notice;
use crate::numbers::{counted, grouped};

/// What the line tells.
pub(crate) struct Closing {
    begun: Instant,
    /// Where results go, if to a file.
    output: Option<String>,
    pub(crate) done: u64,
    /// The input that was done last; several results may be of one.
    last: Option<usize>,
    pub(crate) skipped: u64,
    cut: u64,
    /// The tokens of those that were cut.
    window: usize,
    /// Whether the verb could have cut them into chunks.
    pub(crate) can_chunk: bool,
}

impl Closing {
    pub(crate) fn new(output: Option<&PathBuf>) -> Self {
        let output = output.filter(|path| !is_standard_stream(Some(path))).map(|path| path.display().to_string());
        Self { begun: Instant::now(), output, done: 0, last: None, skipped: 0, cut: 0, window: 0, can_chunk: false }
    }

    /// Takes note of a result of an input.
    pub(crate) fn note_done(&mut self, input: usize) {
        if self.last.replace(input) != Some(input) {
            self.done += 1;
        }
    }

    /// Takes note of what an input used of the model's window.
    pub(crate) fn note(&mut self, usage: &Usage) {
        if usage.truncated {
            self.cut += 1;
            self.window = self.window.max(usage.tokens);
        }
    }

    /// Tells it: to everyone where inputs were cut or skipped, else to whoever watches.
    pub(crate) fn tell(&self) {
        let line = self.line(self.begun.elapsed().as_secs_f64());
        if self.cut > 0 || self.skipped > 0 { notice::tell(&line) } else { notice::tell_watchers(&line) }
    }

    fn line(&self, seconds: f64) -> String {
        let mut line = format!("{} in {}", counted(self.done, "input"), time(seconds));
        if let Some(output) = &self.output {
            line += &format!(", written to {output}");
        }
        if self.cut > 0 {
            line += &format!(
                "; {} of {} longer than the model's {} tokens and cut ({}--on-long error refuses them, --with-usage \
                 marks them)",
                grouped(self.cut),
                if self.cut == 1 {
                    format!("{} is", counted(self.done, "input"))
                } else {
                    format!("{} are", counted(self.done, "input"))
                },
                grouped(self.window as u64),
                if self.can_chunk { "--chunk splits them, " } else { "" },
            );
        }
        if self.skipped > 0 {
            line += &format!("; {} invalid inputs were skipped", grouped(self.skipped));
        }
        line
    }
}

fn time(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_there_is_to_say() {
        let mut closing = Closing::new(Some(&PathBuf::from("vectors.npy")));
        closing.done = 5000;
        assert_eq!(closing.line(3.12), "5,000 inputs in 3.1 s, written to vectors.npy");
        (closing.skipped, closing.can_chunk) = (1234, true);
        (0..312).for_each(|_| closing.note(&Usage { tokens: 512, truncated: true }));
        closing.note(&Usage { tokens: 7, truncated: false });
        let line = closing.line(3725.0);
        assert!(line.starts_with("5,000 inputs in 1 h 2 min, written to vectors.npy; 312 of 5,000 inputs are longer than the model's 512 tokens and cut (--chunk splits them, --on-long"), "{line}");
        assert!(line.ends_with("; 1,234 invalid inputs were skipped"), "{line}");
        assert_eq!(Closing::new(None).line(61.0), "0 inputs in 1 min 1 s");
    }
}
