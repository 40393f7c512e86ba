//! What a page says that its commands print, against what they do.

/// Stands for any text within a line, and alone on a line, for any lines.
const ANYTHING: &str = "…";

/// Compares line by line.
///
/// # Errors
/// The first line that is not as the page says, in words.
pub(super) fn compare(expected: &str, printed: &str) -> Result<(), String> {
    let expected: Vec<&str> = expected.lines().map(str::trim_end).collect();
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    match first_difference(&expected, &printed) {
        None => Ok(()),
        Some((wanted, found)) => Err(format!(
            "the page says\n  {}\nand it prints\n  {}",
            wanted.unwrap_or("nothing more"),
            found.unwrap_or("nothing more")
        )),
    }
}

type Difference<'t> = (Option<&'t str>, Option<&'t str>);

fn first_difference<'t>(expected: &[&'t str], printed: &[&'t str]) -> Option<Difference<'t>> {
    match (expected.split_first(), printed.split_first()) {
        (None, None) => None,
        (Some((&ANYTHING, rest)), _) => {
            // The first way in which the rest fits; else what is missing behind it.
            let skips = (0..=printed.len()).map(|count| first_difference(rest, &printed[count..]));
            let mut last = None;
            for difference in skips {
                last = Some(difference?);
            }
            last
        }
        (Some((&wanted, rest)), Some((&found, others))) if fits(wanted, found) => first_difference(rest, others),
        (wanted, found) => Some((wanted.map(|(line, _)| *line), found.map(|(line, _)| *line))),
    }
}

fn fits(wanted: &str, found: &str) -> bool {
    let mut parts = wanted.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| found.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_may_be_anything() {
        for (expected, printed, is_right) in [
            ("a\nb", "a\nb\n", true),
            ("a", "a\nb", false),
            ("a\nb", "a", false),
            ("a\n…\nd", "a\nb\nc\nd", true),
            ("a\n…\nd", "a\nd", true),
            ("a\n…\nd", "a\nb", false),
            ("…", "", true),
            ("…\nz", "a\nz", true),
            ("in … s", "in 3.2 s", true),
            ("in … s", "in 3.2 m", false),
            ("a … b … c", "a x b y c", true),
            ("aa…a", "aa", false),
        ] {
            assert_eq!(compare(expected, printed).is_ok(), is_right, "{expected:?} {printed:?}");
        }
    }
}
